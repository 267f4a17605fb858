"""Unauthorised access: where do data, model and service lie open, by the ordinary means of an intruder?

Source: OWASP AI Exchange 3.2 (development-time leaks) and 4 (runtime conventional security threats).
"""

from collections.abc import Iterator

from redan.system.records import Dataset, Exposure, Flow, Model
from redan.system.system import System
from redan.threats.facts import at_stake, is_training, learns_from, open_endpoints, personal_columns, third_party
from redan.threats.place import Place, counted, sentence


def endpoint(system: System) -> Iterator[Place]:
    """An endpoint that others reach and that declares no authentication."""
    for found, model in open_endpoints(system):
        if not found.authenticated:
            reason = f"{found.exposure.capitalize()} clients reach it, and it declares no authentication."
            assets = at_stake(f"endpoint:{found.name}", f"model:{model.name}" if model else None)
            fact = f"it answers {found.exposure} clients"
            yield Place(f"endpoint:{found.name}", reason, found.exposure, fact, assets)


def host(system: System) -> Iterator[Place]:
    """An endpoint that listens for others."""
    for found, model in open_endpoints(system):
        reason = f"It listens for {found.exposure} clients, so its host can be attacked from there."
        assets = at_stake(f"endpoint:{found.name}", f"model:{model.name}" if model else None)
        yield Place(f"endpoint:{found.name}", reason, found.exposure, f"it answers {found.exposure} clients", assets)


def in_transit(system: System) -> Iterator[Place]:
    """An element that data reaches over a flow without protection."""
    bare: dict[str, list[Flow]] = {}
    for flow in system.flows:
        if flow.protection == "none":
            bare.setdefault(flow.to, []).append(flow)
    for target, flows in bare.items():
        crossing = [f for f in flows if _crosses(system, f)]
        worst = (crossing or flows)[0]
        where = f"across boundary:{_crosses(system, worst)}" if crossing else "inside one zone of trust"
        fact = f"the flow from {worst.from_} runs unprotected {where}"
        exposure: Exposure = "partner" if crossing else "internal"
        count = f" ({len(flows)} such flows)" if len(flows) > 1 else ""
        yield Place(target, sentence(f"{fact}{count}"), exposure, fact, at_stake(target, *(f.from_ for f in flows)))


def _crosses(system: System, flow: Flow) -> str | None:
    if flow.boundary:
        return flow.boundary
    for boundary in system.tables.boundary:
        if (flow.from_ in boundary.contains) != (flow.to in boundary.contains):
            return boundary.name
    return None


def data_leak(system: System) -> Iterator[Place]:
    """A stored dataset that is confidential or about people."""
    for dataset in system.datasets:
        columns = personal_columns(dataset)
        if dataset.path and (dataset.confidential or columns):
            secret = (
                "it is confidential"
                if dataset.confidential
                else f"it declares {counted(len(columns), 'personal column')}"
            )
            exposure, fact = _stored(system, dataset)
            yield Place(f"dataset:{dataset.name}", sentence(f"{secret}, and {fact}"), exposure, fact, _itself(dataset))


def data_tampering(system: System) -> Iterator[Place]:
    """A stored dataset that a model is trained or judged on."""
    for dataset in system.datasets:
        if dataset.path and (is_training(system, dataset) or dataset.role in {"validation", "test", "calibration"}):
            exposure, fact = _stored(system, dataset)
            assets = at_stake(*_itself(dataset), *(f"model:{m.name}" for m in learns_from(system, dataset)))
            reason = f"A model is trained or judged on it, and {fact}."
            yield Place(f"dataset:{dataset.name}", reason, exposure, fact, assets)


def model_tampering(system: System) -> Iterator[Place]:
    """A stored model."""
    for model in system.models:
        if model.path:
            exposure, fact = _stored(system, model)
            yield Place(f"model:{model.name}", sentence(fact), exposure, fact, (f"model:{model.name}",))


def model_theft(system: System) -> Iterator[Place]:
    """A stored model that is confidential, or that lies with somebody else and was trained by us."""
    for model in system.models:
        foreign = third_party(system, model.site)
        if model.path and (model.confidential or (foreign and model.trained_on)):
            exposure, fact = _stored(system, model)
            why = "it is confidential" if model.confidential else "it was trained on our data"
            yield Place(f"model:{model.name}", sentence(f"{why}, and {fact}"), exposure, fact, (f"model:{model.name}",))


def _stored(system: System, element: Dataset | Model) -> tuple[Exposure, str]:
    if third_party(system, element.site):
        return "partner", f"it lies at site:{element.site}, which somebody else runs"
    return "internal", f"it lies at site:{element.site}" if element.site else "it lies in a file"


def _itself(dataset: Dataset) -> tuple[str, ...]:
    return (f"dataset:{dataset.name}",)
