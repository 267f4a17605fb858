"""Two evaluations of the same samples: where they disagree, and whether one is stronger by more than chance."""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from redan.errors import InputError
from redan.measures.robustness.arrays import flags
from redan.stats.binomial import chance_of_at_least, clopper_pearson
from redan.stats.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Samples on which two evaluations disagree.

    Args:
        n: samples.
        only_one: broken by the first alone.
        only_other: broken by the second alone.
        difference: robust accuracy by the first less that by the second; below 0, the first is the stronger attack.
        interval: of the difference; it covers at least at its level.
        p_value: exact two-sided test that neither is stronger.
    """

    n: int
    only_one: int
    only_other: int
    difference: float
    interval: Interval
    p_value: float


def paired(one: ArrayLike, other: ArrayLike, confidence: float = 0.95) -> Paired:
    """Compares two attacks, tools or settings on the same samples: unpaired figures are off by points of chance.

    Source: McNemar, Psychometrika 12 (1947), in its exact form; the interval puts together those of the two shares of
        disagreement (Clopper and Pearson 1934), each at half of what may go wrong.

    Args:
        one: shape (n,), broken by the first.
        other: shape (n,), broken by the second.
        confidence: level of the interval.

    Raises:
        InputError: these are no flags, or not of one length, or there are none.
    """
    first = flags(one, "one")
    second = flags(other, "other", len(first))
    if not len(first):
        raise InputError("there are no samples", remedy="give at least one")
    here, there = int((first & ~second).sum()), int((second & ~first).sum())
    each = (1 + confidence) / 2
    less, more = clopper_pearson(here, len(first), each), clopper_pearson(there, len(first), each)
    tail = chance_of_at_least(max(here, there), here + there, 0.5)
    return Paired(
        n=len(first),
        only_one=here,
        only_other=there,
        difference=(there - here) / len(first),
        interval=Interval(more.low - less.high, more.high - less.low),
        p_value=min(1.0, 2 * tail),
    )
