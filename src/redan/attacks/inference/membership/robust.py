"""The robust attack: a sample's likelihood ratio against those of a population of others.

Source: Zarifzadeh, Liu and Shokri, Low-Cost High-Power Membership Inference Attacks (RMIA, 2024), equations 3 to 11.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.likelihood import Mode
from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.errors import InputError

OFFLINE = 0.3  # `a` of the paper for models that are trained on half of the data
_LEAST = 1e-300


def rmia(
    matrix: ScoreMatrix,
    *,
    mode: Mode = "online",
    population: NDArray[Any] | None = None,
    gamma: float = 1.0,
    a: float = OFFLINE,
) -> NDArray[np.float64]:
    """The share of the population whose ratio the sample's ratio exceeds by a factor.

    A sample's ratio is its probability under the target over its probability on average; that average is of models
    with and without it, half each, where shadows were trained on it, and else corrected from those without it by a
    linear guess: ((1 + a) p_out + (1 - a)) / 2.

    Args:
        matrix: with a shadow at least.
        mode: `online` takes shadows with and without the sample, `offline` those without alone.
        population: numbers of samples z, which are nobody's members as the attacker knows them, shape (k,). By default
            none: the logarithm of the ratio itself, which every shared population ranks alike, but for ties.
        gamma: the factor.
        a: of the correction, in [0, 1].

    Returns:
        Shape (targets, samples), higher is more like a member.

    Raises:
        InputError: there is no shadow, or a number is out of its range.
    """
    if not 0.0 <= a <= 1.0 or gamma <= 0:
        raise InputError(f"a is {a} and gamma {gamma}", remedy="give a in [0, 1] and gamma above 0")
    own = _probabilities(matrix.phi[list(matrix.targets)])
    ratios = np.log(np.maximum(own, _LEAST)) - np.log(np.maximum(_average(matrix, mode, a), _LEAST))
    if population is None:
        return np.asarray(ratios)
    chosen = np.asarray(population)
    if chosen.ndim != 1 or not len(chosen) or chosen.min() < 0 or chosen.max() >= matrix.samples:
        raise InputError("the population is no list of samples")
    return np.stack(
        [np.searchsorted(np.sort(row[chosen]), row - np.log(gamma), side="right") / len(chosen) for row in ratios]
    )


def _average(matrix: ScoreMatrix, mode: Mode, a: float) -> NDArray[np.float64]:
    """Each sample's probability on average over models, shape (targets, samples), or (1, samples) for all alike."""
    shared = bool(len(matrix.shadows))
    if matrix.models < 2:  # noqa: PLR2004 -- itself and another
        raise InputError("there is no shadow", remedy="give rows of models that are no targets")
    used = matrix.shadows if shared else np.arange(matrix.models)
    p, there = _probabilities(matrix.phi[used]), matrix.inside[used]
    left = None if shared else np.array(matrix.targets)
    out = _mean(p, ~there, left)
    if mode == "offline":
        return ((1.0 + a) * out + (1.0 - a)) / 2.0
    return (out + _mean(p, there, left, other=out)) / 2.0


def _mean(
    p: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    left: NDArray[np.int64] | None,
    other: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Means over chosen models, each of some left out in turn; where none is, what stands in, or that of all."""
    held = np.where(chosen, p, 0.0)
    total, count = held.sum(axis=0, keepdims=True), chosen.sum(axis=0, keepdims=True)
    if left is not None:
        total, count = total - held[left], count - chosen[left]
    known = count > 0
    mean = total / np.maximum(count, 1)
    if other is None:
        other = np.full(mean.shape, float(mean[known].mean()) if known.any() else 0.5)
    return np.where(known, mean, other)


def _probabilities(phi: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the true class, from log-odds."""
    from scipy.special import expit

    return np.asarray(expit(phi))
