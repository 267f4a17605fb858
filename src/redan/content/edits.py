"""Two algorithms on plain numbers: the longest rising part of a sequence, and a shortest edit script."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_EDITS = 400  # of one gap: beyond, the script costs more than it tells
_STEPS = 4_000_000


def longest_rising(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which numbers belong to a longest rising part of a sequence without repetitions.

    Source: Schensted (1961), by patience sorting.
    """
    chosen = np.ones(len(numbers), dtype=bool)
    if (numbers[1:] > numbers[:-1]).all():
        return chosen
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers.tolist()):
        at = bisect_left(tails, number)
        before.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(number)
            ends.append(place)
        else:
            tails[at], ends[at] = number, place
    chosen[:] = False
    place = ends[-1]
    while place >= 0:
        chosen[place] = True
        place = before[place]
    return chosen


def equal_places(one: Sequence[int], other: Sequence[int]) -> list[tuple[int, int]] | None:
    """Equal places of two lists along a shortest edit script; None when that is long.

    Source: Myers (1986), "An O(ND) difference algorithm and its variations", figure 2.
    """
    reach = {1: 0}
    trace: list[dict[int, int]] = []
    steps = 0
    for edits in range(min(len(one) + len(other), _EDITS) + 1):
        trace.append(dict(reach))
        for line in range(-edits, edits + 1, 2):
            down = line == -edits or (line != edits and reach[line - 1] < reach[line + 1])
            x = reach[line + 1] if down else reach[line - 1] + 1
            y = x - line
            while x < len(one) and y < len(other) and one[x] == other[y]:
                x, y, steps = x + 1, y + 1, steps + 1
            reach[line] = x
            if x >= len(one) and y >= len(other):
                return _walked(trace, len(one), len(other))
        if steps > _STEPS:
            break
    return None


def _walked(trace: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    equal: list[tuple[int, int]] = []
    for edits in range(len(trace) - 1, -1, -1):
        reach, line = trace[edits], x - y
        down = line == -edits or (line != edits and reach[line - 1] < reach[line + 1])
        from_line = line + 1 if down else line - 1
        from_x = reach[from_line] if edits else 0
        from_y = from_x - from_line if edits else 0
        start = from_x if down or not edits else from_x + 1
        while x > start and y > 0:
            x, y = x - 1, y - 1
            equal.append((x, y))
        x, y = from_x, from_y
    return equal[::-1]
