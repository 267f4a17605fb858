"""Values far out of a column: further than its own tail reaches."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.001  # chance that any column of clean data is told
ROWS = 100
NEXT = 30  # spacings next to a gap that say how wide spacings are there
LEARNT = 40  # distinct values of one side, at least; with fewer a value must be `FEW_TIMES` further out than the rest
TIMES = 2.0
FEW_TIMES = 5.0
MOST = 0.03  # of the rows; more are a part of the distribution
TRIED = 10.0  # how much further out than all others the values are that are planted for a trial
PLANTS = 10  # and how many of them


class FarOut(NamedTuple):
    """What a column's ends say.

    Args:
        rows: with values beyond a gap that the tail does not explain.
        times: how much further out than all others the nearest of them is.
        seen: whether ten different values ten times further out than all others would be told, on both sides.
    """

    rows: int
    times: float
    seen: bool


def far_out(values: NDArray[np.float64], tests: int) -> FarOut | None:
    """Looks for a gap in each end of a column.

    Log-spacings of the largest of n values, each times its rank, are independent and exponential when the tail is
    Pareto's, and smaller further out when it is lighter; so heavy tails raise no alarm. Equal values count once: many
    rows at one far value are a code, or a cap, as long as others lead there.

    Source: Renyi's representation as in Hill, Annals of Statistics 3 (1975).

    Args:
        values: shape (n,), NaN where missing.
        tests: columns that are looked at, for the correction.

    Returns:
        None for fewer than a hundred values or a column with one value.
    """
    finite = values[np.isfinite(values)]
    if len(finite) < ROWS or finite.min() == finite.max():
        return None
    away = finite / max(float(np.abs(finite).max()), 1e-300)
    away = away - np.median(away)
    ends = [_end(side * away, tests) for side in (1.0, -1.0)]
    rows = sum(end.rows for end in ends)
    return FarOut(rows, max(end.times for end in ends), all(end.seen for end in ends))


def _end(away: NDArray[np.float64], tests: int) -> FarOut:
    distinct, counts = np.unique(-away[away > 0], return_counts=True)
    far = -distinct
    beyond = np.cumsum(counts)
    most = MOST * len(away)
    if len(far) < 2:  # noqa: PLR2004 -- a pair
        return FarOut(0, 0.0, seen=len(far) > 0 and TRIED >= FEW_TIMES)
    times = far[:-1] / far[1:]
    if len(far) < LEARNT:
        told = np.flatnonzero((times >= FEW_TIMES) & (beyond[:-1] <= most) & (len(far) - np.arange(1, len(far)) > 1))
        return FarOut(int(beyond[told[-1]]), float(times[told[-1]]), seen=True) if len(told) else FarOut(0, 0.0, True)
    spacings: NDArray[np.float64] = np.arange(1.0, len(far)) * np.log(times)
    tried = max(1, min(int(np.searchsorted(beyond, most, "right")), len(spacings) - LEARNT))
    level = LEVEL / (2 * tests * tried)
    needed = NEXT * (level ** (-1 / NEXT) - 1)  # the tail of Fisher's F with 2 and 2 NEXT degrees, in closed form
    sums = np.concatenate([[0.0], np.cumsum(spacings)])
    last = np.minimum(np.arange(1, tried + 1) + NEXT, len(spacings))
    usual = (sums[last] - sums[1 : tried + 1]) / (last - np.arange(1, tried + 1))
    told = np.flatnonzero((spacings[:tried] >= needed * usual) & (times[:tried] >= TIMES) & (beyond[:tried] <= most))
    seen = PLANTS * math.log(TRIED) >= needed * _after(spacings)
    return FarOut(int(beyond[told[-1]]), float(times[told[-1]]), seen) if len(told) else FarOut(0, 0.0, seen)


def _after(spacings: NDArray[np.float64]) -> float:
    """The mean spacing next to a gap, once the ranks have moved by the rows that were planted."""
    ranks = np.arange(1, NEXT + 1)
    return float(np.mean(spacings[:NEXT] / ranks * (ranks + PLANTS)))
