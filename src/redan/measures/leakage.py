"""Rows that evaluation data shares with training data, and how many of them chance alone would explain.

In a table of few categories rows coincide without any leak. Three things tell the two apart: how often training rows
coincide with each other (Good-Turing: the chance that a new row was seen before), how often evaluation rows do, and
whether the coinciding rows stand alone - chance leaves many pairs that differ in one column beside those that agree in
all, copying leaves none.

Source: Good (1953), "The population frequencies of species"; cluster-robust variance as in Liang and Zeger (1986).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.findings import Interval
from redan.tables import Table
from redan.tables.encoded import Batch, Coded, coded
from redan.tables.joins import Tally

PASS_ROWS = 20_000_000  # rows per pass: 160 MB of hashes a side
SIGMAS = 3.29  # one-sided 0.0005
EXACT = 0.01  # level of the stands-alone test


@dataclass(frozen=True, slots=True, kw_only=True)
class Coincidence:
    """Rows of one table that are in another, against what chance explains.

    Args:
        rows: rows that coincide.
        n: rows looked at.
        expected: rows that would coincide by chance.
        spread: standard deviation of `rows - expected`, rows.
        alone: whether the coinciding rows stand alone, as copies do.
    """

    rows: int
    n: int
    expected: float
    spread: float
    alone: bool = False

    @property
    def explained(self) -> int:
        """The most rows that chance explains at three sigma."""
        return math.floor(self.expected + SIGMAS * self.spread)

    @property
    def powerless(self) -> bool:
        """Whether rows coincide and any number of them would be put down to chance."""
        return self.rows > 0 and self.explained >= self.n

    @property
    def excess(self) -> bool:
        """Whether more rows coincide than chance explains."""
        return self.rows > self.expected + SIGMAS * self.spread

    @property
    def leaked(self) -> bool:
        """Whether the rows were shared rather than coincided."""
        return self.rows > 0 and (self.excess or self.alone)

    @property
    def interval(self) -> Interval:
        """95 % interval of the rows beyond chance."""
        middle, half = self.rows - self.expected, 1.96 * self.spread
        return Interval(max(0.0, middle - half), min(float(self.n), middle + half))


@dataclass(frozen=True, slots=True)
class Null:
    """How often rows coincide within one table.

    Args:
        groups: sizes of the groups of coinciding rows.
        rows: rows looked at.
        growth: how many times larger the searched table is than this one.
    """

    groups: NDArray[np.int64]
    rows: int
    growth: float = 1.0

    def expectation(self, n: int) -> tuple[float, float]:
        """Rows out of `n` that chance lets coincide, and the variance of that number."""
        inside = int(self.groups.sum())
        if not inside:
            return 0.0, 0.0
        rate = min(inside / self.rows, 1.0)
        # Jensen: one table of g k rows holds at most what g independent tables of k rows hold
        expected = n * (1 - (1 - rate) ** max(1.0, self.growth))
        return expected, (expected / inside) ** 2 * squares(self.groups)


def shared_rows(evaluation: Table, train: Table, columns: Sequence[str]) -> Coincidence:
    """Rows of `evaluation` whose values in `columns` are a row of `train`; missing equals missing.

    Args:
        evaluation: rows of a validation, test or calibration set.
        train: rows that a model is trained on.
        columns: names in both tables.

    Returns:
        The exact count, and what chance explains: the larger of the rate among training rows and, carried over to the
        size of the training set, among evaluation rows.
    """
    plan = coded(evaluation.kinds, train.kinds, columns)
    m, n = evaluation.rows, train.rows
    shared, own, inner = [], [], []
    passes = max(1, math.ceil(max(m, n) / PASS_ROWS))
    for number in range(passes):
        left, right = _tally(evaluation, plan, number, passes), _tally(train, plan, number, passes)
        hits = left.counts[right.hits(left) > 0]
        shared.append(hits)
        own.append(right.repeated())
        inner.append(left.repeated())
    among_train = Null(np.concatenate(own), n)
    among_evaluation = Null(np.concatenate(inner), m, n / max(m, 1))
    return judged(np.concatenate(shared), m, (among_train, among_evaluation))


def judged(shared: NDArray[np.int64], n: int, nulls: Sequence[Null]) -> Coincidence:
    """Coincidences against the largest of several null rates.

    Args:
        shared: evaluation rows per distinct row that they coincide with.
        n: evaluation rows looked at.
        nulls: how often rows coincide without a leak.
    """
    rows = int(shared.sum())
    if not rows:
        return Coincidence(rows=0, n=n, expected=0.0, spread=0.0)
    expected, variance = max(
        (null.expectation(n) for null in nulls), key=lambda pair: pair[0] + SIGMAS * math.sqrt(pair[1])
    )
    return Coincidence(rows=rows, n=n, expected=expected, spread=math.sqrt(squares(shared) + variance))


def squares(counts: NDArray[np.int64]) -> float:
    """Sum of squares: the variance of a total whose parts come in groups."""
    return float((counts.astype(np.float64) ** 2).sum())


def counted(values: NDArray[np.int64] | NDArray[np.uint64]) -> NDArray[np.int64]:
    """How often each distinct value occurs."""
    return np.unique(values, return_counts=True)[1].astype(np.int64)


def row_hashes(table: Table, plan: Sequence[Coded]) -> NDArray[np.uint64]:
    """One hash per row, in order."""
    return np.concatenate([np.empty(0, np.uint64), *(b.row_hashes for b in table.batches(plan))])


def _tally(table: Table, plan: Sequence[Coded], number: int, passes: int) -> Tally:
    if passes == 1:
        return Tally(row_hashes(table, plan))
    kept = (_of_pass(batch, number, passes) for batch in table.batches(plan))
    return Tally(np.concatenate([np.empty(0, np.uint64), *kept]))


def _of_pass(batch: Batch, number: int, passes: int) -> NDArray[np.uint64]:
    hashes = batch.row_hashes
    kept: NDArray[np.uint64] = hashes[(hashes >> np.uint64(33)) % np.uint64(passes) == number]
    return kept


def counters(table: Table, columns: Iterable[str]) -> tuple[str, ...]:
    """Integer columns that merely count the rows (0, 1, 2, ... or 1, 2, 3, ...), which say nothing about them."""
    whole = [c for c in columns if table.dtype(c) == "int"]
    found = []
    for column in whole:
        low, high = table.bounds(column)
        dense = low in {0, 1} and high - low + 1 == table.rows and table.rows > 1
        if dense and table.select([column]).distinct_counts()[column] == table.rows:
            found.append(column)
    return tuple(found)
