"""Data extraction: is what the model learnt from a secret, and can someone ask the model about it?

Source: OWASP AI Exchange 2.3 (sensitive data disclosure through use), NIST AI 100-2 E2025 section 2.4.
"""

from collections.abc import Callable, Iterator

from redan.system.records import Dataset
from redan.system.system import System
from redan.threats.facts import at_stake, endpoints_of, personal_columns, reached, third_party, training_sets
from redan.threats.place import Place, counted

_GRADED = ("probabilities", "score", "top-k")


def membership(system: System) -> Iterator[Place]:
    """A reachable model trained on data about people, or on data that is a secret."""
    return _asked(system, lambda d: _personal(d) or _confidential(d))


def memorisation(system: System) -> Iterator[Place]:
    """A reachable model trained on single values that must not come out."""
    return _asked(system, _single_values)


def attribute(system: System) -> Iterator[Place]:
    """A reachable model trained on attributes of people that others may not know."""
    return _asked(system, _attributes)


def inversion(system: System) -> Iterator[Place]:
    """A model with graded answers, trained on data about people or secret data."""
    return _asked(system, lambda d: _personal(d) or _confidential(d), graded=True)


def property_inference(system: System) -> Iterator[Place]:
    """A reachable model trained on data whose make-up is a secret."""
    return _asked(system, _confidential)


def _asked(system: System, secret: Callable[[Dataset], str | None], *, graded: bool = False) -> Iterator[Place]:
    for model in system.models:
        way = reached(system, model)
        if not way:
            continue
        answers = {e.answers for e in endpoints_of(system, model) if e.exposure != "local"}
        if graded and not third_party(system, model.site) and not answers.intersection(_GRADED):
            continue
        told = [(fact, d) for d in training_sets(system, model) if (fact := secret(d))]
        if told:
            reason = f"It learnt from dataset:{told[0][1].name}, which {told[0][0]}; {way[1]}."
            assets = at_stake(f"model:{model.name}", *(f"dataset:{d.name}" for _, d in told))
            yield Place(f"model:{model.name}", reason, way[0], way[1], assets)


def _personal(dataset: Dataset) -> str | None:
    columns = personal_columns(dataset)
    return f"declares {counted(len(columns), 'column')} about people" if columns else None


def _confidential(dataset: Dataset) -> str | None:
    return "is confidential" if dataset.confidential else None


def _single_values(dataset: Dataset) -> str | None:
    columns = dict.fromkeys((*dataset.identifiers, *dataset.personal))
    return f"declares {counted(len(columns), 'identifying column')}" if columns else None


def _attributes(dataset: Dataset) -> str | None:
    columns = dict.fromkeys((*dataset.sensitive, *dataset.quasi_identifiers))
    return f"declares {counted(len(columns), 'attribute')} of people" if columns else None
