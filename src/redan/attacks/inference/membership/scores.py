"""One number for each sample: the log-odds that a model gives its true class, which is near to normal over models.

Source: Carlini et al., Membership Inference Attacks From First Principles (2022), section IV-C and equation 6.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

FINEST = 1e-30
_COARSEST = 1e-3
_TABLE = 2
_ROUNDED = 0.02  # of each class, for answers of two digits


def phi_of_logits(logits: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Log p/(1-p) of the true class: its logit less the log-sum-exp of the others, which loses no digit.

    Args:
        logits: shape (n, classes), two classes at least.
        labels: indices of the true classes, shape (n,).

    Raises:
        InputError: shapes or labels do not fit, or a logit is no number.
    """
    scores, own = _fitting(logits, labels)
    rest = scores.copy()
    rest[np.arange(len(own)), own] = -np.inf
    top = rest.max(axis=1, keepdims=True)
    others = top[:, 0] + np.log(np.exp(rest - top).sum(axis=1))
    return np.asarray(scores[np.arange(len(own)), own] - others)


def phi_of_probabilities(
    probabilities: NDArray[Any], labels: NDArray[Any], floor: float | None = None
) -> NDArray[np.float64]:
    """Log p/(1-p) of the true class, where 1-p is the sum of the others, since 1-p itself rounds to nothing.

    Args:
        probabilities: shape (n, classes), two classes at least.
        labels: indices of the true classes, shape (n,).
        floor: stands in for what is lower; of all models of a matrix the same. `floor_of` by default.

    Raises:
        InputError: shapes or labels do not fit, or a probability is no number.
    """
    shares, own = _fitting(probabilities, labels)
    least = floor_of(shares) if floor is None else floor
    true = shares[np.arange(len(own)), own]
    rest = shares.copy()
    rest[np.arange(len(own)), own] = 0.0
    return np.asarray(np.log(np.maximum(true, least)) - np.log(np.maximum(rest.sum(axis=1), least)))


def floor_of(probabilities: NDArray[Any]) -> float:
    """What a probability of nothing stands for: half of the least one that is shown.

    A forest of a hundred trees cannot tell 0.001 from 0; a network can. Without this, answers of exactly 0 and 1 lie
    further from all others than any two of those, and every mean and deviation is of these alone.

    Returns:
        Between 1e-30 and 1e-3.
    """
    shown = np.asarray(probabilities, dtype=np.float64)
    shown = shown[shown > 0]
    return float(np.clip(shown.min() / 2.0, FINEST, _COARSEST)) if len(shown) else _COARSEST


def _fitting(scores: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    given, own = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if given.ndim != _TABLE or given.shape[1] < _TABLE or own.shape != (len(given),):
        raise InputError(
            f"scores of shape {given.shape} and labels of shape {own.shape}",
            remedy="give one row of two classes or more, and one label, for each sample",
        )
    if np.isnan(given).any():
        raise InputError("the model answers with values that are no numbers")
    if len(own) and (own.dtype.kind not in "iub" or own.min() < 0 or own.max() >= given.shape[1]):
        raise InputError("a label is no class of the model", remedy=f"give indices below {given.shape[1]}")
    return given, own.astype(np.int64)


def phi_of_answers(told: NDArray[Any], labels: NDArray[Any], floor: float | None = None) -> NDArray[np.float64]:
    """Log-odds of the true class from whatever a model shows.

    Args:
        told: probabilities or logits, shape (n, classes), or labels as indices, shape (n,).
        labels: indices of the true classes, shape (n,).
        floor: of probabilities; see `phi_of_probabilities`.

    Returns:
        Of labels alone 1 where the model is right and -1 where it is wrong.
    """
    given = np.asarray(told)
    if given.ndim == 1:
        return np.where(given == np.asarray(labels), 1.0, -1.0)
    if not are_probabilities(given):
        return phi_of_logits(given, labels)
    return phi_of_probabilities(given, labels, floor)


def are_probabilities(told: NDArray[Any]) -> bool:
    """Whether all rows are shares of one, rounded ones too."""
    if told.ndim != _TABLE or not len(told) or told.min() < 0 or told.max() > 1 + _ROUNDED:
        return False
    return bool((np.abs(told.sum(axis=1) - 1) <= _ROUNDED * told.shape[1]).all())
