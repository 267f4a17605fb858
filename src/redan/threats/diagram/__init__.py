"""The data-flow diagram of a system: elements, flows, trust boundaries and threats as one SVG."""

from collections.abc import Iterable

from redan.system.system import System
from redan.threats.diagram.draw import Badge, draw
from redan.threats.diagram.graph import graph
from redan.threats.records import Threat

__all__ = ["diagram"]


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
    return draw(system.about.name, drawn, badges)
