"""How well a score tells two groups apart at each threshold: the whole curve, and what may be claimed at a low rate.

Source: Carlini et al., Membership Inference Attacks From First Principles (2022), section III, for the low end of the
curve; Clopper and Pearson (1934) for shares; order statistics of a uniform sample for the rate at a chosen threshold.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval


class Operating(NamedTuple):
    """One threshold of a curve.

    Args:
        rate: of false positives that was asked for; the threshold is the lowest one that stays within it here.
        threshold: scores at or above it are positive; infinite where nothing is.
        hits: positives found.
        positives: how many there are.
        alarms: false positives.
        negatives: how many there are.
        tpr: exact interval of the true-positive rate at this threshold.
        fpr: exact interval of the false-positive rate at this threshold.
        bounds: interval of the true-positive rate where the false-positive rate truly is `rate`; from 0 where there are
            too few negatives to show so low a rate, up to 1 where there are too few to bound it.
    """

    rate: float
    threshold: float
    hits: int
    positives: int
    alarms: int
    negatives: int
    tpr: Interval
    fpr: Interval
    bounds: Interval

    @property
    def value(self) -> float:
        """The true-positive rate."""
        return self.hits / self.positives


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roc:
    """A curve by its corners: one for each score that occurs, equal scores together, so that no tie is broken.

    Args:
        thresholds: descending, the first one infinite, shape (k,).
        hits: positives at or above each, shape (k,).
        alarms: negatives at or above each, shape (k,).
    """

    thresholds: NDArray[np.float64]
    hits: NDArray[np.int64]
    alarms: NDArray[np.int64]

    @property
    def positives(self) -> int:
        """How many positives there are."""
        return int(self.hits[-1])

    @property
    def negatives(self) -> int:
        """How many negatives there are."""
        return int(self.alarms[-1])

    @property
    def area(self) -> float:
        """Area below the curve: the chance that a positive scores above a negative, a tie counting half."""
        steps = np.diff(self.alarms) * (self.hits[1:] + self.hits[:-1]) / 2.0
        return float(steps.sum() / (self.positives * self.negatives))

    def at(self, rate: float, confidence: float = 0.95) -> Operating:
        """The lowest threshold whose share of false positives is `rate` at most; nothing is interpolated.

        Args:
            rate: in (0, 1).
            confidence: of each interval.

        Raises:
            ValueError: the rate or the level is not in (0, 1).
        """
        if not 0.0 < rate < 1.0:
            raise ValueError(f"a rate lies between 0 and 1, not {rate}")
        place = self._within(math.floor(rate * self.negatives * (1 + 1e-12)))
        hits, alarms = int(self.hits[place]), int(self.alarms[place])
        return Operating(
            rate=rate,
            threshold=float(self.thresholds[place]),
            hits=hits,
            positives=self.positives,
            alarms=alarms,
            negatives=self.negatives,
            tpr=clopper_pearson(hits, self.positives, confidence),
            fpr=clopper_pearson(alarms, self.negatives, confidence),
            bounds=self.bounds(rate, confidence),
        )

    def bounds(self, rate: float, confidence: float = 0.95) -> Interval:
        """Where the true-positive rate lies at a false-positive rate that is truly `rate`.

        The threshold is an order statistic of the negatives, whose true rate is beta distributed; a quarter of the
        error goes to it, and a quarter to the count of positives, on each side. Positives and negatives are taken as
        independent draws.

        Returns:
            From 0, or up to 1, where no threshold is known to lie on that side.
        """
        from scipy.special import betainc, betaincinv

        part, n, m = (1.0 - confidence) / 4.0, self.negatives, self.positives
        low, high = 0.0, 1.0
        # the rate above the k-th highest negative is Beta(k, n - k + 1); both conditions are monotone in k
        shown = _first(n, lambda k: bool(betainc(k + 1, n - k, rate) < 1.0 - part))
        if shown > 0:
            hits = int(self.hits[self._within(shown - 1)])
            low = 0.0 if hits == 0 else float(betaincinv(hits, m - hits + 1, part))
        passed = 1 + _first(n, lambda k: bool(betainc(k + 1, n - k, rate) <= part))
        if passed <= n:
            hits = int(self.hits[int(np.searchsorted(self.alarms, passed))])
            high = 1.0 if hits == m else float(betaincinv(hits + 1, m - hits, 1.0 - part))
        return Interval(low, high)

    def repeated(self, times: int) -> "Roc":
        """The same curve, were there so many times as many positives and negatives."""
        return Roc(thresholds=self.thresholds, hits=self.hits * times, alarms=self.alarms * times)

    def _within(self, alarms: int) -> int:
        """The last corner with so many false positives at most."""
        return int(np.searchsorted(self.alarms, alarms, side="right")) - 1


def roc(positives: NDArray[Any], negatives: NDArray[Any]) -> Roc:
    """The curve of scores, the higher ones being more like positives.

    Args:
        positives: shape (m,), one at least.
        negatives: shape (n,), one at least.

    Raises:
        ValueError: a group is empty, or a score is NaN.
    """
    one, two = np.asarray(positives, dtype=np.float64).ravel(), np.asarray(negatives, dtype=np.float64).ravel()
    if not len(one) or not len(two):
        raise ValueError("a curve needs positives and negatives")
    if np.isnan(one).any() or np.isnan(two).any():
        raise ValueError("a score is NaN")
    found = np.unique(np.concatenate([one, two]))[::-1]
    hits = len(one) - np.searchsorted(np.sort(one), found)
    alarms = len(two) - np.searchsorted(np.sort(two), found)
    return Roc(
        thresholds=np.concatenate([[np.inf], found]),
        hits=np.concatenate([[0], hits]).astype(np.int64),
        alarms=np.concatenate([[0], alarms]).astype(np.int64),
    )


def _first(n: int, true: Callable[[int], bool]) -> int:
    """The least k below n for which a monotone condition is true; n where there is none."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if true(middle) else (middle + 1, high)
    return low


def claimable(negatives: int, confidence: float = 0.95) -> float:
    """The lowest false-positive rate that so many negatives can show, with none of them positive; 1 without any."""
    return 1.0 if negatives < 1 else 1.0 - (1.0 - confidence) ** (1.0 / negatives)


def negatives_for(rate: float, confidence: float = 0.95) -> int:
    """How many negatives, none of them positive, show that a false-positive rate is `rate` at most.

    Raises:
        ValueError: the rate is not in (0, 1).
    """
    if not 0.0 < rate < 1.0:
        raise ValueError(f"a rate lies between 0 and 1, not {rate}")
    return math.ceil(math.log1p(-confidence) / math.log1p(-rate) - 1e-9)
