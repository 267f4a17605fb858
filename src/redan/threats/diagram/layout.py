"""Columns and order of the nodes: a layered layout by fast-sugiyama, see docs/adr/0004-diagram-layout.md."""

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
    """Whether an edge runs against the order of kinds, as feedback does."""
    return KINDS.index(kinds[edge.source]) > KINDS.index(kinds[edge.target])


def _layered(graph: Graph) -> dict[str, Spot]:
    from fast_sugiyama import from_edges

    number = {node.id: index for index, node in enumerate(graph.nodes)}
    kinds = {node.id: node.kind for node in graph.nodes}
    pairs = []
    for edge in graph.edges:
        pair = (number[edge.source], number[edge.target])
        pairs.append(pair[::-1] if against(edge, kinds) else pair)
    if not pairs:
        return {}
    layouts = from_edges(
        list(dict.fromkeys(pairs)),
        vertex_spacing=_SPACING,
        dummy_vertices=True,
        dummy_size=_SPACING / 2,
        ranking_type="minimize",
        crossing_minimization="barycenter",
        transpose=True,
        check_layout=False,
    )
    parts = [[(int(n), x, y) for n, (x, y) in positions] for positions, *_ in layouts]
    parts.sort(key=lambda part: min(n for n, _, _ in part))
    return _stacked(parts, graph.nodes)


def _stacked(parts: list[list[tuple[int, float, float]]], nodes: tuple[Node, ...]) -> dict[str, Spot]:
    placed: dict[str, Spot] = {}
    offset = 0.0
    for part in parts:
        rows = sorted({y for _, _, y in part}, reverse=True)  # the first layer has the greatest y
        left = min(x for _, x, _ in part)
        for n, x, y in part:
            if n < len(nodes):
                placed[nodes[n].id] = Spot(rows.index(y), offset + x - left)
        offset += max(x for _, x, _ in part) - left + _SPACING
    return placed
