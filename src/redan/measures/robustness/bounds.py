"""Certified, true and empirical robust accuracy: what is proved, what nobody knows, what an attack disproved."""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from redan.measures.robustness.accuracy import Rate, rate
from redan.measures.robustness.arrays import flags
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The true robust accuracy lies between what is certified and what survived.

    Args:
        certified: right, and proved to stay right in the ball.
        empirical: right, and broken by no attack.
        true: where the true robust accuracy of all inputs lies, at the level of the two: from the lower end of what is
            certified to the upper end of what survived.
        contradicted: samples that are certified and broken: above 0, a certificate is wrong (or, of a certificate that
            holds with some probability, unlucky), and nothing here is to be believed.
        open: samples that are neither proved nor broken.
    """

    certified: Rate
    empirical: Rate
    true: Interval
    contradicted: int
    open: int


def bounds(certified: ArrayLike, survived: ArrayLike, confidence: float = 0.95) -> Bounds:
    """Puts a certificate and an attack on the same samples beside each other.

    Args:
        certified: shape (n,), right and certified at the radius.
        survived: shape (n,), right and broken by no attack at the same radius and norm.
        confidence: level; each end of `true` is one-sided at half of what is left.

    Raises:
        InputError: these are no flags, or not of one length.
    """
    proved = flags(certified, "certified")
    kept = flags(survived, "survived", len(proved))
    low = clopper_pearson(int(proved.sum()), len(proved), confidence).low
    high = clopper_pearson(int(kept.sum()), len(kept), confidence).high
    return Bounds(
        certified=rate(proved, confidence),
        empirical=rate(kept, confidence),
        true=Interval(min(low, high), max(low, high)),
        contradicted=int((proved & ~kept).sum()),
        open=int((kept & ~proved).sum()),
    )
