"""The area below a curve with its interval: what a score tells of two groups on average."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.stats.interval import Interval


class Area(NamedTuple):
    """An area below a curve.

    Args:
        value: the chance that a positive scores above a negative, a tie counting half.
        interval: at the level that was asked for.
        positives: how many there were.
        negatives: how many there were.
    """

    value: float
    interval: Interval
    positives: int
    negatives: int


def area(positives: NDArray[Any], negatives: NDArray[Any], confidence: float = 0.95) -> Area:
    """The area with the interval of DeLong, on the scale of log-odds, which keeps it in [0, 1].

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), 837-845, by the ranks of Sun and Xu (2014).

    Args:
        positives: scores, shape (m,), one at least.
        negatives: scores, shape (n,), one at least.
        confidence: of the interval, in (0, 1).

    Returns:
        Where every positive scores above every negative, or below, the exact interval of as many independent pairs as
        there are; where all scores are equal, an interval of no width at one half.

    Raises:
        ValueError: a group is empty, or a score is NaN.
    """
    one, two = np.asarray(positives, dtype=np.float64).ravel(), np.asarray(negatives, dtype=np.float64).ravel()
    if not len(one) or not len(two) or np.isnan(one).any() or np.isnan(two).any():
        raise ValueError("an area needs positives and negatives that are numbers")
    above, below = _placements(one, two), 1.0 - _placements(two, one)
    value = float(above.mean())
    if value in (0.0, 1.0):
        least = ((1.0 - confidence) / 2.0) ** (1.0 / min(len(one), len(two)))
        return Area(value, Interval(least, 1.0) if value else Interval(0.0, 1.0 - least), len(one), len(two))
    variance = _mean_variance(above) + _mean_variance(below)
    from scipy.special import ndtri

    odds = np.log(value / (1.0 - value))
    half = float(ndtri((1.0 + confidence) / 2.0)) * np.sqrt(variance) / (value * (1.0 - value))
    low, high = (float(1.0 / (1.0 + np.exp(-np.clip(odds + way * half, -700, 700)))) for way in (-1, 1))
    return Area(value, Interval(min(low, value), max(high, value)), len(one), len(two))


def _placements(these: NDArray[np.float64], those: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each of these, the share of those below it, ties counting half."""
    order = np.sort(those)
    return np.asarray(
        (np.searchsorted(order, these) + np.searchsorted(order, these, side="right")) / (2.0 * len(order))
    )


def _mean_variance(values: NDArray[np.float64]) -> float:
    """Of a mean; of a single value, the largest that a share can have."""
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.25
