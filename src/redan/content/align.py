"""Which row of today is which sealed row, from digests alone.

Rows that occur once on both sides are anchors, and the longest run of them that kept its order stays (patience diff,
Cohen 2009); what lies between two anchors is aligned by Myers' O(ND) algorithm (1986). Rows that are left are moved
when they occur on the other side, changed when they stand in each other's place, else removed or added.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.content.cells import Bytes
from redan.content.edits import equal_places, longest_rising
from redan.content.rows import SHORT_BYTES, Rows
from redan.errors import InputError

Integers: TypeAlias = NDArray[np.int64]
Parts: TypeAlias = Callable[[int, int], tuple[Bytes, Bytes]]

MOST_ROWS = 20_000_000  # between the first and the last difference, both sides together: about 2 GB
_CHUNK = 1 << 20
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
        kept: the rows that stayed, pairs x 2, to say where something was added.
    """

    changed: tuple[Pair, ...]
    moved: tuple[Pair, ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]
    kept: Integers = field(repr=False)

    def after(self, new: int) -> int:
        """The number, from 1, of the last sealed row that stands before a row of today; 0 for none."""
        place = int(np.searchsorted(self.kept[:, 1], new))
        return int(self.kept[place - 1, 0]) + 1 if place else 0


class _Free:
    """Which rows of the two sides belong to nothing yet."""

    def __init__(self, old: int, new: int) -> None:
        self.old, self.new = np.ones(old, dtype=bool), np.ones(new, dtype=bool)

    def take(self, pairs: Integers) -> None:
        """Rows that belong to each other are free no longer."""
        self.old[pairs[:, 0]] = False
        self.new[pairs[:, 1]] = False

    def gaps(self, kept: Integers) -> Iterator[tuple[Integers, Integers]]:
        """Free rows between two kept pairs, where both sides have some."""
        edges = np.concatenate([[[-1, -1]], kept, [[len(self.old), len(self.new)]]])
        wide = np.flatnonzero((np.diff(edges, axis=0) > 1).all(axis=1))
        for place in wide.tolist():
            (old, new), (end_old, end_new) = edges[place].tolist(), edges[place + 1].tolist()
            rows_old = np.flatnonzero(self.old[old + 1 : end_old]) + old + 1
            rows_new = np.flatnonzero(self.new[new + 1 : end_new]) + new + 1
            if len(rows_old) and len(rows_new):
                yield rows_old, rows_new


def align(old: Rows, new: Rows) -> Alignment:
    """What became of sealed rows.

    Args:
        old: from the record.
        new: of the table today, read with the same columns.

    Raises:
        InputError: more rows lie between the first and the last difference than are aligned.
    """
    start, end = _common(old.digests, new.digests)
    ours, theirs = slice(start, old.count - end), slice(start, new.count - end)
    if old.count + new.count - 2 * (start + end) > MOST_ROWS:
        raise InputError(f"more than {MOST_ROWS:,} rows lie between the first and the last difference")
    whole = _numbered(old.digests[ours], new.digests[theirs])
    if old.identities is not None and new.identities is not None:
        found = _by_identity(_numbered(old.identities[ours], new.identities[theirs]), whole)
    else:
        found = _by_content(whole, np.asarray(old.hints[ours]), np.asarray(new.hints[theirs]))
    return _shifted(found, start)


def _common(old: Bytes, new: Bytes) -> tuple[int, int]:
    """Rows alike at the start and, of the others, at the end."""
    shorter, ends = min(len(old), len(new)), (len(old), len(new))
    start = _alike(lambda first, last: (old[first:last], new[first:last]), shorter)
    end = _alike(
        lambda first, last: (
            old[ends[0] - last : ends[0] - first][::-1],
            new[ends[1] - last : ends[1] - first][::-1],
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
    ordered = words[order]
    fresh = (ordered[1:] != ordered[:-1]).any(axis=1)
    numbers = np.empty(len(words), dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(fresh)])[: len(words)]
    return numbers[: len(old)], numbers[len(old) :]


def _by_identity(names: tuple[Integers, Integers], whole: tuple[Integers, Integers]) -> Alignment:
    pairs = _copies(*names)
    same = whole[0][pairs[:, 0]] == whole[1][pairs[:, 1]]
    rising = longest_rising(pairs[:, 1])
    free = _Free(len(names[0]), len(names[1]))
    free.take(pairs)
    return _alignment(pairs[~same], pairs[same & ~rising], free, pairs[rising])


def _by_content(whole: tuple[Integers, Integers], hints_old: Bytes, hints_new: Bytes) -> Alignment:
    free = _Free(len(whole[0]), len(whole[1]))
    anchors = _copies(*whole, once=True)
    rising = longest_rising(anchors[:, 1])
    kept, moved = anchors[rising], anchors[~rising]
    free.take(anchors)
    equal = [_diffed(whole, old, new) for old, new in free.gaps(kept)]
    kept = _sorted(np.concatenate([kept, *equal]))
    free.take(kept)
    left_old, left_new = np.flatnonzero(free.old), np.flatnonzero(free.new)
    late = _copies(whole[0][left_old], whole[1][left_new])
    moved = _sorted(np.concatenate([moved, np.column_stack([left_old[late[:, 0]], left_new[late[:, 1]]])]))
    free.take(moved)
    replaced = [_replaced(old, new, hints_old, hints_new) for old, new in free.gaps(kept)]
    changed = _sorted(np.concatenate([np.empty((0, 2), np.int64), *replaced]))
    free.take(changed)
    return _alignment(changed, moved, free, _sorted(np.concatenate([kept, changed])))


def _alignment(changed: Integers, moved: Integers, free: _Free, kept: Integers) -> Alignment:
    return Alignment(
        changed=tuple(Pair(*pair) for pair in changed.tolist()),
        moved=tuple(Pair(*pair) for pair in moved.tolist()),
        removed=tuple(np.flatnonzero(free.old).tolist()),
        added=tuple(np.flatnonzero(free.new).tolist()),
        kept=kept,
    )


def _sorted(pairs: Integers) -> Integers:
    ordered: Integers = pairs[np.argsort(pairs[:, 0], kind="stable")]
    return ordered


def _copies(old: Integers, new: Integers, *, once: bool = False) -> Integers:
    """Equal numbers of both sides, pairs x 2 by the sealed row: the first with the first, the second with the second.

    Args:
        old: numbers of sealed rows.
        new: numbers of rows of today.
        once: only those that occur once on each side.
    """
    places_old = np.flatnonzero(_single(old)) if once else np.arange(len(old))
    places_new = np.flatnonzero(_single(new)) if once else np.arange(len(new))
    keys_old, keys_new = _occurrences(old[places_old]), _occurrences(new[places_new])
    _, ours, theirs = np.intersect1d(keys_old, keys_new, assume_unique=True, return_indices=True)
    return _sorted(np.column_stack([places_old[ours], places_new[theirs]]).astype(np.int64))


def _occurrences(numbers: Integers) -> Integers:
    """Each number made unique by how often it came before; below 2**63 for up to 2**31 rows."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(numbers) else order
    lengths = np.diff(np.concatenate([starts, [len(numbers)]]))
    ranks = np.empty(len(numbers), dtype=np.int64)
    ranks[order] = np.arange(len(numbers)) - np.repeat(starts, lengths)
    keys: Integers = (numbers << 31) + ranks
    return keys


def _single(numbers: Integers) -> NDArray[np.bool_]:
    _, where, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return np.asarray(counts[where] == 1)


def _diffed(whole: tuple[Integers, Integers], rows_old: Integers, rows_new: Integers) -> Integers:
    """Equal rows of a gap in their order: a shortest edit script, or copies in order where that would be long."""
    one, other = whole[0][rows_old], whole[1][rows_new]
    if not np.intersect1d(one, other).size:
        return np.empty((0, 2), dtype=np.int64)
    equal = equal_places(one.tolist(), other.tolist())
    if equal is None:
        pairs = _copies(one, other)
        places = pairs[longest_rising(pairs[:, 1])]
    else:
        places = np.array(equal, dtype=np.int64).reshape(-1, 2)
    return np.column_stack([rows_old[places[:, 0]], rows_new[places[:, 1]]])


def _replaced(rows_old: Integers, rows_new: Integers, hints_old: Bytes, hints_new: Bytes) -> Integers:
    """Rows of a gap that stand in each other's place: first those that are alike, then what is equally many between."""
    found: list[tuple[int, int]] = []
    last = (-1, -1)
    size = (len(rows_old), len(rows_new))
    for i, j in (*_likened(rows_old, rows_new, hints_old, hints_new), size):
        if i - last[0] == j - last[1]:
            found += zip(range(last[0] + 1, i), range(last[1] + 1, j), strict=True)
        if (i, j) != size:
            found.append((i, j))
        last = (i, j)
    places = np.array(found, dtype=np.int64).reshape(-1, 2)
    return np.column_stack([rows_old[places[:, 0]], rows_new[places[:, 1]]])


def _likened(rows_old: Integers, rows_new: Integers, hints_old: Bytes, hints_new: Bytes) -> list[tuple[int, int]]:
    """Places of rows at least half of whose cells are equal, in order, as many equal cells as can be in all."""
    if max(len(rows_old), len(rows_new)) > _PAIRED:
        return []
    equal = np.array([(hints_new[rows_new] == hints_old[row]).sum(axis=1) for row in rows_old])
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


def _shifted(found: Alignment, by: int) -> Alignment:
    def pairs(given: tuple[Pair, ...]) -> tuple[Pair, ...]:
        return tuple(Pair(pair.old + by, pair.new + by) for pair in given)

    head = np.array([[by - 1, by - 1]] if by else [], dtype=np.int64).reshape(-1, 2)
    return Alignment(
        changed=pairs(found.changed),
        moved=pairs(found.moved),
        removed=tuple(row + by for row in found.removed),
        added=tuple(row + by for row in found.added),
        kept=np.concatenate([head, found.kept + by]),
    )
