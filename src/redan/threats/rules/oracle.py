"""Oracle attacks and reprogramming: what can be learnt from, or made of, the answers?

Source: OWASP AI Exchange 2.4 (model exfiltration), NIST AI 100-2 E2025 section 2.4.4;
Elsayed, Goodfellow, Sohl-Dickstein, "Adversarial Reprogramming of Neural Networks", arXiv 1806.11146.
"""

from collections.abc import Iterator

from redan.system.records import Endpoint, Model
from redan.system.system import System
from redan.threats.facts import at_stake, open_endpoints, public_base
from redan.threats.place import Place

_GRADED = ("probabilities", "score", "top-k")
_OUTSIDE = ("partner", "public")
_MANY_ANSWERS = ("classification", "segmentation", "ranking", "other")


def extraction(system: System) -> Iterator[Place]:
    """A reachable endpoint of a model that is not public itself."""
    for endpoint, model in open_endpoints(system):
        if model and model.public_base and not model.trained_on and not model.confidential:
            continue
        limit = "no request limit is declared" if not endpoint.rate_limited else "a request limit is only declared"
        reason = f"It answers {endpoint.exposure} clients with {endpoint.answers}, and {limit}."
        yield _place(endpoint, model, reason)


def reverse_engineering(system: System) -> Iterator[Place]:
    """A reachable endpoint that returns more than a label."""
    for endpoint, model in open_endpoints(system):
        if endpoint.answers in _GRADED:
            reason = (
                f"It returns {endpoint.answers}, which tell more than the decision, to {endpoint.exposure} clients."
            )
            yield _place(endpoint, model, reason)


def reprogramming(system: System) -> Iterator[Place]:
    """An endpoint that outsiders reach, with answers rich enough for a foreign task."""
    for endpoint, model in open_endpoints(system):
        if endpoint.exposure in _OUTSIDE and model and model.task in _MANY_ANSWERS:
            reason = (
                f"It gives {endpoint.exposure} clients the answers of a {model.task} model to any input they choose."
            )
            yield _place(endpoint, model, reason)


def reprogramming_of_base(system: System) -> Iterator[Place]:
    """An endpoint that outsiders reach, of a model made from a public one."""
    for endpoint, model in open_endpoints(system):
        base = public_base(system, model) if model else None
        if endpoint.exposure in _OUTSIDE and model and model.task in _MANY_ANSWERS and base:
            yield _place(endpoint, model, f"{base}, and {endpoint.exposure} clients reach it here.")


def _place(endpoint: Endpoint, model: Model | None, reason: str) -> Place:
    assets = at_stake(f"endpoint:{endpoint.name}", f"model:{model.name}" if model else None)
    fact = f"it answers {endpoint.exposure} clients"
    return Place(f"endpoint:{endpoint.name}", reason, endpoint.exposure, fact, assets)
