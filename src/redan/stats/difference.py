"""Differences of shares: an interval fit for small groups, and how far apart chance puts many groups."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.stats.interval import Interval

_DRAWS = 10_000


class Share(NamedTuple):
    """Successes among trials."""

    hits: int
    trials: int


class Softened(NamedTuple):
    """Shares with one success and one failure added, and their squared standard errors: shapes (k,) each."""

    share: NDArray[np.float64]
    variance: NDArray[np.float64]


def softened(hits: ArrayLike, trials: ArrayLike) -> Softened:
    """What intervals of differences are built on, so that shares of 0 and 1 have an error, too.

    Source: Agresti and Caffo, Simple and Effective Confidence Intervals for Proportions and Differences of Proportions,
        The American Statistician 54 (2000).

    Args:
        hits: shape (k,).
        trials: shape (k,).
    """
    size = np.asarray(trials, dtype=np.float64) + 2
    share = (np.asarray(hits, dtype=np.float64) + 1) / size
    return Softened(share, share * (1 - share) / size)


def difference(one: Share, other: Share, confidence: float = 0.95) -> Interval:
    """The interval of the difference of two independent shares, `one` less `other`.

    Source: Agresti and Caffo (2000); coverage is close to its level from about ten trials each.

    Raises:
        ValueError: not 0 <= hits <= trials, or the level is not in (0, 1).
    """
    if not (0 <= one.hits <= one.trials and 0 <= other.hits <= other.trials):
        raise ValueError("cannot have more successes than trials")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    share, variance = softened([one.hits, other.hits], [one.trials, other.trials])
    middle, half = float(share[0] - share[1]), normal_quantile(confidence) * math.sqrt(float(variance.sum()))
    return Interval(max(-1.0, middle - half), min(1.0, middle + half))


def normal_quantile(confidence: float) -> float:
    """How many standard errors a two-sided normal interval reaches to each side."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def furthest_apart(variances: list[NDArray[np.float64]], confidence: float, rng: np.random.Generator) -> float:
    """How many standard errors the most different pair of equal groups lies apart, at most, with some confidence.

    Intervals of all pairwise differences at this many standard errors hold together: Tukey and Kramer's studentised
    range for unequal variances, over several families of groups at once, by simulation.

    Args:
        variances: one array per family, shape (groups,), of independent estimates; families are independent.
        confidence: that all intervals hold together.
        rng: of the simulation.

    Returns:
        0 when no family has two groups.
    """
    most = np.zeros(_DRAWS)
    for family in variances:
        drawn = rng.normal(size=(_DRAWS, len(family))) * np.sqrt(family)
        for i in range(len(family) - 1):
            apart = np.abs(drawn[:, i + 1 :] - drawn[:, i : i + 1]) / np.sqrt(family[i + 1 :] + family[i])
            np.maximum(most, apart.max(axis=1), out=most)
    return float(np.quantile(most, confidence))
