"""The data-flow graph of a system: nodes, flows declared and implied, zones of trust."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from redan.system.records import Feature, Flow
from redan.system.system import Element, System
from redan.threats.diagram.implied import Implied, implied
from redan.threats.diagram.zones import Zone, zones

# From left to right; an edge against this order is drawn from right to left.
KINDS = ("source", "site", "dataset", "preprocessor", "feature", "model", "endpoint", "feedback", "client", "person")
_ALWAYS = frozenset({"source", "dataset", "preprocessor", "model", "endpoint", "feedback"})
_STRENGTH = ("none", "tls", "mtls", "signed")


class Node(NamedTuple):
    """One shape.

    Args:
        id: element id; `features:0` for features drawn as one, `clients:NAME` for those who ask an endpoint.
        kind: one of `KINDS`.
        name: what is written on it.
        caption: one line of detail.
        elements: ids of the elements it stands for.
        zones: names of the zones around it, outermost first.
    """

    id: str
    kind: str
    name: str
    caption: str
    elements: tuple[str, ...]
    zones: tuple[str, ...] = ()


class Edge(NamedTuple):
    """One arrow.

    Args:
        source: node id.
        target: node id.
        label: what flows; empty for an implied flow.
        protection: weakest of the flows it stands for; None for an implied flow.
        flows: the declared flows it stands for, one line each.
        both: whether it has a head at both ends.
        crosses: a boundary it crosses that is not drawn as a zone, because nothing is declared inside.
    """

    source: str
    target: str
    label: str = ""
    protection: str | None = None
    flows: tuple[str, ...] = ()
    both: bool = False
    crosses: str | None = None


class Graph(NamedTuple):
    """All that is drawn."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    zones: tuple[Zone, ...]


def graph(system: System) -> Graph:
    """The data-flow graph of a system; without nodes when nothing is declared."""
    around = zones(system)
    nodes = {node.id: node for node in _nodes(system, around)}
    of = {element: node.id for node in nodes.values() for element in node.elements}
    declared = _declared(system, of, frozenset(zone.id for zone in around))
    pairs = {frozenset((edge.source, edge.target)) for edge in declared}
    extra = [e for e in _implied(system, of) if frozenset((e.source, e.target)) not in pairs]
    seen = {zone for node in nodes.values() for zone in node.zones}
    return Graph(tuple(nodes.values()), (*declared, *extra), tuple(zone for zone in around if zone.id in seen))


def _nodes(system: System, around: tuple[Zone, ...]) -> Iterator[Node]:
    ends = {end for flow in system.flows for end in (flow.from_, flow.to)}
    for element_id, element in system.elements.items():
        kind, _, name = element_id.partition(":")
        operator = kind == "person" and getattr(element, "role", "") == "operator"
        if kind in _ALWAYS or element_id in ends or operator:
            inside = _zones(around, element_id)
            if kind == "preprocessor" and not inside:
                inside = _shared(around, [f"model:{m.name}" for m in system.models if name in m.preprocessors])
            yield Node(element_id, kind, name, _caption(kind, element), (element_id,), inside)
    yield from _features(system, around, ends)
    for endpoint in system.endpoints:
        if endpoint.exposure != "local":
            who = endpoint.clients or f"{endpoint.exposure} clients"
            yield Node(f"clients:{endpoint.name}", "client", who, f"ask {endpoint.name}", (f"clients:{endpoint.name}",))


def _features(system: System, around: tuple[Zone, ...], ends: set[str]) -> Iterator[Node]:
    groups: dict[tuple[tuple[str, ...], str | None, tuple[str, ...]], list[Feature]] = {}
    for feature in system.features:
        if f"feature:{feature.name}" not in ends:
            users = tuple(m.name for m in system.models if feature.name in m.inputs)
            inside = _zones(around, f"feature:{feature.name}") or _between(system, around, feature, users)
            groups.setdefault((users, feature.from_, inside), []).append(feature)
    for index, ((_, _, inside), features) in enumerate(groups.items()):
        names = [feature.name for feature in features]
        title = names[0] if len(names) == 1 else f"{len(names)} features"
        caption = "feature" if len(names) == 1 else ", ".join(names)
        yield Node(f"features:{index}", "feature", title, caption, tuple(f"feature:{n}" for n in names), inside)


def _between(system: System, around: tuple[Zone, ...], feature: Feature, users: tuple[str, ...]) -> tuple[str, ...]:
    origin = [e for e in (f"dataset:{feature.from_}", f"source:{feature.from_}") if e in system.elements]
    return _shared(around, [*origin[:1], *(f"model:{user}" for user in users)])


def _shared(around: tuple[Zone, ...], neighbours: list[str]) -> tuple[str, ...]:
    """The zones of an element that no boundary names: those that hold all of its neighbours."""
    if not neighbours:
        return ()
    common = set.intersection(*(set(_zones(around, element)) for element in neighbours))
    return tuple(zone for zone in _zones(around, neighbours[0]) if zone in common)


def _zones(around: tuple[Zone, ...], element: str) -> tuple[str, ...]:
    inside = [zone for zone in around if element in zone.members]
    return tuple(zone.id for zone in sorted(inside, key=lambda zone: -len(zone.members)))


def _caption(kind: str, element: Element) -> str:
    detail: Mapping[str, str] = {
        "source": "kind",
        "dataset": "role",
        "model": "task",
        "endpoint": "exposure",
        "person": "role",
        "preprocessor": "package",
    }
    value = getattr(element, detail[kind], None) if kind in detail else None
    site = getattr(element, "site", None)
    words = {"dataset": "data set", "preprocessor": "preprocessing"}
    parts = [words.get(kind, kind), *([str(value)] if value else []), *([f"at {site}"] if site else [])]
    return " · ".join(parts)


def _declared(system: System, of: Mapping[str, str], drawn: frozenset[str]) -> tuple[Edge, ...]:
    bundles: dict[tuple[str, str], list[Flow]] = {}
    for flow in system.flows:
        ends = of.get(flow.from_), of.get(flow.to)
        if ends[0] and ends[1] and ends[0] != ends[1]:
            bundles.setdefault((ends[0], ends[1]), []).append(flow)
    return tuple(_edge(pair, flows, drawn) for pair, flows in bundles.items())


def _edge(pair: tuple[str, str], flows: list[Flow], drawn: frozenset[str]) -> Edge:
    lines = (f.boundary for f in flows if f.boundary and f"boundary:{f.boundary}" not in drawn)
    data = tuple(dict.fromkeys(name for flow in flows for name in flow.data))
    weakest = min((flow.protection for flow in flows), key=_STRENGTH.index)
    return Edge(
        *pair,
        label=", ".join(data) or "data",
        protection=weakest,
        flows=tuple(describe(flow) for flow in flows),
        crosses=next(lines, None),
    )


def describe(flow: Flow) -> str:
    """One line about a flow, for the key below the picture."""
    data = ", ".join(flow.data) or "data"
    crossing = f", across {flow.boundary}" if flow.boundary else ""
    protection = "unprotected" if flow.protection == "none" else flow.protection
    return f"{flow.from_} to {flow.to}: {data} ({protection}{crossing})"


def _implied(system: System, of: Mapping[str, str]) -> tuple[Edge, ...]:
    found: dict[frozenset[str], Edge] = {}
    for pair in implied(system):
        edge = _mapped(pair, of)
        if edge and edge.source != edge.target:
            found.setdefault(frozenset((edge.source, edge.target)), edge)
    return tuple(found.values())


def _mapped(pair: Implied, of: Mapping[str, str]) -> Edge | None:
    source, target = of.get(pair.source), of.get(pair.target)
    return Edge(source, target, both=pair.both) if source and target else None
