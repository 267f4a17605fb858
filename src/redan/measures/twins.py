"""Finds, for rows of one table, the rows of another that differ in a few columns only, without comparing all pairs.

Candidates share a key: the hash of half of the columns (a row changed in two of four blocks still keeps two), or the
cell of a random projection of the numeric columns (a row whose numbers all moved a little stays in most cells).
Candidates are then compared column by column. Keys that flood (many rows share them) contribute a bounded number of
candidates, so the work is linear in rows.

Source: blocking as in Broder (1997) and E2LSH (Datar et al., 2004, section 3), verified as research on recall advises.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.tables.encoded import Batch, combine

CLOSE = 0.1  # numbers within a tenth of the column's spread count as unchanged
CELL = 5.0  # width of a cell in units of what is close: wide against a change, narrow against the whole spread
GRIDS = 8  # independent projections; a row moved by CLOSE / 2 shares a cell in one of them with probability > 0.99
PAIRS_AT_ONCE = 200_000
PAIR_BUDGET = 2_000_000  # candidates per kind of key
NOWHERE = -1

Words = NDArray[np.uint64]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How numeric columns are made comparable: asinh((x - middle) / spread) tames heavy tails.

    Args:
        middle: medians, one per column.
        spread: robust standard deviations, one per column, above zero.
        places: index of each numeric column among the hashed columns.
        close: scaled numbers no further apart than this count as unchanged.
    """

    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    places: tuple[int, ...]
    close: float = CLOSE

    def scores(self, numbers: NDArray[np.float64]) -> Floats:
        """Scaled numbers, NaN where missing."""
        return np.arcsinh((numbers - self.middle) / self.spread).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows in the form in which they are compared.

    Args:
        hashes: rows x columns.
        scores: rows x numeric columns.
        ids: row numbers in the table that is searched, to leave a row out of its own twins; -1 for foreign rows.
    """

    hashes: Words
    scores: Floats
    ids: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """What was found for each row.

    Args:
        exact: a row alike in all columns exists.
        near: a row that differs in one to `tolerance` columns, or only by small changes of numbers, exists.
        far: a row that differs in a few more columns exists.
        partner: row number of the closest row; -1 when there is none.
        distance: columns in which the partner differs, plus a fraction that says how far the numbers moved.
    """

    exact: Flags
    near: Flags
    far: Flags
    partner: Indices
    distance: Floats


def tolerance_of(columns: int) -> int:
    """How many columns may differ between near duplicates of that many columns."""
    if columns < 3:
        return 0
    if columns < 7:
        return 1
    return 2 if columns < 60 else min(columns // 20, 8)


def scale_of(numbers: NDArray[np.float64], places: Sequence[int]) -> Scale:
    """Median and robust spread of each column of a sample; the plain deviation where the quartiles coincide."""
    if not numbers.size:
        return Scale(middle=np.zeros(len(places)), spread=np.ones(len(places)), places=tuple(places))
    masked = np.where(np.isnan(numbers).all(axis=0), 0.0, numbers)
    low, middle, high = np.nanquantile(masked, [0.25, 0.5, 0.75], axis=0)
    spread = (high - low) / 1.349
    spread = np.where(spread > 0, spread, np.nanstd(masked, axis=0))
    return Scale(middle=middle, spread=np.where(spread > 0, spread, 1.0), places=tuple(places))


def find_twins(
    rows: Rows,
    table: Iterable[Batch],
    size: int,
    scale: Scale,
    tolerance: int,
    order: Sequence[int],
    rng: np.random.Generator,
) -> Twins:
    """Looks for the twins of `rows` in a stream of batches.

    Args:
        rows: at most some hundred thousand.
        table: batches with the same columns.
        size: rows in all batches together.
        scale: of the numeric columns.
        tolerance: columns that may differ in a near twin.
        order: columns from the most to the least distinctive; blocks are dealt from it.
        rng: draws the projections.
    """
    count = len(rows.ids)
    search = _Search(rows, scale, tolerance)
    keys = _keys(scale, tolerance, order, size, rng)
    wanted = [_Wanted.of(key(rows.hashes, rows.scores), max(8, min(64, PAIR_BUDGET // max(count, 1)))) for key in keys]
    for batch in table:
        scores = scale.scores(batch.numbers)
        for key, index in zip(keys, wanted, strict=True):
            for mine, theirs in index.candidates(key(batch.hashes, scores)):
                search.compare(mine, theirs, batch, scores)
    return search.twins()


class _Search:
    """Collects the best candidate of every row."""

    def __init__(self, rows: Rows, scale: Scale, tolerance: int) -> None:
        count = len(rows.ids)
        self._rows, self._tolerance = rows, tolerance
        self._places, self._close = list(scale.places), scale.close
        self._exact, self._near, self._far = (np.zeros(count, dtype=bool) for _ in range(3))
        self._partner = np.full(count, NOWHERE, dtype=np.int64)
        self._distance = np.full(count, np.inf, dtype=np.float32)

    def compare(self, mine: Indices, theirs: Indices, batch: Batch, scores: Floats) -> None:
        """Counts differing columns of candidate pairs."""
        ids = batch.first + theirs
        others = ids != self._rows.ids[mine]
        mine, theirs, ids = mine[others], theirs[others], ids[others]
        differ = self._rows.hashes[mine] != batch.hashes[theirs]
        alike = ~differ.any(axis=1)
        self._exact[mine[alike]] = True
        distance = np.zeros(len(mine), dtype=np.float32)
        if self._places:
            moved = np.abs(self._rows.scores[mine] - scores[theirs])
            differ[:, self._places] &= ~(moved <= self._close)
            distance = np.nan_to_num(moved).clip(max=1.0).mean(axis=1) * np.float32(0.999)
        amount = differ.sum(axis=1)
        distance += amount.astype(np.float32)  # columns count first, then how far the numbers moved
        self._near[mine[~alike & (amount <= self._tolerance)]] = True
        self._far[mine[(amount > self._tolerance) & (amount <= 2 * self._tolerance + 2)]] = True
        self._keep(mine, ids, distance)

    def _keep(self, mine: Indices, ids: Indices, distance: Floats) -> None:
        order = np.argsort(-distance, kind="stable")  # assigned last, so the smallest stays
        mine, ids, distance = mine[order], ids[order], distance[order]
        better = distance < self._distance[mine]
        self._distance[mine[better]] = distance[better]
        self._partner[mine[better]] = ids[better]

    def twins(self) -> Twins:
        """What was found."""
        return Twins(
            exact=self._exact,
            near=self._near,
            far=self._far,
            partner=self._partner,
            distance=self._distance,
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Sorted keys of the rows whose twins are looked for."""

    keys: Words
    starts: Indices
    counts: Indices
    rows: Indices
    seen: Indices
    cap: int

    @classmethod
    def of(cls, keys: Words, cap: int) -> "_Wanted":
        order = np.argsort(keys, kind="stable")
        unique, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
        return cls(unique, starts, counts, order, np.zeros(len(unique), dtype=np.int64), cap)

    def candidates(self, keys: Words) -> Iterator[tuple[Indices, Indices]]:
        """Pairs (wanted row, row of the batch) with the same key, at most `cap` of the table's rows per key."""
        if not len(self.keys):
            return
        order = np.argsort(keys)  # sorted look-ups walk the cache instead of jumping in it
        place = np.minimum(np.searchsorted(self.keys, keys[order]), len(self.keys) - 1)
        hit = self.keys[place] == keys[order]
        place, theirs = place[hit], order[hit]
        if not len(place):
            return
        new = np.flatnonzero(np.diff(place, prepend=-1))
        rank = np.arange(len(place)) - np.repeat(new, np.diff(new, append=len(place)))
        kept = rank + self.seen[place] < self.cap
        self.seen[place[new]] += np.diff(new, append=len(place))
        place, theirs = place[kept], theirs[kept]
        ends = np.cumsum(self.counts[place])
        start = 0
        while start < len(place):  # a slice of candidates at a time bounds memory
            base = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, base + PAIRS_AT_ONCE)))
            yield self._expanded(place[start:stop], theirs[start:stop])
            start = stop

    def _expanded(self, place: Indices, theirs: Indices) -> tuple[Indices, Indices]:
        counts = self.counts[place]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.rows[np.repeat(self.starts[place], counts) + within], np.repeat(theirs, counts)


@dataclass(frozen=True, slots=True)
class _BlockKey:
    """Hash of some columns."""

    columns: tuple[int, ...]

    def __call__(self, hashes: Words, scores: Floats) -> Words:
        return combine(hashes, self.columns)


@dataclass(frozen=True, slots=True)
class _CellKey:
    """Cell of a random projection of the numeric columns, with the hash of all others."""

    others: tuple[int, ...]
    directions: Floats
    offsets: Floats
    width: float

    def __call__(self, hashes: Words, scores: Floats) -> Words:
        filled = np.nan_to_num(scores, nan=0.0)
        cells = np.floor((filled @ self.directions + self.offsets) / np.float32(self.width)).astype(np.int64)
        return combine(np.column_stack([combine(hashes, self.others), cells.view(np.uint64)]))


def _keys(
    scale: Scale, tolerance: int, order: Sequence[int], size: int, rng: np.random.Generator
) -> list[_BlockKey | _CellKey]:
    width = len(scale.places)
    keys: list[_BlockKey | _CellKey] = [_BlockKey(c) for c in _blocks(order, tolerance)]
    if width:
        others = tuple(sorted(set(order) - set(scale.places)))
        cell = CELL * scale.close
        # two standard normals share a cell with probability cell / (2 sqrt(pi)); all pairs together about once a row
        meet = min(cell / (2 * math.sqrt(math.pi)), 0.7)
        depth = max(2, math.ceil(math.log(max(size, 2)) / -math.log(meet)))
        for _ in range(GRIDS):
            directions = rng.standard_normal((width, depth))
            directions /= np.linalg.norm(directions, axis=0)
            offsets = rng.uniform(0, cell, depth)
            keys.append(_CellKey(others, directions.astype(np.float32), offsets.astype(np.float32), cell))
    return keys


def _blocks(order: Sequence[int], tolerance: int) -> list[tuple[int, ...]]:
    """Sets of columns of which at least one survives any `tolerance` changes."""
    if tolerance <= 2:  # tolerance + 2 blocks, any change leaves two whole: their pairs are the keys
        parts = [tuple(order[i :: tolerance + 2]) for i in range(tolerance + 2)]
        chosen = itertools.combinations([p for p in parts if p], 2)
        return [tuple(sorted(a + b)) for a, b in chosen] or [tuple(sorted(order))]
    parts = [tuple(sorted(order[i :: tolerance + 1])) for i in range(tolerance + 1)]
    return [p for p in parts if p]
