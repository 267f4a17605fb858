"""How much of a distribution moved, at least: bounds of the total variation distance between two sets of counts.

The total variation distance is the share of rows that would have to change for one distribution to become the other,
so it means the same for numbers, for levels and for rows as a whole. Three families of bins are looked at, each at a
part of the level: all bins below an edge (where bins have an order), one bin alone, and every set of bins.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.stats.interval import Interval

HALVINGS = 60  # of the search for a p-value; the last step is far below any level


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What two sets of counts say about the share of rows that moved.

    Args:
        value: distance of the two histograms as counted; too large on average, the more so the fewer the rows.
        low: the share that moved at least, at the level asked for.
        high: the share of these bins that moved at most, at the same level.
        p: chance of such counts, at most, if no more than the tolerated share moved.
        margin: what is lost between the truth and `low`, about.
        noticeable: a shift of this share of the rows is noticed in about half of all cases; 1 when none would be.
        n_reference: rows of the reference.
        n: rows now.
    """

    value: float
    low: float
    high: float
    p: float
    margin: float
    noticeable: float
    n_reference: int
    n: int

    @property
    def interval(self) -> Interval:
        """From the share that moved at least to the one that moved at most."""
        return Interval(self.low, self.high)


def moved(
    reference: ArrayLike, current: ArrayLike, *, level: float, tolerated: float = 0.0, ordered: bool = True
) -> Moved:
    """Bounds of the share of rows that moved between two sets of counts over the same bins.

    Source: bins below an edge by the inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (Annals of
    Probability 18, 1990), for two samples as in Wei and Dudley (Statistics and Probability Letters 82, 2012); every
    set of bins by McDiarmid's inequality around a bound of the mean (Devroye and Lugosi, Combinatorial Methods in
    Density Estimation, 2001, section 2); one bin by Clopper and Pearson's interval of each share.

    Args:
        reference: shape (b,), rows in each bin.
        current: shape (b,), likewise; the bins must not have been chosen by looking at these rows.
        level: chance that `low` lies above the truth, in (0, 1).
        tolerated: the share that may move, for `p` and `noticeable`.
        ordered: whether the bins have an order.

    Returns:
        Low 0, high 1 and p 1 when one of the sets has no row.

    Raises:
        ValueError: counts of different length or below zero, or a level outside (0, 1).
    """
    a, b = _counts(reference), _counts(current)
    if a.shape != b.shape or not 0.0 < level < 1.0:
        raise ValueError("needs counts over the same bins, and a level between 0 and 1")
    n, m = int(a.sum()), int(b.sum())
    if not n or not m:
        return Moved(value=0.0, low=0.0, high=1.0, p=1.0, margin=1.0, noticeable=1.0, n_reference=n, n=m)
    families = 3 if ordered else 2
    part = level / families
    sets = _Sets(a, b, ordered)
    low = max(sets.below_edges(part), sets.every_set(part), sets.one_bin(part), 0.0)
    margin = min(sets.margin(part), 1.0)
    high = min(sets.distance + _spread(part, n, m), 1.0)
    return Moved(
        value=sets.distance,
        low=low,
        high=max(high, low),
        p=min(families * sets.chance(tolerated), 1.0),
        margin=margin,
        noticeable=min(tolerated + margin, 1.0),
        n_reference=n,
        n=m,
    )


def moved_share(reference: ArrayLike, current: ArrayLike) -> float:
    """The total variation distance of two histograms as counted; NaN when one of them has no row."""
    a, b = _counts(reference), _counts(current)
    return math.nan if not a.sum() or not b.sum() else float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


def difference_at_least(reference: tuple[int, int], current: tuple[int, int], level: float) -> float:
    """By how much one share lies above another, at least, from the exact interval of each.

    Args:
        reference: (hits, rows) of the reference.
        current: (hits, rows) now.
        level: chance that the answer lies above the truth.

    Returns:
        -1 when one of the sets has no row; negative when the share may as well have fallen.
    """
    (k, n), (j, m) = reference, current
    if not n or not m:
        return -1.0
    one = np.array([j]), m, np.array([k]), n
    return float(_above(*one, level)[0])


class _Sets:
    """Two histograms and the three families of sets of their bins."""

    def __init__(self, a: NDArray[np.float64], b: NDArray[np.float64], ordered: bool) -> None:
        filled = (a + b) > 0
        self.a, self.b, self.ordered = a[filled], b[filled], ordered
        self.n, self.m = a.sum(), b.sum()
        self.p, self.q = self.a / self.n, self.b / self.m
        self.distance = float(np.abs(self.p - self.q).sum() / 2)
        self.below = float(np.abs(np.cumsum(self.p - self.q)).max()) if ordered else 0.0

    def below_edges(self, level: float) -> float:
        return self.below - _spread(level / 2, self.n, self.m) if self.ordered else -1.0

    def every_set(self, level: float) -> float:
        return self.distance - self._bias() - _spread(level, self.n, self.m)

    def one_bin(self, level: float) -> float:
        each = level / (2 * len(self.a))  # either direction
        rise = _above(self.b, self.m, self.a, self.n, each)
        fall = _above(self.a, self.n, self.b, self.m, each)
        return float(max(rise.max(), fall.max()))

    def chance(self, tolerated: float) -> float:
        """The smallest level at which one of the families exceeds what is tolerated."""
        rows = 2.0 / (1.0 / self.n + 1.0 / self.m)
        over = max(self.distance - self._bias() - tolerated, 0.0)
        found = [math.exp(-rows * over**2)]
        if self.ordered:
            found.append(2 * math.exp(-rows * max(self.below - tolerated, 0.0) ** 2))
        return min(*found, self._one_bin_chance(tolerated))

    def margin(self, level: float) -> float:
        """What is lost between the truth and the best of the bounds, about."""
        bins = len(self.a)
        wide = self._bias() + _spread(level, self.n, self.m)
        tail = math.log(4 * bins / level) / 2
        single = math.sqrt(tail / self.n) + math.sqrt(tail / self.m)
        ordered = [_spread(level / 2, self.n, self.m)] if self.ordered else []
        return float(min(wide, single, *ordered))

    def _bias(self) -> float:
        """By how much chance alone raises the distance on average, at most."""
        noise = self.p * (1 - self.p) / self.n + self.q * (1 - self.q) / self.m
        return float(np.sqrt(noise).sum() / 2)

    def _one_bin_chance(self, tolerated: float) -> float:
        if self.one_bin(0.5) <= tolerated:
            return 1.0
        low, high = -700.0, math.log(0.5)  # natural logarithms of levels
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.one_bin(math.exp(middle)) > tolerated else (middle, high)
        return math.exp(high)


def _above(
    hits: NDArray[np.float64], rows: float, others: NDArray[np.float64], other_rows: float, level: float
) -> NDArray[np.float64]:
    from scipy.special import betaincinv

    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(hits > 0, betaincinv(np.maximum(hits, 1), rows - hits + 1, level / 2), 0.0)
        room = np.maximum(other_rows - others, 1)
        high = np.where(others < other_rows, betaincinv(others + 1, room, 1 - level / 2), 1.0)
    return np.asarray(low - high)


def _spread(level: float, n: float, m: float) -> float:
    return math.sqrt(math.log(1.0 / level) / 2.0 * (1.0 / n + 1.0 / m))


def _counts(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64).reshape(-1)
    if (found < 0).any() or not np.isfinite(found).all():
        raise ValueError("counts are not negative")
    return found
