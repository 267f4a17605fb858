"""How many rows each interval brought: within the range that was declared, or that the other intervals show as usual.

Source: Anscombe, The Transformation of Poisson, Binomial and Negative-Binomial Data, Biometrika 35 (1948). Medians and
a robust spread, because the flood that is looked for is itself in the data; seven medians for daily counts, because
weekends are no attack.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.measures.load.arrivals import Arrivals
from redan.stats.robust import EFFICIENCY, qn

ALPHA = 0.01  # chance of any alarm over all intervals of a stable source
FACTOR = 1.5  # an interval must bring this many times what is usual, or this part of it
FEWEST = 14  # intervals; with fewer, what is usual cannot be told from what is not
_BURSTY = 1.5  # times the spread of a Poisson count, from where logarithms fit better than square roots

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The volume of a source.

    Args:
        counts: rows by interval.
        expected: what is usual in each; the middle of the range when it was declared.
        low: fewest rows that are within range, per interval.
        high: most rows, per interval.
        judged: intervals that were compared.
        outside: those that are out of range.
        learned: whether the range follows from the data.
    """

    counts: NDArray[np.int64]
    expected: Floats
    low: Floats
    high: Floats
    judged: int
    outside: tuple[int, ...]
    learned: bool


def volume(found: Arrivals, declared: tuple[float, float] | None = None, factor: float = FACTOR) -> Volume:
    """Compares every interval with what is usual.

    An interval at the edge of the data may be cut off, so it is never too small; misdated rows were left out before.

    Args:
        found: rows by interval.
        declared: fewest and most rows of one interval; None learns the range from all intervals.
        factor: the least excess that counts when the range is learned.

    Raises:
        IncompleteError: nothing was declared, and there are too few intervals to learn from.
    """
    counts, whole = found.totals, found.whole
    if declared is not None:
        low, high = (np.full(len(counts), bound) for bound in declared)
        expected = (low + high) / 2
    else:
        if len(counts) < FEWEST:
            raise IncompleteError(f"{len(counts)} intervals are too few to learn what is usual; {FEWEST} are needed")
        expected, low, high = usual(counts, found.season, ALPHA)
        low, high = np.minimum(low, expected / factor), np.maximum(high, expected * factor)
    outside = np.flatnonzero((counts > high) | ((counts < low) & whole))
    return Volume(
        counts=counts,
        expected=expected,
        low=low,
        high=high,
        judged=len(counts),
        outside=tuple(int(i) for i in outside),
        learned=declared is None,
    )


def usual(counts: NDArray[np.int64], season: int, alpha: float) -> tuple[Floats, Floats, Floats]:
    """Median, lower and upper limit per interval, so that a stable series stays inside with chance 1 - alpha.

    Args:
        counts: rows by interval, shape (t,).
        season: length of the period, 1 without one.
        alpha: over all intervals and both sides.
    """
    roots = np.sqrt(counts + 0.375) * 2
    middle = _middle(roots, season)
    spread = max(1.0, _spread(roots - middle, season))
    bounds = _limits(middle, spread, season, alpha)
    expected, low, high = ((np.maximum(v, 0) / 2) ** 2 - 0.375 for v in (middle, *bounds))
    if spread > _BURSTY:  # the wider of two scales: logarithms for bursts, roots for sums of many small causes
        logs = np.log(counts + 0.5)
        middle = _middle(logs, season)
        lower, upper = _limits(middle, _spread(logs - middle, season), season, alpha)
        low, high = np.minimum(low, np.exp(lower) - 0.5), np.maximum(high, np.exp(upper) - 0.5)
    return np.maximum(expected, 0.0), np.maximum(low, 0.0), np.maximum(high, 0.0)


def _limits(middle: Floats, spread: float, season: int, alpha: float) -> tuple[Floats, Floats]:
    from scipy.stats import t

    freedom = max(EFFICIENCY * (len(middle) - season), 2.0)
    reach = float(t.isf(alpha / (2 * len(middle)), freedom)) * spread
    return middle - reach, middle + reach


def _middle(values: Floats, season: int) -> Floats:
    """Median per place in the season, plus a trend where there clearly is one."""
    from scipy.stats import kendalltau, theilslopes

    level = seasonal(values, season)
    rest, place = values - level, np.arange(len(values), dtype=float)
    if len(np.unique(rest)) > 1 and kendalltau(place, rest).pvalue < 1e-3:  # noqa: PLR2004 - rarely by chance
        slope = float(theilslopes(rest, place)[0])
        trend = slope * (place - place.mean())
        return np.asarray(seasonal(values - trend, season) + trend)
    return level


def seasonal(values: Floats, season: int) -> Floats:
    """The median of all values at the same place in the season."""
    level = np.empty(len(values))
    for first in range(season):
        level[first::season] = np.median(values[first::season])
    return level


def _spread(rest: Floats, season: int) -> float:
    """Robust standard deviation, made larger because few values per place pull their median along."""
    each = max(len(rest) // season, 2)
    return qn(rest) * math.sqrt(each / (each - 1))
