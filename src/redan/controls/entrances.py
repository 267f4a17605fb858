"""By which ways input reaches a model, from whom, and over which lines of trust; read from the description alone."""

from collections.abc import Iterator
from typing import NamedTuple

from redan.system.records import Dataset, Endpoint, Exposure, Feature, Flow, Model, Site, Source
from redan.system.system import System
from redan.threats.facts import endpoints_of, sources_of

MOST_WAYS = 40
LONGEST = 40  # stops of one way
CLIENTS = "clients:"
_LIVE = ("current", "site")  # roles of data that a model in operation reads
_OUTSIDE: tuple[Exposure, ...] = ("partner", "public")


class Link(NamedTuple):
    """One step of a way.

    Args:
        protection: of the flow; None where no flow describes it.
        boundary: name of the boundary that it crosses; None where it crosses none.
    """

    protection: str | None = None
    boundary: str | None = None


class Way(NamedTuple):
    """How input gets to a model.

    Args:
        stops: element ids, the origin first, the model last; `clients:NAME` stands for who asks an endpoint.
        links: one between each two stops.
    """

    stops: tuple[str, ...]
    links: tuple[Link, ...]


def serving(system: System) -> tuple[Model, ...]:
    """Models that answer somebody: not those that are only a base, a predecessor or a baseline of others."""
    behind = {name for m in system.models for name in (m.base, m.previous, m.baseline)}
    return tuple(m for m in system.models if m.name not in behind or endpoints_of(system, m))


def ways(system: System, model: Model) -> tuple[Way, ...]:
    """All described ways of input to a model, `MOST_WAYS` at most."""
    found: list[Way] = []
    for way in _back(system, Way((f"model:{model.name}",), ())):
        found.append(way)
        if len(found) == MOST_WAYS:
            break
    return tuple(found)


def uncontrolled(system: System, model: Model) -> tuple[str, ...]:
    """Origins of a model's input that nobody of the team controls, each once."""
    origins = dict.fromkeys(way.stops[0] for way in ways(system, model))
    return tuple(origin for origin in origins if is_outside(system, origin))


def is_outside(system: System, origin: str) -> bool:
    """Whether somebody else decides what comes from there."""
    if origin.startswith(CLIENTS):
        asked = system.elements.get(f"endpoint:{origin.removeprefix(CLIENTS)}")
        return isinstance(asked, Endpoint) and asked.exposure in _OUTSIDE
    element = system.elements.get(origin)
    if isinstance(element, Site):
        return element.third_party
    return isinstance(element, Source) and element.kind != "internal"


def crossed(system: System, flow: Flow) -> str | None:
    """The boundary that a flow crosses: the one it names, or one that has only one of its ends inside."""
    if flow.boundary:
        return flow.boundary
    inside = (b for b in system.tables.boundary if (flow.from_ in b.contains) != (flow.to in b.contains))
    return next((boundary.name for boundary in inside), None)


def _back(system: System, way: Way) -> Iterator[Way]:
    before = [(stop, link) for stop, link in _feeding(system, way.stops[0]).items() if stop not in way.stops]
    if not before or len(way.stops) == LONGEST:
        if len(way.stops) > 1:
            yield way
        return
    for stop, link in before:
        yield from _back(system, Way((stop, *way.stops), (link, *way.links)))


def _feeding(system: System, element: str) -> dict[str, Link]:
    """What stands before an element; a flow that is described hides what would only follow from other words."""
    record = system.elements.get(element)
    found: dict[str, Link] = {}
    for flow in system.flows:
        if flow.to == element and _is_live(system, flow.from_):
            found[flow.from_] = Link(flow.protection, crossed(system, flow))
    if isinstance(record, Model):
        implied = [f"endpoint:{e.name}" for e in endpoints_of(system, record)]
        implied += [f"preprocessor:{name}" for name in record.preprocessors if _is_fed(system, f"preprocessor:{name}")]
        implied += [f"feature:{name}" for name in record.inputs if _is_fed(system, f"feature:{name}")]
    elif isinstance(record, Feature):
        named = f"source:{(record.from_ or '').removeprefix('source:')}"
        implied = [named] if named in system.elements else []
    elif isinstance(record, Dataset):
        implied = [f"source:{source.name}" for source in sources_of(system, record)]
    elif isinstance(record, Endpoint) and not found:
        implied = [f"{CLIENTS}{record.name}"]
    else:
        implied = []
    return {name: Link() for name in implied} | found


def _is_live(system: System, element: str) -> bool:
    record = system.elements.get(element)
    return not (isinstance(record, Dataset) and record.role not in _LIVE)


def _is_fed(system: System, element: str) -> bool:
    """Whether something leads to it; a name of a column alone is no way."""
    return bool(_feeding(system, element))
