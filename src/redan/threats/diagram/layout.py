"""Columns and order of the nodes: a layered layout by graphlay, see docs/adr/0004-diagram-layout.md."""

from typing import NamedTuple

from redan.threats.diagram.graph import KINDS, Edge, Graph, Node

_SPACING = 100.0  # any number: only the order and the rough distance of the result are used


class Spot(NamedTuple):
    """Where a node belongs: its column from the left, and how far down it wants to be."""

    column: int
    down: float


def spots(graph: Graph) -> dict[str, Spot]:
    """The column and wish of every node; the same for the same graph."""
    placed = _layered(graph)
    alone = sorted((node for node in graph.nodes if node.id not in placed), key=lambda node: KINDS.index(node.kind))
    if not placed:
        return _by_kind(alone)
    below = max(spot.down for spot in placed.values())
    columns = 1 + max(spot.column for spot in placed.values())
    for index, node in enumerate(alone):
        placed[node.id] = Spot(index % columns, below + _SPACING * (1 + index // columns))
    return placed


def _by_kind(nodes: list[Node]) -> dict[str, Spot]:
    kinds = list(dict.fromkeys(node.kind for node in nodes))
    counts = dict.fromkeys(kinds, 0)
    placed = {}
    for node in nodes:
        placed[node.id] = Spot(kinds.index(node.kind), _SPACING * counts[node.kind])
        counts[node.kind] += 1
    return placed


def against(edge: Edge, kinds: dict[str, str]) -> bool:
    """Whether an edge runs against the order of kinds, as feedback does; a site may stand anywhere."""
    if "site" in {kinds[edge.source], kinds[edge.target]}:
        return False
    return KINDS.index(kinds[edge.source]) > KINDS.index(kinds[edge.target])


def _layered(graph: Graph) -> dict[str, Spot]:
    import graphlay

    kinds = {node.id: node.kind for node in graph.nodes}
    pairs = [(e.target, e.source) if against(e, kinds) else (e.source, e.target) for e in graph.edges]
    request = graphlay.Graph()
    for name in dict.fromkeys(name for pair in pairs for name in pair):
        request.node(name, width=_SPACING, height=_SPACING, label="")
    for pair in dict.fromkeys(pairs):
        request.edge(*pair)
    if not pairs:
        return {}
    places: dict[str, tuple[float, float]] = graphlay.layout(request).positions()
    columns = sorted({x for x, _ in places.values()})
    top = min(y for _, y in places.values())
    return {name: Spot(columns.index(x), y - top) for name, (x, y) in places.items()}
