"""Whether what is above a source's limit was sampled fairly, or used whole, or cut off in the order of arrival."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.measures.load.arrivals import Arrivals

ALPHA = 0.001  # a cut in the order of arrival is plain to see; chance is not to be accused of it
ROWS = 20  # of an interval; fewer say nothing of its shape
OTHERS = 5
FULL = 0.98  # of the limit: an interval that holds so many rows was cut to it

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """Intervals against the limit.

    Args:
        limit: most rows of one interval that are used.
        over: intervals that hold more.
        most: rows of the fullest interval.
        full: intervals that are filled to the limit, where the choice of rows matters.
        p_value: of the order of arrival having nothing to do with being used; None where it could not be tested.
            rows: rows that the test rests on.
    """

    limit: int
    over: int
    most: int
    full: tuple[int, ...]
    p_value: float | None = None
    rows: int = 0

    @property
    def unfair(self) -> bool:
        """Whether the order of arrival decided what is used."""
        return self.p_value is not None and self.p_value <= ALPHA


def over_limit(used: Arrivals, limit: int, pool: Arrivals | None = None) -> Overload:
    """Counts of used rows against the limit; intervals in which the pool holds more are those that were sampled.

    Args:
        used: rows of the sets that are used.
        limit: most rows of one interval.
        pool: rows of all contributions, where they were kept.
    """
    totals = used.totals
    if pool is None:
        full = tuple(int(i) for i in np.flatnonzero(totals >= FULL * limit))
    else:
        wanted = {start for start, n in zip(pool.starts, pool.totals, strict=True) if n > limit}
        full = tuple(i for i, start in enumerate(used.starts) if start in wanted)
    return Overload(limit=limit, over=int((totals > limit).sum()), most=int(totals.max()), full=full)


def cut_by_arrival(used: Sequence[Floats], others: Sequence[Floats]) -> tuple[float | None, int]:
    """Without the pool: how far into their interval the rows of full intervals reach, against the other intervals.

    The interval is the unit, since rows of one day are alike; a cut shows in the last rows' place and in the mean.

    Args:
        used: per full interval, the place of each row in it, in [0, 1).
        others: likewise for the intervals that are not full.

    Returns:
        p-value, None when too few other intervals hold enough rows; and the rows it rests on.
    """
    usual = [o for o in others if len(o) >= ROWS]
    full = [u for u in used if len(u) >= ROWS]
    if len(usual) < OTHERS or not full:
        return None, 0
    ends = _far(_at(full, _end), _at(usual, _end))
    means = _far(_at(full, np.mean), _at(usual, np.mean))
    return min(1.0, 2 * min(ends, means)), sum(map(len, full))


def _end(places: Floats) -> float:
    return float(np.quantile(places, 0.95))


def _at(intervals: Sequence[Floats], number: Callable[[Floats], float | np.floating[Any]]) -> Floats:
    return np.array([float(number(places)) for places in intervals])


def _far(low: Floats, usual: Floats) -> float:
    from scipy.stats import t

    spread = max(float(usual.std(ddof=1)), 0.01) * np.sqrt(1 / len(low) + 1 / len(usual))
    return float(t.cdf((low.mean() - usual.mean()) / spread, len(usual) - 1))
