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

from redan.tables.encoded import Batch, mixed, scattered

CLOSE = 0.1  # numbers within a tenth of the column's spread count as unchanged
CELL = 5.0  # width of a cell in units of what is close: wide against a change, narrow against the whole spread
GRIDS = 6  # independent projections; a row moved by CLOSE / 2 shares a cell in one of them with probability > 0.99
PAIRS_AT_ONCE = 200_000
PAIR_BUDGET = 2_000_000  # candidates per kind of key
TOLERANCES = ((0, 3), (1, 7), (2, 60))  # (columns that may differ, in tables of fewer columns than this)
PAIRED = 2  # up to this tolerance pairs of blocks are keys, above it single ones, which are wide enough then
NOWHERE = -1
SIDE = 32  # cells told apart along one projection; further out is one cell
DEPTH = 10  # 32**10 < 2**53, so a cell's number is exact in a double
DOOR_BITS = 22

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
    return next((few for few, below in TOLERANCES if columns < below), min(columns // 20, 8))


def scale_of(numbers: NDArray[np.float64], places: Sequence[int]) -> Scale:
    """Median and robust spread of each column of a sample; the plain deviation where the quartiles coincide."""
    if not numbers.size:
        return Scale(middle=np.zeros(len(places)), spread=np.ones(len(places)), places=tuple(places))
    masked = np.where(np.isnan(numbers).all(axis=0), 0.0, numbers)
    low, middle, high = np.nanquantile(masked, [0.25, 0.5, 0.75], axis=0)
    with np.errstate(over="ignore", invalid="ignore"):  # the largest numbers there are have no spread
        spread = (high - low) / 1.349
        spread = np.where(spread > 0, spread, np.nanstd(masked, axis=0))
    return Scale(middle=middle, spread=np.where((spread > 0) & np.isfinite(spread), spread, 1.0), places=tuple(places))


def find_twins(
    rows: Rows,
    table: Iterable[Batch],
    *,
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
    search = _Search(rows, scale, tolerance)
    every = len(rows.ids) * size <= PAIR_BUDGET
    keys = _Keys.shared_by_all() if every else _Keys.of(scale, tolerance, order, size, rng)
    cap = size if every else max(8, min(64, PAIR_BUDGET // max(len(rows.ids), 1)))
    wanted = [_Wanted.of(key, cap) for key in keys.of_rows(rows.hashes, rows.scores).T]
    for batch in table:
        scores = scale.scores(batch.numbers)
        for index, found in zip(wanted, keys.of_rows(batch.hashes, scores).T, strict=True):
            for mine, theirs in index.candidates(found):
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
        """Counts differing columns of candidate pairs; numbers first, since they rule out most."""
        limit = 2 * self._tolerance + 2
        other = batch.first + theirs != self._rows.ids[mine]
        mine, theirs = mine[other], theirs[other]
        moved = np.abs(self._rows.scores[mine] - scores[theirs])
        one_missing = np.isnan(self._rows.scores[mine]) != np.isnan(scores[theirs])
        apart = (moved > self._close) | one_missing
        likely = apart.sum(axis=1) <= limit
        mine, theirs, moved, apart = mine[likely], theirs[likely], moved[likely], apart[likely]
        differ = self._rows.hashes[mine] != batch.hashes[theirs]
        alike = ~differ.any(axis=1)
        differ[:, self._places] = apart
        amount = differ.sum(axis=1)
        distance = amount.astype(np.float32)  # columns count first, then how far the numbers moved
        if self._places:
            distance += np.nan_to_num(moved).clip(max=1.0).mean(axis=1) * np.float32(0.999)
        self._exact[mine[alike]] = True
        self._near[mine[~alike & (amount <= self._tolerance)]] = True
        self._far[mine[(amount > self._tolerance) & (amount <= limit)]] = True
        self._keep(mine, batch.first + theirs, distance)

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
    """Sorted keys of the rows whose twins are looked for, behind a filter that turns most other rows away."""

    keys: Words
    starts: Indices
    counts: Indices
    rows: Indices
    seen: Indices
    door: Flags
    shift: np.uint64
    cap: int

    @classmethod
    def of(cls, keys: Words, cap: int) -> "_Wanted":
        """Prepares the keys of all wanted rows, one kind of key."""
        order = np.argsort(keys, kind="stable")
        unique, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
        bits = min(
            max(10, (32 * len(unique)).bit_length()), DOOR_BITS
        )  # one place in 32 open, while that stays in cache
        door = np.zeros(1 << bits, dtype=bool)
        door[unique >> np.uint64(64 - bits)] = True
        return cls(
            unique, starts, counts, order, np.zeros(len(unique), dtype=np.int64), door, np.uint64(64 - bits), cap
        )

    def candidates(self, keys: Words) -> Iterator[tuple[Indices, Indices]]:
        """Pairs (wanted row, row of the batch) with the same key, at most `cap` of the table's rows per key."""
        theirs = np.flatnonzero(self.door[keys >> self.shift])
        if not len(self.keys) or not len(theirs):
            return
        place = np.minimum(np.searchsorted(self.keys, keys[theirs]), len(self.keys) - 1)
        hit = self.keys[place] == keys[theirs]
        place, theirs = place[hit], theirs[hit]
        order = np.argsort(place, kind="stable")
        place, theirs = place[order], theirs[order]
        new = np.flatnonzero(np.diff(place, prepend=-1))
        lengths = np.diff(new, append=len(place))
        kept = np.arange(len(place)) - np.repeat(new, lengths) + self.seen[place] < self.cap
        self.seen[place[new]] += lengths
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Everything that twins may share.

    Args:
        blocks: sets of columns whose hash is a key.
        others: columns that are no numbers; their hash is part of every cell.
        directions: float32, numeric columns x (grids * depth).
        offsets: float32, grids * depth.
        depth: projections per cell.
        cell: width of a cell.
    """

    blocks: tuple[tuple[int, ...], ...]
    others: tuple[int, ...]
    directions: Floats
    offsets: Floats
    depth: int
    cell: float

    @classmethod
    def of(cls, scale: Scale, tolerance: int, order: Sequence[int], size: int, rng: np.random.Generator) -> "_Keys":
        """Draws the keys for a search through `size` rows."""
        width, cell = len(scale.places), CELL * scale.close
        # two standard normals share a cell with probability cell / (2 sqrt(pi)); each row is to meet 0.2 strangers
        meet = min(cell / (2 * math.sqrt(math.pi)), 0.7)
        depth = min(max(2, math.ceil(math.log(5 * max(size, 2)) / -math.log(meet))), DEPTH)
        directions = rng.standard_normal((width, GRIDS * depth)) if width else np.empty((0, 0))
        if width:
            directions /= np.linalg.norm(directions, axis=0)
        return cls(
            blocks=tuple(_blocks(order, tolerance)),
            others=tuple(sorted(set(order) - set(scale.places))),
            directions=directions.astype(np.float32),
            offsets=rng.uniform(0, cell, (directions.shape[1],)).astype(np.float32),
            depth=depth,
            cell=cell,
        )

    @classmethod
    def shared_by_all(cls) -> "_Keys":
        """One key that all rows have: every pair is a candidate, as small tables can afford."""
        none = np.empty((0, 0), dtype=np.float32)
        return cls(blocks=((),), others=(), directions=none, offsets=none[0:0, 0:0].ravel(), depth=0, cell=1.0)

    def of_rows(self, hashes: Words, scores: Floats) -> Words:
        """All keys of some rows: rows x kinds of key, column by column in memory."""
        words = mixed(hashes, (*self.blocks, self.others))
        if not self.directions.size:
            return np.asfortranarray(words[:, : len(self.blocks)])
        filled = np.where(np.isnan(scores), np.float32(0), scores)
        cells = np.floor((filled @ self.directions + self.offsets) / np.float32(self.cell))
        np.clip(cells, -SIDE // 2, SIDE // 2 - 1, out=cells)
        powers = np.array([float(SIDE) ** i for i in range(self.depth)], dtype=np.float64)
        packed = cells.reshape(len(cells), GRIDS, self.depth).astype(np.float64) @ powers  # whole numbers below 2**53
        grids = scattered(packed.astype(np.int64).view(np.uint64) ^ words[:, -1:])
        return np.asfortranarray(np.concatenate([words[:, :-1], grids], axis=1))


def _blocks(order: Sequence[int], tolerance: int) -> list[tuple[int, ...]]:
    """Sets of columns of which at least one survives any `tolerance` changes."""
    if tolerance <= PAIRED:  # tolerance + 2 blocks, any change leaves two whole: their pairs are the keys
        parts = [tuple(order[i :: tolerance + 2]) for i in range(tolerance + 2)]
        chosen = itertools.combinations([p for p in parts if p], 2)
        return [tuple(sorted(a + b)) for a, b in chosen] or [tuple(sorted(order))]
    parts = [tuple(sorted(order[i :: tolerance + 1])) for i in range(tolerance + 1)]
    return [p for p in parts if p]
