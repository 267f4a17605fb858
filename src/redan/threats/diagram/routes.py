"""Routes: curves in the gutters between columns, and the places of their labels."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from redan.threats.diagram.graph import Edge, Graph
from redan.threats.diagram.scene import CARD, LABEL_SIZE, Card, Scene
from redan.threats.diagram.shapes import SLANT
from redan.threats.diagram.text import ELLIPSIS, width, wrap

HEAD = 9.0  # length of an arrow head
_LABEL_WIDTH, _LABEL_LINE, _LABEL_PAD = 92.0, 14.0, 5.0
_CLEAR = 14.0  # a label leaves this much of its arrow free at both ends
_NO_LANE = 2  # points of an arrow between neighbouring columns
_TRIES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)


class Point(NamedTuple):
    """A point of the picture, in pixels."""

    x: float
    y: float


class Label(NamedTuple):
    """Words on an arrow: centre, size and lines."""

    x: float
    y: float
    w: float
    h: float
    lines: tuple[str, ...]


class Route(NamedTuple):
    """An arrow as drawn.

    Args:
        edge: what it stands for.
        path: SVG path data, from tail to head.
        tips: where heads stand and whether they point right.
        label: its words; None when there is no room or nothing to say.
        number: its number in the key below; None when the label says all.
    """

    edge: Edge
    path: str
    tips: tuple[tuple[Point, bool], ...]
    label: Label | None
    number: int | None


def routes(graph: Graph, placed: Scene) -> tuple[Route, ...]:
    """The arrows of a graph, in its order."""
    ports = _ports(graph, placed)
    taken: list[Label] = []
    made = []
    numbers = 0
    for index, edge in enumerate(graph.edges):
        points = _points(index, placed, ports[index])
        label, short = _label(edge, points, taken, numbers + 1)
        numbers += short
        made.append(Route(edge, _path(points), _tips(edge, points), label, numbers if short else None))
    return tuple(made)


def _ports(graph: Graph, placed: Scene) -> dict[int, tuple[Point, Point]]:
    sides: dict[tuple[str, bool], list[tuple[float, int, bool]]] = {}
    for index, edge in enumerate(graph.edges):
        right = index not in placed.flipped
        lane = placed.lanes.get(index)
        for mine, other, tail in ((edge.source, edge.target, True), (edge.target, edge.source, False)):
            towards = lane.y if lane else _middle(placed.cards[other])
            sides.setdefault((mine, right == tail), []).append((towards, index, tail))
    spots: dict[tuple[int, bool], Point] = {}
    for (name, on_right), ends in sides.items():
        card = placed.cards[name]
        step = min(22.0, (card.h - 24) / len(ends))
        for rank, (_, index, tail) in enumerate(sorted(ends)):
            y = _middle(card) + (rank - (len(ends) - 1) / 2) * step
            spots[(index, tail)] = Point(_side(card, y, right=on_right), y)
    return {index: (spots[(index, True)], spots[(index, False)]) for index in range(len(graph.edges))}


def _side(card: Card, y: float, *, right: bool) -> float:
    lean = SLANT * (y - card.y) / card.h if card.node.kind == "feedback" else 0.0
    if right:
        return card.x + card.w - lean
    return card.x + (SLANT - lean if lean else 0.0)


def _middle(card: Card) -> float:
    return card.y + card.h / 2


def _points(index: int, placed: Scene, ports: tuple[Point, Point]) -> list[Point]:
    lane = placed.lanes.get(index)
    tail, head = ports
    if lane is None:
        return [tail, head]
    ends = [Point(placed.left[lane.first], lane.y), Point(placed.left[lane.last] + CARD, lane.y)]
    return [tail, *(ends[::-1] if index in placed.flipped else ends), head]


def _path(points: list[Point]) -> str:
    text = f"M{_n(points[0].x)} {_n(points[0].y)}"
    for start, end in pairwise(points):
        if start.y == end.y:
            text += f"H{_n(end.x)}"
        else:
            middle = (start.x + end.x) / 2
            text += f"C{_n(middle)} {_n(start.y)} {_n(middle)} {_n(end.y)} {_n(end.x)} {_n(end.y)}"
    return text


def _tips(edge: Edge, points: list[Point]) -> tuple[tuple[Point, bool], ...]:
    forward = points[-1].x >= points[-2].x
    tips = [(points[-1], forward)]
    if edge.both:
        tips.append((points[0], not forward))
    return tuple(tips)


def _label(edge: Edge, points: list[Point], taken: list[Label], number: int) -> tuple[Label | None, bool]:
    if not edge.label:
        return None, False
    lane = len(points) > _NO_LANE
    room, most = (CARD, 1) if lane else (_LABEL_WIDTH, 2)
    mark = f"F{number}"
    lines = wrap(edge.label, LABEL_SIZE, room, most)
    complete = not lines[-1].endswith(ELLIPSIS)
    if not complete:
        lines = wrap(f"{mark}: {edge.label}", LABEL_SIZE, room, most)
    for option, short in ((lines, not complete), ((mark,), True)):
        label = _spot(option, points, lane, taken)
        if label:
            taken.append(label)
            return label, short
    return None, True


def _spot(lines: tuple[str, ...], points: list[Point], straight: bool, taken: Iterable[Label]) -> Label | None:
    w = max(width(line, LABEL_SIZE) for line in lines) + 2 * _LABEL_PAD
    h = _LABEL_LINE * len(lines) + 4
    if straight:
        start = min(points[1], points[2])
        return Label(start.x + CARD / 2, start.y, w, h, lines)
    low, high = sorted((points[0].x, points[-1].x))
    for t in _TRIES:
        at = _along(points, t)
        label = Label(min(max(at.x, low + _CLEAR + w / 2), high - _CLEAR - w / 2), at.y, w, h, lines)
        if not any(_overlap(label, other) for other in taken):
            return label
    return None


def _along(points: list[Point], t: float) -> Point:
    start, end = points[0], points[-1]
    aside = 1.5 * (1 - t) ** 2 * t + 1.5 * (1 - t) * t * t + t**3  # both control points lie half-way
    down = 3 * (1 - t) * t * t + t**3  # and level with the ends
    return Point(start.x + (end.x - start.x) * aside, start.y + (end.y - start.y) * down)


def _overlap(one: Label, other: Label) -> bool:
    return abs(one.x - other.x) * 2 < one.w + other.w + 4 and abs(one.y - other.y) * 2 < one.h + other.h + 4


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
