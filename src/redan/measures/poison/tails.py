"""Values far out of a column: further than its own tail reaches."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.001  # chance that any column of clean data is told
ROWS = 100
NEXT = 30  # spacings next to a gap that say how wide spacings are there
LEARNT = 40  # distinct values of one side from which on each counts once; with fewer every row counts
TIMES = 2.0  # further out than all others, at least
FEW_TIMES = 5.0  # likewise, where values are few
FURTHEST = math.log(1e9)  # what is said of wider gaps
LEAST = 1e-12  # of what is expected
MOST = 0.03  # of the rows; more are a part of the distribution
TRIED = 10.0  # how much further out than all others the values are that are planted for a trial
PLANTS = 10  # and how many of them, at most


class FarOut(NamedTuple):
    """What a column's ends say.

    Args:
        rows: with values beyond a gap that the tail does not explain.
        times: how much further out than all others the nearest of them is.
        seen: whether different values ten times further out than all others would be told, on both sides.
        planted: how many of them; fewer than ten where those were too large a part of the rows.
        endless: rows that hold infinity, which no tail reaches; not among `rows`.
    """

    rows: int
    times: float
    seen: bool
    planted: int
    endless: int


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
    finite, endless = values[np.isfinite(values)], int(np.isinf(values).sum())
    if len(finite) < ROWS or finite.min() == finite.max():
        return None
    away = finite / max(float(np.abs(finite).max()), 1e-300)
    away = away - np.median(away)
    ends = [_end(side * away, tests) for side in (1.0, -1.0)]
    planted = min(PLANTS, int(MOST * len(away)))
    seen = all(_seen(side * away, planted, tests) for side in (1.0, -1.0))
    return FarOut(sum(rows for rows, _ in ends), max(times for _, times in ends), seen, planted, endless)


def _seen(away: NDArray[np.float64], planted: int, tests: int) -> bool:
    """Whether a trial tells so many values."""
    reach = float(away.max())
    trial = np.concatenate([away, reach * TRIED * np.linspace(1.0, 2.0, planted)])
    return reach > 0 and _end(trial - np.median(trial), tests)[0] >= planted


def _end(away: NDArray[np.float64], tests: int) -> tuple[int, float]:
    """Rows that are told, and how far the nearest of them leaps.

    The widest gap is judged first and then the rows further in by themselves: their ranks would count the told ones.
    """
    left, most = np.sort(away[away > 0])[::-1], MOST * len(away)
    rows, times = 0, 0.0
    while (gap := _widest(left[rows:], most - rows, tests))[0]:
        rows, times = rows + gap[0], gap[1]
    return rows, times


def _widest(away: NDArray[np.float64], most: float, tests: int) -> tuple[int, float]:
    """Rows beyond the gap that is least explained, and its width; nothing when all are explained."""
    distinct, counts = np.unique(-away, return_counts=True)
    if len(distinct) < 2:  # noqa: PLR2004 -- a pair
        return 0, 0.0
    depth, beyond = np.log(-distinct), np.cumsum(counts)
    leaps = depth[:-1] - depth[1:]
    fit = beyond[:-1] <= most
    if len(distinct) < LEARNT:
        excess = np.where(leaps >= math.log(FEW_TIMES), _excess_few(depth, beyond, fit, tests), 0.0)
    else:
        excess = np.where(leaps >= math.log(TIMES), _excess_many(leaps, fit, tests), 0.0)
    first = int(np.argmax(excess))
    if excess[first] < 1:
        return 0, 0.0
    return int(beyond[first]), math.exp(min(float(leaps[first]), FURTHEST))


def _excess_many(leaps: NDArray[np.float64], fit: NDArray[np.bool_], tests: int) -> NDArray[np.float64]:
    """How much wider a gap is than the spacings further in explain, where hardly two values are equal."""
    spacings: NDArray[np.float64] = np.arange(1.0, len(leaps) + 1) * leaps
    tried = max(1, min(int(fit.sum()), len(spacings) - LEARNT))
    sums = np.concatenate([[0.0], np.cumsum(spacings)])
    last = np.minimum(np.arange(1, tried + 1) + NEXT, len(spacings))
    usual = (sums[last] - sums[1 : tried + 1]) / (last - np.arange(1, tried + 1))
    excess = np.zeros(len(leaps))
    excess[:tried] = fit[:tried] * spacings[:tried] / np.maximum(_needed(NEXT, tests * tried) * usual, LEAST)
    return excess


def _excess_few(
    depth: NDArray[np.float64], beyond: NDArray[np.int64], fit: NDArray[np.bool_], tests: int
) -> NDArray[np.float64]:
    """How much wider a gap is than the rows further in explain: whole sets of equal rows, where values are few."""
    excess = np.zeros(len(depth) - 1)
    for i in np.flatnonzero(fit):
        inner = beyond[i + 1 :] - beyond[i]
        stop = i + 2 + int(np.searchsorted(inner[:-2], NEXT))  # the value that the rows are compared with
        if stop >= len(depth):
            continue
        rows = int(beyond[stop - 1] - beyond[i])
        usual = float(np.diff(beyond[i:stop]) @ (depth[i + 1 : stop] - depth[stop])) / rows
        spacing = beyond[i] * (depth[i] - depth[i + 1])
        excess[i] = spacing / max(_needed(rows, tests * int(fit.sum())) * usual, LEAST)
    return excess


def _needed(rows: int, tried: int) -> float:
    """The tail of Fisher's F with 2 and twice so many degrees, in closed form."""
    return float(rows * ((LEVEL / (2 * tried)) ** (-1 / rows) - 1))
