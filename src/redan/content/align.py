"""Which row of today is which sealed row, from digests alone.

Rows that occur once on both sides are anchors and the longest run of them that kept its order stays (patience diff,
Cohen 2009); what lies between two anchors is aligned by Myers' O(ND) algorithm (1986); rows that fit nowhere else are
moved when they occur on the other side, changed when they stand in each other's place, else removed or added.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.content.cells import Bytes
from redan.content.rows import SHORT_BYTES, Rows
from redan.errors import InputError

Integers: TypeAlias = NDArray[np.int64]
Parts: TypeAlias = Callable[[int, int], tuple[Bytes, Bytes]]

MOST_ROWS = 20_000_000  # between the first and the last difference, both sides together: about 2 GB
_CHUNK = 1 << 20
_EDITS = 400  # of one gap; more is left to the counting of copies
_STEPS = 4_000_000
_PAIRED = 300  # rows of one gap, on each side, whose likeness is looked at


class Pair(NamedTuple):
    """A sealed row and the row of today that it is, both from 0."""

    old: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What became of every row that is not where and what it was; all numbers from 0 and ascending.

    Args:
        changed: rows whose content is another.
        moved: rows with the same content in another order.
        removed: sealed rows that are gone.
        added: rows of today that were not there.
        kept: the rows around them that stayed, to say where something was added.
    """

    changed: tuple[Pair, ...] = ()
    moved: tuple[Pair, ...] = ()
    removed: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    kept: tuple[Pair, ...] = field(default=(), repr=False)

    def after(self, new: int) -> int:
        """The number, from 1, of the last sealed row that stands before a row of today; 0 for none."""
        place = bisect_left(self.kept, new, key=lambda pair: pair.new)
        return self.kept[place - 1].old + 1 if place else 0


def align(old: Rows, new: Rows) -> Alignment:
    """What became of sealed rows.

    Args:
        old: from the record.
        new: of the table today, read with the same columns.

    Raises:
        InputError: more rows lie between the first and the last difference than are aligned.
    """
    by_identity = old.identities is not None and new.identities is not None
    start, end = _common(old.digests, new.digests)
    first = Pair(start - 1, start - 1)
    rows_old, rows_new = range(start, old.count - end), range(start, new.count - end)
    if len(rows_old) + len(rows_new) > MOST_ROWS:
        raise InputError(f"more than {MOST_ROWS:,} rows lie between the first and the last difference")
    whole = _numbered(_part(old.digests, rows_old), _part(new.digests, rows_new))
    if by_identity:
        named_old, named_new = old.identities, new.identities
        names = _numbered(_part(named_old, rows_old), _part(named_new, rows_new))
        found = _identified(names, whole)
    else:
        found = _by_content(whole, _part(old.hints, rows_old), _part(new.hints, rows_new))
    return _shifted(found, start, first)


def _part(rows: Bytes | None, chosen: range) -> Bytes:
    return np.empty((0, 0), np.uint8) if rows is None else np.asarray(rows[chosen.start : chosen.stop])


def _common(old: Bytes, new: Bytes) -> tuple[int, int]:
    """Rows alike at the start and, of the others, at the end."""
    shorter = min(len(old), len(new))
    start = _alike(lambda first, last: (old[first:last], new[first:last]), shorter)
    size_old, size_new = len(old), len(new)
    end = _alike(
        lambda first, last: (
            old[size_old - last : size_old - first][::-1],
            new[size_new - last : size_new - first][::-1],
        ),
        shorter - start,
    )
    return start, end


def _alike(parts: Parts, limit: int) -> int:
    for first in range(0, limit, _CHUNK):
        one, other = parts(first, min(first + _CHUNK, limit))
        differ = (one[:, :SHORT_BYTES] != other[:, :SHORT_BYTES]).any(axis=1)
        if differ.any():
            return first + int(differ.argmax())
    return limit


def _numbered(old: Bytes, new: Bytes) -> tuple[Integers, Integers]:
    """Equal digests as equal small numbers."""
    both = np.concatenate([old[:, :SHORT_BYTES], new[:, :SHORT_BYTES]])
    words = np.ascontiguousarray(both).view("<u8")
    order = np.lexsort((words[:, 1], words[:, 0])) if len(words) else np.empty(0, np.int64)
    fresh = (words[order][1:] != words[order][:-1]).any(axis=1)
    numbers = np.empty(len(words), dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(fresh)])[: len(words)]
    return numbers[: len(old)], numbers[len(old) :]


def _identified(names: tuple[Integers, Integers], whole: tuple[Integers, Integers]) -> Alignment:
    pairs = _copies(*names)
    changed = [pair for pair in pairs if whole[0][pair.old] != whole[1][pair.new]]
    kept, moved = _in_order(pairs)
    others = set(changed)
    return Alignment(
        changed=tuple(changed),
        moved=tuple(pair for pair in moved if pair not in others),
        removed=_without(len(names[0]), [pair.old for pair in pairs]),
        added=_without(len(names[1]), [pair.new for pair in pairs]),
        kept=tuple(kept),
    )


def _by_content(whole: tuple[Integers, Integers], hints_old: Bytes, hints_new: Bytes) -> Alignment:
    anchors = _copies(*whole, once=True)
    kept, moved = _in_order(anchors)
    taken_old, taken_new = {p.old for p in anchors}, {p.new for p in anchors}
    found: list[Pair] = []
    for rows_old, rows_new in _gaps(kept, whole, taken_old, taken_new):
        found += _diffed(whole, rows_old, rows_new)
    kept = sorted([*kept, *found])
    taken_old.update(p.old for p in found)
    taken_new.update(p.new for p in found)
    left_old = np.array(_without(len(whole[0]), taken_old), dtype=np.int64)
    left_new = np.array(_without(len(whole[1]), taken_new), dtype=np.int64)
    for pair in _copies(whole[0][left_old], whole[1][left_new]):
        moved.append(Pair(int(left_old[pair.old]), int(left_new[pair.new])))
    taken_old.update(p.old for p in moved)
    taken_new.update(p.new for p in moved)
    changed: list[Pair] = []
    for rows_old, rows_new in _gaps(kept, whole, taken_old, taken_new):
        changed += _replaced(rows_old, rows_new, hints_old, hints_new)
    return Alignment(
        changed=tuple(sorted(changed)),
        moved=tuple(sorted(moved)),
        removed=_without(len(whole[0]), taken_old | {p.old for p in changed}),
        added=_without(len(whole[1]), taken_new | {p.new for p in changed}),
        kept=tuple(sorted([*kept, *changed])),
    )


def _copies(old: Integers, new: Integers, *, once: bool = False) -> list[Pair]:
    """Equal numbers of both sides, the first with the first, the second with the second; or only those that occur once."""
    keys_old, keys_new = _occurrences(old), _occurrences(new)
    if once:
        keys_old, keys_new = keys_old[_single(old)], keys_new[_single(new)]
        places_old, places_new = np.flatnonzero(_single(old)), np.flatnonzero(_single(new))
    else:
        places_old, places_new = np.arange(len(old)), np.arange(len(new))
    _, chosen_old, chosen_new = np.intersect1d(keys_old, keys_new, assume_unique=True, return_indices=True)
    pairs = zip(places_old[chosen_old].tolist(), places_new[chosen_new].tolist(), strict=True)
    return sorted(Pair(one, other) for one, other in pairs)


def _occurrences(numbers: Integers) -> Integers:
    """Each number made unique by how often it came before; below 2**63 for up to 2**31 rows."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(numbers) else order
    ranks = np.empty(len(numbers), dtype=np.int64)
    lengths = np.diff(np.concatenate([starts, [len(numbers)]]))
    ranks[order] = np.arange(len(numbers)) - np.repeat(starts, lengths)
    keys: Integers = (numbers << 31) + ranks
    return keys


def _single(numbers: Integers) -> NDArray[np.bool_]:
    _, where, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return np.asarray(counts[where] == 1)


def _in_order(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The longest part of the pairs that keeps its order, and the rest; pairs are sorted by their sealed row."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, pair in enumerate(pairs):
        at = bisect_left(tails, pair.new)
        before.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(pair.new)
            ends.append(place)
        else:
            tails[at], ends[at] = pair.new, place
    chosen: set[int] = set()
    place = ends[-1] if ends else -1
    while place >= 0:
        chosen.add(place)
        place = before[place]
    kept = [pair for place, pair in enumerate(pairs) if place in chosen]
    return kept, [pair for place, pair in enumerate(pairs) if place not in chosen]


def _gaps(
    kept: list[Pair], whole: tuple[Integers, Integers], taken_old: set[int], taken_new: set[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Rows between two kept pairs that belong to nothing yet, where both sides have some."""
    last = Pair(-1, -1)
    for pair in (*kept, Pair(len(whole[0]), len(whole[1]))):
        if pair.old - last.old > 1 and pair.new - last.new > 1:
            rows_old = [row for row in range(last.old + 1, pair.old) if row not in taken_old]
            rows_new = [row for row in range(last.new + 1, pair.new) if row not in taken_new]
            if rows_old and rows_new:
                yield rows_old, rows_new
        last = pair


def _diffed(whole: tuple[Integers, Integers], rows_old: list[int], rows_new: list[int]) -> list[Pair]:
    """Equal rows of a gap in their order: a shortest edit script, unless it would be long."""
    one, other = whole[0][rows_old].tolist(), whole[1][rows_new].tolist()
    shared = set(one) & set(other)
    if not shared:
        return []
    equal = _myers(one, other)
    if equal is None:
        equal = _in_order(_copies(whole[0][rows_old], whole[1][rows_new]))[0]
    return [Pair(rows_old[i], rows_new[j]) for i, j in equal]


def _myers(one: list[int], other: list[int]) -> Sequence[tuple[int, int]] | None:
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


def _replaced(rows_old: list[int], rows_new: list[int], hints_old: Bytes, hints_new: Bytes) -> list[Pair]:
    """Rows of a gap that stand in each other's place: first those that are alike, then what is equally many between."""
    alike = _likened(rows_old, rows_new, hints_old, hints_new)
    pairs, last = list(alike), (-1, -1)
    found: list[Pair] = []
    for i, j in (*pairs, (len(rows_old), len(rows_new))):
        if i - last[0] == j - last[1]:
            between = zip(range(last[0] + 1, i), range(last[1] + 1, j), strict=True)
            found += [Pair(rows_old[a], rows_new[b]) for a, b in between]
        if i < len(rows_old):
            found.append(Pair(rows_old[i], rows_new[j]))
        last = (i, j)
    return found


def _likened(rows_old: list[int], rows_new: list[int], hints_old: Bytes, hints_new: Bytes) -> list[tuple[int, int]]:
    """Places of rows at least half of whose cells are equal, in order, as many equal cells as can be in all."""
    if max(len(rows_old), len(rows_new)) > _PAIRED:
        return []
    equal = (hints_old[rows_old][:, None, :] == hints_new[rows_new][None, :, :]).sum(axis=2)
    score = np.where(2 * equal >= hints_old.shape[1], equal, 0)
    best = np.zeros((len(rows_old) + 1, len(rows_new) + 1), dtype=np.int64)
    for i in range(1, len(rows_old) + 1):
        through = best[i - 1, :-1] + score[i - 1]
        best[i, 1:] = np.maximum.accumulate(np.maximum(best[i - 1, 1:], through))
    pairs: list[tuple[int, int]] = []
    i, j = len(rows_old), len(rows_new)
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _without(count: int, taken: "list[int] | set[int]") -> tuple[int, ...]:
    free = np.ones(count, dtype=bool)
    free[list(taken)] = False
    return tuple(np.flatnonzero(free).tolist())


def _shifted(found: Alignment, by: int, first: Pair) -> Alignment:
    def pairs(given: tuple[Pair, ...]) -> tuple[Pair, ...]:
        return tuple(Pair(pair.old + by, pair.new + by) for pair in given)

    head = (first,) if first.old >= 0 else ()
    return Alignment(
        changed=pairs(found.changed),
        moved=pairs(found.moved),
        removed=tuple(row + by for row in found.removed),
        added=tuple(row + by for row in found.added),
        kept=(*head, *pairs(found.kept)),
    )
