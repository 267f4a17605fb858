"""Evaluation rows that are training rows with a few columns changed or with their numbers moved a little.

Judged as shared rows are: against how often training rows have near twins among themselves, how often evaluation rows
do, and whether the pairs stand alone; see `redan.measures.leakage`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from redan.measures.leakage import EXACT, Coincidence, Null, counted, judged, row_hashes
from redan.measures.twins import Rows, Scale, Twins, find_twins, scale_of, tolerance_of
from redan.stats.binomial import chance_of_at_least
from redan.tables import Table
from redan.tables.encoded import Coded, coded

ROWS = 100_000  # evaluation rows examined
CELLS = 40_000_000  # and fewer in wide tables: 320 MB of hashes
CONTINUOUS = 20  # a numeric column with more distinct values than this has neighbours worth the name
ORDINARY = 10.0  # how much rarer near misses may be than independent columns would make them
ODDS = 99.0
ODDS_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """Near duplicates of training rows among evaluation rows.

    Args:
        near: rows with a near twin but no exact one, out of the examined rows without an exact one.
        exact: examined rows with an exact twin.
        examined: evaluation rows looked at, a random sample when there are more.
        tolerance: columns that may differ.
    """

    near: Coincidence
    exact: int
    examined: int
    tolerance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Two tables prepared for the search.

    Args:
        plan: columns and their forms.
        numbers: numeric columns with many values.
        scale: of those.
        order: columns from the most to the least distinctive.
        odds: pairs that differ in one column per pair that agrees in all, as independent columns would have it.
    """

    plan: tuple[Coded, ...]
    numbers: tuple[str, ...]
    scale: Scale
    order: tuple[int, ...]
    odds: float

    @property
    def tolerance(self) -> int:
        """Columns that may differ in a near twin."""
        return tolerance_of(len(self.plan))

    def search(self, rows: Rows, table: Table, rng: np.random.Generator) -> Twins:
        """The twins of some rows in a whole table."""
        stream = table.batches(self.plan, self.numbers)
        return find_twins(
            rows, stream, size=table.rows, scale=self.scale, tolerance=self.tolerance, order=self.order, rng=rng
        )

    def sample(self, table: Table, limit: int, rng: np.random.Generator, *, own: bool) -> Rows:
        """At most `limit` random rows; `own` rows are left out of their own twins."""
        hashes, values, ids = table.picked(self.plan, self.numbers, limit, rng)
        return Rows(hashes=hashes, scores=self.scale.scores(values), ids=ids if own else np.full_like(ids, -1))

    def rows(self, table: Table, chosen: NDArray[np.int64] | None, own: bool) -> Rows:
        """Some rows by number (all when None); `own` rows are left out of their own twins."""
        hashes, values, ids = gathered(table, self.plan, self.numbers, chosen)
        return Rows(hashes=hashes, scores=self.scale.scores(values), ids=ids if own else np.full_like(ids, -1))


def near_duplicates(
    evaluation: Table, train: Table, columns: Sequence[str], rng: np.random.Generator, limit: int = ROWS
) -> NearDuplicates:
    """Looks for near duplicates of training rows among evaluation rows.

    Args:
        evaluation: rows of a validation, test or calibration set.
        train: rows that a model is trained on; all of them are searched.
        columns: names in both tables.
        rng: chooses the samples and projections.
        limit: evaluation rows examined.
    """
    look = sight(evaluation, train, columns, rng)
    limit = min(limit, max(CELLS // max(len(columns), 1), 1000))
    mine = look.sample(evaluation, limit, rng, own=False)
    null = look.sample(train, limit // 2, rng, own=True)
    both = Rows(
        hashes=np.concatenate([mine.hashes, null.hashes]),
        scores=np.concatenate([mine.scores, null.scores]),
        ids=np.concatenate([mine.ids, null.ids]),
    )
    twins = look.search(both, train, rng)
    found, own = part(twins, slice(0, len(mine.ids))), part(twins, slice(len(mine.ids), None))
    free = ~found.exact
    shared, nulls = _clusters(found), [_null(own)]
    near = judged(shared, int(free.sum()), nulls)
    if near.excess:
        inner = look.sample(evaluation, limit, rng, own=True)
        nulls.append(_null(look.search(inner, evaluation, rng), train.rows / evaluation.rows))
        near = judged(shared, int(free.sum()), nulls)
    alone, crowd = int((found.near & ~found.far & free).sum()), int((found.far & free).sum())
    near = replace(near, alone=stand_alone(alone, crowd, look.odds) and look.tolerance > 0)
    return NearDuplicates(near=near, exact=int(found.exact.sum()), examined=len(mine.ids), tolerance=look.tolerance)


def copies_stand_alone(
    evaluation: Table, train: Table, columns: Sequence[str], rng: np.random.Generator, limit: int = ROWS // 5
) -> bool:
    """Whether rows that are in both tables have no neighbours, as copies do and chance coincidences do not.

    Args:
        evaluation: rows of a validation, test or calibration set.
        train: rows that a model is trained on.
        columns: names in both tables.
        rng: chooses samples and projections.
        limit: coinciding rows, and others, that are looked at.
    """
    look = sight(evaluation, train, columns, rng)
    if not look.tolerance:
        return False
    inside = np.isin(row_hashes(evaluation, look.plan), np.unique(row_hashes(train, look.plan)))
    alike, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    picked = [p if len(p) <= limit else np.sort(rng.choice(p, limit, replace=False)) for p in (alike, others)]
    rows = look.rows(evaluation, np.sort(np.concatenate(picked)), own=False)
    twins = look.search(rows, train, rng)
    alone = int((twins.exact & ~twins.near).sum() * max(1.0, len(alike) / limit))
    weight = len(others) / limit
    crowd = (~twins.exact & twins.near).sum()
    return stand_alone(alone, int(crowd) if weight <= 1 else int((crowd + 3) * weight), look.odds)


def stand_alone(alone: int, crowd: int, odds: float) -> bool:
    """Whether pairs without neighbours are more than chance leaves.

    Args:
        alone: rows whose twin has no neighbours.
        crowd: rows with neighbours but no such twin.
        odds: near misses per coincidence among independent columns.
    """
    if alone <= crowd:
        return False
    chance = 1 / (1 + min(max(odds / ORDINARY, 1.0), ODDS))
    return chance_of_at_least(alone, alone + crowd, chance) <= EXACT


def sight(evaluation: Table, train: Table, columns: Sequence[str], rng: np.random.Generator) -> Sight:
    """Prepares two tables: which columns are numbers, their scales, and how distinctive each column is."""
    plan = coded(evaluation.kinds, train.kinds, columns)
    numeric = [c.name for c in plan if c.form in {"integer", "number"}]
    size = min(20_000, max(CELLS // max(len(columns), 1), 1000))
    hashes, values, _ = train.picked(plan, numeric, size, rng)
    distinct = [len(np.unique(hashes[:, i])) for i in range(len(plan))]
    names = [c.name for c in plan]
    numbers = [c for c in numeric if distinct[names.index(c)] > CONTINUOUS]
    values = values[:, [numeric.index(c) for c in numbers]]
    order = np.argsort([-d for d in distinct], kind="stable")
    return Sight(
        plan=plan,
        numbers=tuple(numbers),
        scale=scale_of(values, [names.index(c) for c in numbers]),
        order=tuple(int(i) for i in order),
        odds=_odds(hashes),
    )


def gathered(
    table: Table, plan: Sequence[Coded], numbers: Sequence[str], rows: NDArray[np.int64] | None
) -> tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.int64]]:
    """Hashes, numbers and row numbers of some rows (all when None); the row numbers are sorted."""
    hashes, values, ids = [np.empty((0, len(plan)), np.uint64)], [np.empty((0, len(numbers)))], [np.empty(0, np.int64)]
    for batch in table.batches(plan, numbers):
        last = batch.first + len(batch.hashes)
        here = np.arange(batch.first, last)
        if rows is not None:
            here = rows[np.searchsorted(rows, batch.first) : np.searchsorted(rows, last)]
        hashes.append(batch.hashes[here - batch.first])
        values.append(batch.numbers[here - batch.first])
        ids.append(here.astype(np.int64))
    return np.concatenate(hashes), np.concatenate(values), np.concatenate(ids)


def part(twins: Twins, where: slice) -> Twins:
    """The findings of some of the rows."""
    return Twins(
        exact=twins.exact[where],
        near=twins.near[where],
        far=twins.far[where],
        partner=twins.partner[where],
        distance=twins.distance[where],
    )


def _null(twins: Twins, growth: float = 1.0) -> Null:
    return Null(_clusters(twins), max(int((~twins.exact).sum()), 1), growth)


def _clusters(twins: Twins) -> NDArray[np.int64]:
    """How many near rows lean on each partner."""
    return counted(twins.partner[twins.near & ~twins.exact])


def _odds(hashes: NDArray[np.uint64]) -> float:
    """Sum over columns of (1 - q) / q, where q is the chance that two different rows agree in the column."""
    rows = np.unique(hashes[:ODDS_ROWS], axis=0)
    size = len(rows)
    if size <= 1:
        return 0.0
    shares = ((counted(rows[:, i]).astype(float) ** 2).sum() for i in range(rows.shape[1]))
    pairs = [max(s - size, 1.0) / max(size * (size - 1.0), 1.0) for s in shares]
    return float(sum(1 / q - 1 for q in pairs if q < 1))
