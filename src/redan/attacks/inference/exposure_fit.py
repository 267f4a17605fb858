"""Exposure beyond what so many references resolve, by a skew-normal distribution of their losses.

Source: Carlini et al., The Secret Sharer, USENIX Security 2019 (arXiv 1802.08232), section 4.3: the losses of a space
are close to skew-normal. It is assumed, so it is tried first on references that the fit did not see.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import IncompleteError, InputError
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval

LEAST = 500
CAREFUL = 0.01  # a fit that is right is refused with about this chance
_ROUNDS = 60
_TAILS = (0.1, 0.02)  # shares of the low end that the fit must get right, where extrapolation begins
_Params: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extrapolated:
    """An exposure that rests on a fit.

    Args:
        bits: minus log2 of the share of the fitted distribution below the canary's loss.
        interval: by fits to resamples of the references; that the distribution is right is assumed.
        references: that were fitted.
    """

    bits: float
    interval: Interval
    references: int


def extrapolated(
    canaries: ArrayLike, references: ArrayLike, *, rng: np.random.Generator, confidence: float = 0.95
) -> tuple[Extrapolated, ...]:
    """The exposure of each canary by a skew-normal fit to the references' losses.

    Args:
        canaries: shape (m,), losses.
        references: shape (n,), losses of other secrets of the same space.
        rng: of the halves and of the resamples.
        confidence: of the intervals.

    Raises:
        InputError: a loss is no finite number.
        IncompleteError: there are fewer than 500 references, or a fit to half of them misses the other half.
    """
    from scipy.stats import skewnorm

    own, others = (np.asarray(part, dtype=np.float64).reshape(-1) for part in (canaries, references))
    if not (np.isfinite(own).all() and np.isfinite(others).all()):
        raise InputError("a loss is no finite number")
    if len(others) < LEAST:
        raise IncompleteError(f"{len(others)} references are too few for a fit", remedy=f"draw {LEAST} at least")
    _tried(others, rng)
    shape, place, scale = skewnorm.fit(others)
    fit = (float(shape), float(place), float(scale))
    bits = _bits(own, fit)
    drawn = np.stack([_bits(own, _refitted(rng.choice(others, len(others)), fit)) for _ in range(_ROUNDS)])
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return tuple(
        Extrapolated(bits=float(b), interval=Interval(float(min(lo, b)), float(max(hi, b))), references=len(others))
        for b, lo, hi in zip(bits, low, high, strict=True)
    )


def _bits(own: NDArray[np.float64], params: _Params) -> NDArray[np.float64]:
    """Minus log2 of the distribution function, which underflows far below all references."""
    from scipy.stats import skewnorm

    with np.errstate(divide="ignore"):
        return np.asarray(-np.log2(np.maximum(skewnorm.cdf(own, *params), np.finfo(np.float64).tiny)))


def _tried(others: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Fits one half and looks at the other.

    Raises:
        IncompleteError: it is not distributed so.
    """
    from scipy.stats import kstest, skewnorm

    spread = float(others.std())
    if spread <= 1e-12 * max(1.0, float(np.abs(others).max())):
        raise IncompleteError("all references have the same loss, which nothing is fitted to")
    half, other = np.array_split(rng.permutation(others), 2)
    begin = (1.0 if float(((half - half.mean()) ** 3).mean()) > 0 else -1.0, float(half.mean()), spread)
    below = skewnorm.cdf(other, *_refitted(half, begin))
    p = float(kstest(below, "uniform").pvalue)
    missed = False
    for share in _TAILS:
        held = clopper_pearson(int((below < share).sum()), len(other), 1 - CAREFUL / len(_TAILS))
        room = 3 * math.sqrt(share * (1 - share) / len(half))  # the fit has an error of its own
        missed |= not held.low - room <= share <= held.high + room
    if p < CAREFUL / 10 or missed:
        raise IncompleteError(
            "the losses of references are not skew-normal, so nothing is said beyond what they resolve",
            remedy="draw more references, and rank among those",
        )


def _refitted(sample: NDArray[np.float64], start: _Params) -> _Params:
    """The most likely parameters near a fit."""
    from scipy.optimize import minimize
    from scipy.special import log_ndtr

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        shape, scale = at[0], np.exp(at[2])
        z = (sample - at[1]) / scale
        inner = shape * z
        log_side = log_ndtr(inner)
        ratio = np.exp(-0.5 * inner**2 - 0.5 * np.log(2 * np.pi) - log_side)
        value = float(np.sum(0.5 * z**2 - log_side) + len(z) * at[2])
        to_z = z - ratio * shape
        return value, np.array([-np.sum(ratio * z), -np.sum(to_z) / scale, len(z) - np.sum(to_z * z)])

    found = minimize(loss, [start[0], start[1], np.log(start[2])], jac=True, method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1]), float(np.exp(found.x[2]))
