"""What a smoothed network answers, and how far the answer is certain; statistics of counts alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.measures.robustness import Rate, rate
from redan.stats.binomial import clopper_pearson

ABSTAINS = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Answers of a smoothed network, each with its radius.

    Each certificate is wrong with a probability of `alpha` at most. It is one of the smoothed network under noise of
    `sigma`, in l2; a radius of r/sqrt(d) follows in linf, for d input values. Of the network without noise it says
    nothing.

    Args:
        answers: shape (n,), classes; -1 where it abstains.
        radii: shape (n,), in the unit of the inputs; 0 where it abstains.
        hits: shape (n,), noisy copies that were labelled as the answer, or as the guess where it abstains.
        copies: that were asked for each certificate.
        sigma: standard deviation of the noise.
        alpha: probability of a wrong certificate, at most.
        cost: of all of it.
    """

    answers: NDArray[np.int64]
    radii: NDArray[np.float64]
    hits: NDArray[np.int64]
    copies: int
    sigma: float
    alpha: float
    cost: Cost

    def certified(self, y: NDArray[np.int64], radius: float) -> NDArray[np.bool_]:
        """Which inputs are answered rightly, with a radius of `radius` or more, shape (n,)."""
        return np.asarray((self.answers == np.asarray(y)) & (self.radii >= radius))

    def accuracy(self, y: NDArray[np.int64], radius: float) -> Rate:
        """Certified accuracy at a radius: a lower bound of the smoothed network's true robust accuracy."""
        return rate(self.certified(y, radius))


def radius_of(hits: int, copies: int, sigma: float, alpha: float) -> float:
    """The radius that a count supports.

    Source: Cohen et al., Certified Adversarial Robustness via Randomized Smoothing, ICML 2019 (arXiv 1902.02918),
    theorem 1 with the bound of section 3.2.2: sigma times the normal quantile of the lower bound of the answer's share.

    Args:
        hits: copies labelled as the answer.
        copies: that were asked.
        sigma: standard deviation of the noise.
        alpha: one-sided level of the bound.

    Returns:
        0 when the bound is a half or less: it abstains.
    """
    from scipy.special import ndtri

    # A two-sided interval at 1 - 2 alpha has the one-sided bound at alpha as its lower end.
    low = clopper_pearson(hits, copies, 1.0 - 2.0 * alpha).low
    return float(sigma * ndtri(low)) if low > 0.5 else 0.0  # noqa: PLR2004 -- more than half of all noise


def least_hits(radius: float, copies: int, sigma: float, alpha: float) -> int | None:
    """The fewest hits that support a radius; None when not even all of them do."""
    low, high = 0, copies
    if not _supports(high, radius, copies, sigma, alpha):
        return None
    while low < high:
        middle = (low + high) // 2
        if _supports(middle, radius, copies, sigma, alpha):
            high = middle
        else:
            low = middle + 1
    return low


def _supports(hits: int, radius: float, copies: int, sigma: float, alpha: float) -> bool:
    found = radius_of(hits, copies, sigma, alpha)
    return found > 0.0 and found >= radius
