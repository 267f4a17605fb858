"""The data-flow diagram of a system: elements, flows, trust boundaries and threats as one SVG."""

from collections.abc import Iterable, Mapping

from redan.system.system import System
from redan.threats.diagram.draw import Badge, draw
from redan.threats.diagram.graph import Graph, Node, graph
from redan.threats.records import Threat

__all__ = ["diagram"]
MOST_NODES = 200  # more than anyone reads in one picture; keeps drawing under a second or two
MOST_EDGES = 600


def diagram(system: System, threats: Iterable[Threat] = ()) -> str:
    """The data-flow diagram of a system.

    Args:
        system: the description.
        threats: those that stand; each element shows how many it has, in the colour of the worst risk.

    Returns:
        A whole SVG document that needs nothing else; the same bytes for the same system and threats.
    """
    drawn = graph(system)
    of = {element: node.id for node in drawn.nodes for element in node.elements}
    grouped: dict[str, list[Threat]] = {}
    for threat in threats:
        if threat.element in of:
            grouped.setdefault(of[threat.element], []).append(threat)
    badges = {
        node: Badge(len(found), max((t.risk.level for t in found), key=lambda level: level.rank))
        for node, found in grouped.items()
    }
    return draw(system.about.name, *_readable(drawn, badges), badges)


def _readable(whole: Graph, badges: Mapping[str, Badge]) -> tuple[Graph, str]:
    """At most as much as a person can read, the worst threats first, and a line that says what was left out."""
    if len(whole.nodes) <= MOST_NODES and len(whole.edges) <= MOST_EDGES:
        return whole, ""

    def matter(node: Node) -> tuple[int, int]:
        badge = badges.get(node.id)
        return (-badge.worst.rank - 1, -badge.threats) if badge else (0, 0)

    kept = {node.id for node in sorted(whole.nodes, key=matter)[:MOST_NODES]}
    nodes = tuple(node for node in whole.nodes if node.id in kept)
    edges = tuple(edge for edge in whole.edges if edge.source in kept and edge.target in kept)[:MOST_EDGES]
    inside = {zone for node in nodes for zone in node.zones}
    zones = tuple(zone for zone in whole.zones if zone.id in inside)
    said = f"Shown: {len(nodes)} of {len(whole.nodes)} elements, {len(edges)} of {len(whole.edges)} flows; worst first."
    return Graph(nodes, edges, zones), said
