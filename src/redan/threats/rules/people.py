"""Malicious feedback and social engineering: which people can move the model, and who believes it?

Source: OWASP ML08:2023 (model skewing), ML09:2023 (output integrity).
"""

from collections.abc import Iterator

from redan.system.records import Dataset, Endpoint, Exposure, Feedback
from redan.system.system import System
from redan.threats.facts import at_stake, find, learns_from
from redan.threats.place import Place


def skew(system: System) -> Iterator[Place]:
    """Feedback that models learn from."""
    for feedback in system.tables.feedback:
        exposure, fact = _origin(system, feedback)
        into = f"it flows into dataset:{feedback.into}" if feedback.into else "it is used to judge the model"
        vetted = "vetting is only declared" if feedback.vetted else "nobody vets it"
        reason = f"{into[:1].upper()}{into[1:]}, and {vetted}."
        yield Place(f"feedback:{feedback.name}", reason, exposure, fact, _moved(system, feedback))


def few_voices(system: System) -> Iterator[Place]:
    """Feedback in which one participant can speak often, or under many names."""
    for feedback in system.tables.feedback:
        missing = [
            word
            for word, there in (("authenticated", feedback.authenticated), ("capped", feedback.capped))
            if not there
        ]
        if missing:
            exposure, fact = _origin(system, feedback)
            reason = f"Participants are not {' and not '.join(missing)}."
            yield Place(f"feedback:{feedback.name}", reason, exposure, fact, _moved(system, feedback))


def _origin(system: System, feedback: Feedback) -> tuple[Exposure, str]:
    endpoint = find(system, "endpoint", feedback.endpoint)
    if isinstance(endpoint, Endpoint):
        return endpoint.exposure, f"it comes through endpoint:{endpoint.name}, open to {endpoint.exposure} clients"
    return "public", "where it comes from is not declared"


def _moved(system: System, feedback: Feedback) -> tuple[str, ...]:
    dataset = find(system, "dataset", feedback.into)
    models = learns_from(system, dataset) if isinstance(dataset, Dataset) else ()
    endpoint = find(system, "endpoint", feedback.endpoint)
    answered = f"model:{endpoint.model}" if isinstance(endpoint, Endpoint) and not models else None
    return at_stake(
        f"dataset:{feedback.into}" if feedback.into else None, *(f"model:{m.name}" for m in models), answered
    )


def operator(system: System) -> Iterator[Place]:
    """People who act on the answers."""
    models = at_stake(*(f"model:{e.model}" for e in system.endpoints))
    operators = [p for p in system.tables.person if p.role == "operator"]
    fact = "they can be spoken to like anyone at work"
    for person in operators:
        trained = "training is only declared" if person.trained_until else "no training is declared"
        yield Place(f"person:{person.name}", f"An operator works with the answers; {trained}.", "partner", fact, models)
    if system.endpoints and not operators and not system.about.acts:
        reason = "People act on the answers, and none of them is declared as an operator."
        yield Place("system", reason, "partner", fact, models)
