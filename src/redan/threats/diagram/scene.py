"""The scene: where every card, zone, arrow and word stands, in pixels."""

from dataclasses import dataclass
from typing import NamedTuple

from redan.threats.diagram.graph import Edge, Graph, Node
from redan.threats.diagram.layout import Spot, against, spots
from redan.threats.diagram.packing import Box, pack
from redan.threats.diagram.text import wrap
from redan.threats.diagram.zones import Zone

CARD, GUTTER, GUTTER_LABELLED = 158.0, 56.0, 132.0
NAME_SIZE, CAPTION_SIZE, ZONE_SIZE, LABEL_SIZE = 14.0, 12.0, 12.0, 11.5
_INSET = 17.0  # room for rounded ends and slanted sides of a shape
_NAME_LINE, _CAPTION_LINE, _ZONE_LINE = 18.0, 15.0, 16.0
_BADGE = 36.0  # room kept free for the badge of a card below a title
_CARD_PAD, _CHAIN, _GAP, _PAD = 17.0, 20.0, 24.0, 20.0


class Card(NamedTuple):
    """A node with its place: left, top, width and height, and its words."""

    node: Node
    x: float
    y: float
    w: float
    h: float
    name: tuple[str, ...]
    caption: tuple[str, ...]


class Frame(NamedTuple):
    """A zone, or one piece of it when its members do not stay together."""

    zone: Zone
    x: float
    y: float
    w: float
    h: float
    title: tuple[str, ...]
    depth: int


class Lane(NamedTuple):
    """The straight part of an arrow over several columns: first and last column, and its height."""

    first: int
    last: int
    y: float


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything placed.

    Args:
        cards: by node id.
        frames: outer ones first.
        lanes: by position of the edge in the graph.
        left: left edge of each column.
        height: of the part with cards.
        flipped: positions of edges drawn from right to left.
    """

    cards: dict[str, Card]
    frames: tuple[Frame, ...]
    lanes: dict[int, Lane]
    left: tuple[float, ...]
    height: float
    flipped: frozenset[int]


def scene(graph: Graph) -> Scene:
    """Places a graph."""
    where = spots(graph)
    flipped = _flipped(graph, where)
    words = {node.id: _words(node) for node in graph.nodes}
    top, ids = _boxes(graph, where, {n: _height(*w) for n, w in words.items()}), _links(graph, where)
    _pack(top, ids, graph)
    left = _columns(graph, where)
    cards: dict[str, Card] = {}
    frames: list[Frame] = []
    lanes: dict[int, Lane] = {}
    nodes = {node.id: node for node in graph.nodes}
    zones = {zone.id: zone for zone in graph.zones}

    def settle(boxes: list[Box], down: float, depth: int) -> None:
        for box in boxes:
            y = down + box.top
            if box.zone:
                frames.append(_frame(zones[box.zone], box, y, left, depth))
                settle(box.inner, y, depth + 1)
            elif box.ids[0].startswith("#"):
                lanes[int(box.ids[0][1:])] = Lane(box.first, box.last, y + box.height / 2)
            else:
                name = box.ids[0]
                cards[name] = Card(nodes[name], left[box.first], y, CARD, box.height, *words[name])

    settle(top, 0.0, 0)
    height = max((box.top + box.height for box in top), default=0.0)
    return Scene(cards, _numbered(frames), lanes, left, height, flipped)


def _words(node: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
    room = CARD - 2 * _INSET
    name = wrap(node.name, NAME_SIZE, room, 4, bold=True)
    return name, wrap(node.caption, CAPTION_SIZE, room, 2)


def _height(name: tuple[str, ...], caption: tuple[str, ...]) -> float:
    return 2 * _CARD_PAD + _NAME_LINE * len(name) + _CAPTION_LINE * len(caption)


def _flipped(graph: Graph, where: dict[str, Spot]) -> frozenset[int]:
    kinds = {node.id: node.kind for node in graph.nodes}
    found = set()
    for index, edge in enumerate(graph.edges):
        ends = where[edge.source].column, where[edge.target].column
        if ends[0] > ends[1] or (ends[0] == ends[1] and against(edge, kinds)):
            found.add(index)
    return frozenset(found)


def _span(edge: Edge, where: dict[str, Spot]) -> tuple[int, int]:
    ends = sorted((where[edge.source].column, where[edge.target].column))
    return ends[0] + 1, ends[1] - 1


def _boxes(graph: Graph, where: dict[str, Spot], heights: dict[str, float]) -> list[Box]:
    top: list[Box] = []
    shelf: dict[tuple[str, ...], Box] = {}
    paths = {node.id: node.zones for node in graph.nodes}
    for node in graph.nodes:
        spot = where[node.id]
        box = Box((node.id,), spot.column, spot.column, heights[node.id], spot.down)
        _place(box, node.zones, top, shelf)
    for index, edge in enumerate(graph.edges):
        first, last = _span(edge, where)
        if first <= last:
            wish = (where[edge.source].down + where[edge.target].down) / 2
            common = _common(paths[edge.source], paths[edge.target])
            _place(Box((f"#{index}",), first, last, _CHAIN, wish), common, top, shelf)
    return top


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    length = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


def _place(box: Box, path: tuple[str, ...], top: list[Box], shelf: dict[tuple[str, ...], Box]) -> None:
    holder = top
    for depth in range(len(path)):
        key = path[: depth + 1]
        if key not in shelf:
            shelf[key] = Box((), box.first, box.last, 0.0, 0.0, zone=path[depth])
            holder.append(shelf[key])
        holder = shelf[key].inner
    holder.append(box)


def _links(graph: Graph, where: dict[str, Spot]) -> list[tuple[str, str]]:
    pairs = []
    for index, edge in enumerate(graph.edges):
        first, last = _span(edge, where)
        if first <= last:
            pairs += [(edge.source, f"#{index}"), (f"#{index}", edge.target)]
        else:
            pairs.append((edge.source, edge.target))
    return pairs


def _pack(boxes: list[Box], links: list[tuple[str, str]], graph: Graph) -> None:
    for box in boxes:
        if box.zone:
            _pack(box.inner, links, graph)
            box.first = min(inner.first for inner in box.inner)
            box.last = max(inner.last for inner in box.inner)
            box.wish = sum(inner.wish for inner in box.inner) / len(box.inner)
            box.ids = tuple(name for inner in box.inner for name in inner.ids)
            head = _PAD / 2 + _ZONE_LINE * len(_title(box, graph))
            for inner in box.inner:
                inner.top += head
            box.height = max(inner.top + inner.height for inner in box.inner) + _PAD
    pack(boxes, links, _GAP)


def _title(box: Box, graph: Graph) -> tuple[str, ...]:
    zone = next(zone for zone in graph.zones if zone.id == box.zone)
    columns = box.last - box.first + 1
    return wrap(zone.title, ZONE_SIZE, CARD * columns + GUTTER * (columns - 1) - _BADGE, 2, bold=True)


def _frame(zone: Zone, box: Box, y: float, left: tuple[float, ...], depth: int) -> Frame:
    pad = max(_PAD - 6 * depth, 6.0)
    x = left[box.first] - pad
    right = left[box.last] + CARD + pad
    columns = box.last - box.first + 1
    title = wrap(zone.title, ZONE_SIZE, CARD * columns + GUTTER * (columns - 1) - _BADGE, 2, bold=True)
    return Frame(zone, x, y, right - x, box.height, title, depth)


def _numbered(frames: list[Frame]) -> tuple[Frame, ...]:
    pieces = [frame.zone.id for frame in frames]
    made = []
    for index, frame in enumerate(frames):
        total = pieces.count(frame.zone.id)
        if total > 1:
            text = f"{frame.zone.title} ({pieces[: index + 1].count(frame.zone.id)} of {total})"
            title = wrap(text, ZONE_SIZE, frame.w - 2 * _PAD, len(frame.title), bold=True)
            made.append(frame._replace(title=title))
        else:
            made.append(frame)
    return tuple(made)


def _columns(graph: Graph, where: dict[str, Spot]) -> tuple[float, ...]:
    last = max((spot.column for spot in where.values()), default=-1)
    labelled = set()
    for edge in graph.edges:
        first, end = _span(edge, where)
        if edge.label and first > end:
            labelled.add(first - 1)
    left = [0.0]
    for column in range(last):
        left.append(left[-1] + CARD + (GUTTER_LABELLED if column in labelled else GUTTER))
    return tuple(left[: last + 1])
