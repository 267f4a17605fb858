"""Flows that follow from the tables, where no `[[flow]]` is declared."""

from collections.abc import Iterator
from typing import NamedTuple

from redan.system.records import Endpoint, Model
from redan.system.system import System


class Implied(NamedTuple):
    """Data goes from one element to another, because a table says so."""

    source: str
    target: str
    both: bool = False


def implied(system: System) -> Iterator[Implied]:
    """All implied flows, in the order of the description; ends that nothing declares are kept."""
    for dataset in system.datasets:
        for name in dataset.sources:
            yield Implied(f"source:{name}", f"dataset:{dataset.name}")
    for feature in system.features:
        for kind in ("dataset", "source"):
            if f"{kind}:{feature.from_}" in system.elements:
                yield Implied(f"{kind}:{feature.from_}", f"feature:{feature.name}")
    for model in system.models:
        yield from _into(system, model)
    for endpoint in system.endpoints:
        yield from _out_of(system, endpoint)
    for feedback in system.tables.feedback:
        yield Implied(f"endpoint:{feedback.endpoint}", f"feedback:{feedback.name}")
        yield Implied(f"feedback:{feedback.name}", f"dataset:{feedback.into}")


def _out_of(system: System, endpoint: Endpoint) -> Iterator[Implied]:
    yield Implied(f"model:{endpoint.model}", f"endpoint:{endpoint.name}")
    yield Implied(f"endpoint:{endpoint.name}", f"clients:{endpoint.name}", both=True)
    for person in system.tables.person:
        if person.role == "operator":
            yield Implied(f"endpoint:{endpoint.name}", f"person:{person.name}")


def _into(system: System, model: Model) -> Iterator[Implied]:
    target = f"model:{model.name}"
    inputs = [feature for feature in system.features if feature.name in model.inputs]
    through = {feature.from_ for feature in inputs}
    for feature in inputs:
        yield Implied(f"feature:{feature.name}", target)
    for name in (*model.trained_on, *model.validated_on):
        if name not in through:
            yield Implied(f"dataset:{name}", target)
    for name in model.preprocessors:
        yield Implied(f"preprocessor:{name}", target)
    for name in (*([model.base] if model.base else []), *model.ensemble_of):
        yield Implied(f"model:{name}", target)
