"""The likelihood-ratio attack, with each sample's own variance, one for all samples, or one drawn towards the other.

Source: Carlini et al., Membership Inference Attacks From First Principles (2022), algorithm 1; Brännvall,
Exponential-Family Membership Inference: From LiRA and RMIA to BaVarIA (2026); the prior is fitted to the variances of
all samples as by Smyth, Linear Models and Empirical Bayes Methods, Statistical Applications in Genetics 3 (2004).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.attacks.inference.membership.moments import Side, sides
from redan.errors import InputError

Mode: TypeAlias = Literal["online", "offline"]
Variance: TypeAlias = Literal["bayes", "pooled", "global", "sample"]
_LEAST = 1e-12
_NORMAL = 1e6  # degrees of freedom from which Student's distribution is the normal one
_ENOUGH = 2


class Spread(NamedTuple):
    """What is taken for the distribution of a model's score on each sample.

    Args:
        mean: shape (samples,).
        variance: of one more score, shape (samples,).
        free: degrees of freedom of Student's distribution, shape (samples,); infinite of the normal one.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    free: NDArray[np.float64]


def lira(matrix: ScoreMatrix, *, mode: Mode = "online", variance: Variance = "bayes") -> NDArray[np.float64]:
    """How much more likely a score is of a model trained on the sample than of one that was not.

    Each hypothesis has a deviation of its own, also where it is pooled; the published code gives both that of members.

    Args:
        matrix: with two shadows at least on a side that is compared.
        mode: `online` compares shadows with and without the sample; `offline` needs those without alone, and gives the
            surprise -log P[score or higher] under them.
        variance: `bayes` for any number of shadows; `pooled` within samples; `global` and `sample` as published.

    Returns:
        Shape (targets, samples), higher is more like a member.

    Raises:
        InputError: there are too few shadows, or a word is unknown.
    """
    if variance not in _SPREADS or mode not in {"online", "offline"}:
        raise InputError(f"there is no {mode} attack with {variance} variance")
    found = []
    for target, (there, gone) in sides(matrix):
        own = matrix.phi[target]
        if int(gone.number.max(initial=0)) < _ENOUGH or (
            mode == "online" and int(there.number.max(initial=0)) < _ENOUGH
        ):
            raise InputError("no sample has two shadows with it and two without", remedy="give more shadows")
        without = _SPREADS[variance](gone)
        if mode == "offline":
            found.append(-log_above(own, without))
        else:
            found.append(log_density(own, _SPREADS[variance](there)) - log_density(own, without))
    return np.stack(found)


def of_sample(side: Side) -> Spread:
    """Each sample's own variance over its shadows, as published; the pooled one where there are fewer than two."""
    own = side.squares / np.maximum(side.number, 1)
    return _normal(side.mean, np.where(side.number > 1, own, side.pooled))


def of_global(side: Side) -> Spread:
    """One variance of all scores of the side, as published: what differs between samples counts as doubt."""
    n = int(side.number.sum())
    mean = float((side.number * side.mean).sum() / n)
    total = float(side.squares.sum() + (side.number * (side.mean - mean) ** 2).sum())
    return _normal(side.mean, np.full(len(side.mean), total / n))


def of_pooled(side: Side) -> Spread:
    """One variance for all samples, that within samples, as published: how samples differ is no doubt about any."""
    return _normal(side.mean, np.full(len(side.mean), float(side.squares.sum() / max(side.number.sum(), 1))))


def of_bayes(side: Side) -> Spread:
    """Student's distribution of one more score, under a prior of variances that is fitted to all samples."""
    prior, weight = prior_of(side)
    free = np.maximum(side.number - 1, 0)
    total = free + weight
    variance = prior if np.isinf(weight) else (side.squares + weight * prior) / total
    known = np.maximum(side.number, 1)
    return Spread(side.mean, np.maximum(variance, _LEAST) * (1.0 + 1.0 / known), np.asarray(total, dtype=np.float64))


def prior_of(side: Side) -> tuple[float, float]:
    """The scaled inverse chi-squared distribution that variances of samples are drawn from.

    Returns:
        Its scale, and how many scores it is worth; infinite where samples do not differ more than chance has them.
    """
    from scipy.special import digamma, polygamma

    free = side.number - 1
    known = (free > 0) & (side.squares > _LEAST)
    if int(known.sum()) < _ENOUGH:
        return max(side.pooled, _LEAST), np.inf
    counts, places = np.unique(free[known], return_inverse=True)
    half = counts / 2.0  # few numbers of shadows occur, so that their special functions are looked up
    logs = np.log(side.squares[known]) - (np.log(counts) + digamma(half) - np.log(half))[places]
    excess = float(logs.var(ddof=1) - polygamma(1, half)[places].mean())
    if excess <= 0:
        return max(side.pooled, _LEAST), np.inf
    weight = 2.0 * _trigamma_inverse(excess)
    return float(np.exp(logs.mean() + digamma(weight / 2.0) - np.log(weight / 2.0))), weight


def log_density(x: NDArray[np.float64], of: Spread) -> NDArray[np.float64]:
    """Logarithm of the density at each score."""
    from scipy.special import gammaln

    squared = (x - of.mean) ** 2 / of.variance
    base = -0.5 * np.log(of.variance)
    if (of.free >= _NORMAL).all():
        return np.asarray(base - 0.5 * squared - 0.5 * np.log(2.0 * np.pi))
    counts, places = np.unique(np.minimum(of.free, _NORMAL), return_inverse=True)
    constant = gammaln((counts + 1) / 2) - gammaln(counts / 2) - 0.5 * np.log(counts * np.pi)
    return np.asarray(base + constant[places] - ((counts + 1) / 2)[places] * np.log1p(squared / counts[places]))


def log_above(x: NDArray[np.float64], of: Spread) -> NDArray[np.float64]:
    """Logarithm of the probability of a score as high or higher."""
    from scipy.special import log_ndtr, stdtr

    z = (x - of.mean) / np.sqrt(of.variance)
    if (of.free >= _NORMAL).all():
        return np.asarray(log_ndtr(-z))
    tail = stdtr(np.minimum(of.free, _NORMAL), -z)
    return np.asarray(np.log(np.maximum(tail, np.finfo(np.float64).tiny)))


_SPREADS: Mapping[str, Callable[[Side], Spread]] = MappingProxyType(
    {"bayes": of_bayes, "pooled": of_pooled, "global": of_global, "sample": of_sample}
)


def _most(side: Side) -> int:
    return int(side.number.max(initial=0))


def _normal(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> Spread:
    return Spread(mean, np.maximum(variance, _LEAST), np.full(len(mean), np.inf))


def _trigamma_inverse(value: float) -> float:
    """By Newton's steps on 1/trigamma, which is convex (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    if value > 1e7:  # noqa: PLR2004 -- the limits of the published method
        return float(1.0 / np.sqrt(value))
    if value < 1e-6:  # noqa: PLR2004
        return float(1.0 / value)
    y = 0.5 + 1.0 / value
    for _ in range(50):
        at = float(polygamma(1, y))
        step = at * (1.0 - at / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:  # noqa: PLR2004
            break
    return float(y)
