"""Packing: boxes of whole columns one below the other, so that nothing overlaps and zones hold their members only.

A zone is packed from its members first and then treated as one box. An arrow over several columns is a thin box of its
own, so that no arrow runs behind a node.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ROUNDS = 30  # sweeps that pull boxes towards their neighbours; the picture settles long before


@dataclass(slots=True)
class Box:
    """Something to place.

    Args:
        ids: nodes or arrows inside.
        first: leftmost column.
        last: rightmost column.
        height: outer height in pixels.
        wish: rough distance from the top, for the order.
        inner: boxes inside, with tops relative to this box.
        zone: id of the zone that is drawn around them.
        top: distance from the top of what holds it.
    """

    ids: tuple[str, ...]
    first: int
    last: int
    height: float
    wish: float
    inner: list["Box"] = field(default_factory=list)
    zone: str | None = None
    top: float = 0.0


def pack(boxes: list[Box], links: Iterable[tuple[str, str]], gap: float) -> float:
    """Sets the tops of boxes.

    Args:
        boxes: sorted and changed in place.
        links: pairs of ids that should be level with each other.
        gap: least distance between boxes that share a column.

    Returns:
        The height of the whole.
    """
    boxes.sort(key=lambda box: (box.wish, box.ids))
    near = _near(boxes, links)
    above = _before(boxes)
    below = _before(boxes[::-1])[::-1]
    for box, over in zip(boxes, above, strict=True):
        box.top = _floor(over, gap)
    for sweep in range(ROUNDS):
        order = range(len(boxes)) if sweep % 2 else range(len(boxes) - 1, -1, -1)
        for index in order:
            wanted = _wanted(boxes[index], near.get(index, ()))
            low, high = _floor(above[index], gap), _ceiling(boxes[index], below[index], gap)
            boxes[index].top = min(max(wanted, low), max(high, low))
    lift = min((box.top for box in boxes), default=0.0)
    for box in boxes:
        box.top -= lift
    return max((box.top + box.height for box in boxes), default=0.0)


def _before(boxes: Sequence[Box]) -> list[list[Box]]:
    """For each box the last ones before it in each of its columns: those keep all earlier ones away as well."""
    last: dict[int, Box] = {}
    found = []
    for box in boxes:
        columns = range(box.first, box.last + 1)
        found.append(list({id(last[column]): last[column] for column in columns if column in last}.values()))
        last.update(dict.fromkeys(columns, box))
    return found


def _floor(above: Iterable[Box], gap: float) -> float:
    return max((box.top + box.height + gap for box in above), default=0.0)


def _ceiling(mine: Box, below: Iterable[Box], gap: float) -> float:
    return min((box.top - gap - mine.height for box in below), default=float("inf"))


def _near(boxes: Sequence[Box], links: Iterable[tuple[str, str]]) -> Mapping[int, list[tuple[Box, float, float]]]:
    where = {name: (index, box, offset) for index, box in enumerate(boxes) for name, offset in _centres(box)}
    near: dict[int, list[tuple[Box, float, float]]] = {}
    for pair in links:
        if pair[0] in where and pair[1] in where and where[pair[0]][0] != where[pair[1]][0]:
            for mine, other in (pair, pair[::-1]):
                index, _, offset = where[mine]
                _, box, theirs = where[other]
                near.setdefault(index, []).append((box, theirs, offset))
    return near


def _centres(box: Box) -> list[tuple[str, float]]:
    if not box.inner:
        return [(name, box.height / 2) for name in box.ids]
    return [(name, inner.top + offset) for inner in box.inner for name, offset in _centres(inner)]


def _wanted(box: Box, near: Sequence[tuple[Box, float, float]]) -> float:
    if not near:
        return box.top
    wishes = sorted(other.top + theirs - mine for other, theirs, mine in near)
    middle = len(wishes) // 2
    return wishes[middle] if len(wishes) % 2 else (wishes[middle - 1] + wishes[middle]) / 2
