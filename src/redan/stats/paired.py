"""Differences of two measures that were taken of the same things, with their intervals."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from redan.stats.difference import normal_quantile
from redan.stats.interval import Interval

_STEPS = 60  # halvings: further than a double can tell


def paired_shares(only_one: int, only_other: int, n: int, confidence: float = 0.95) -> Interval:
    """The first share minus the second, both of the same n things.

    Source: Tango, Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design, Statistics in Medicine 17 (1998): the differences that a score test does not reject.

    Args:
        only_one: things that the first share has alone.
        only_other: things that the second one has alone.
        n: all of them.
        confidence: in (0, 1).

    Returns:
        Between -1 and 1; all of it of nothing.

    Raises:
        ValueError: the counts are no such counts.
    """
    if min(only_one, only_other, n) < 0 or only_one + only_other > n:
        raise ValueError(f"{only_one} and {only_other} of {n} are no paired counts")
    if n == 0:
        return Interval(-1.0, 1.0)
    z, value = normal_quantile(confidence), (only_one - only_other) / n

    def rejected(difference: float) -> bool:
        return abs(_score(only_one, only_other, n, difference)) > z

    return Interval(_edge(rejected, value, -1.0), _edge(rejected, value, 1.0))


def _score(b: int, c: int, n: int, difference: float) -> float:
    """Tango's statistic of the hypothesis that the difference is this one."""
    # the larger root of 2n q^2 + B q + C = 0 is the likeliest share of the second kind under the hypothesis
    half = -b - c + (2 * n - b + c) * difference
    rest = -c * difference * (1.0 - difference)
    q = (math.sqrt(max(0.0, half * half - 8 * n * rest)) - half) / (4 * n)
    variance = n * (2 * q + difference * (1.0 - difference))
    over = b - c - n * difference
    if variance <= 0.0:
        return 0.0 if over == 0 else math.copysign(math.inf, over)
    return over / math.sqrt(variance)


def _edge(rejected: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where rejection begins on the way from a value that is not rejected."""
    if not rejected(outside):
        return outside
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
    return inside


def paired_mean(differences: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's interval of a mean of differences.

    Args:
        differences: one of each thing, shape (n,).
        confidence: in (0, 1).

    Returns:
        Without end on both sides where there are fewer than two.
    """
    from scipy.special import stdtrit

    values = np.asarray(differences, dtype=np.float64)
    if len(values) <= 1:
        return Interval(-math.inf, math.inf)
    mean = float(values.mean())
    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2) * values.std(ddof=1) / math.sqrt(len(values)))
    return Interval(mean - half, mean + half)
