"""Entropy under superposition: a trigger outlives that other inputs are laid over its own, an object does not.

Source: Gao et al., STRIP (ACSAC 2019, arXiv 1902.06531), section 4: the mean entropy of an input's answers when clean
inputs are added to it; the threshold is a low quantile of clean inputs.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.queries import Queries
from redan.errors import IncompleteError
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]
REJECTED = 0.01  # of clean inputs
_LAID = 16
_FEWEST = 20
_TABLE = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Superposed:
    """Entropies of two sets of inputs.

    Args:
        clean: in bits, one for each clean input.
        suspect: likewise, of each suspect one.
        bound: below which one clean input in a hundred lies.
        low: suspect inputs below it.
    """

    clean: NDArray[np.float64]
    suspect: NDArray[np.float64]
    bound: float
    low: Rate


def entropies(queries: Queries, x: Array, laid: Array, *, seed: int = 0, most: int = _LAID) -> NDArray[np.float64]:
    """The mean entropy, in bits, of each input's answers with clean inputs laid over it, half and half.

    Args:
        queries: of the model; where it shows labels only, of how they spread.
        x: shape (n, ...).
        laid: clean inputs, shape (m, ...).
        seed: of which are laid over which.
        most: inputs laid over each.

    Raises:
        IncompleteError: fewer than twenty clean inputs.
        SpentError: the budget does not reach.
    """
    if len(laid) < _FEWEST:
        raise IncompleteError(f"{len(laid)} clean inputs are too few to lay over others; {_FEWEST} are needed")
    if not len(x):
        return np.empty(0)
    over = np.random.default_rng([seed, 13]).integers(len(laid), size=(len(x), most))
    mixed = (np.repeat(np.asarray(x, dtype=np.float32), most, axis=0) + laid[over.ravel()]) / 2
    told = queries.answered(np.asarray(mixed, dtype=np.float32))
    if told.ndim == _TABLE:
        shares = _shares(told.astype(np.float64))
        each = -(shares * np.log2(np.maximum(shares, 1e-12))).sum(axis=1)
        return np.asarray(each.reshape(len(x), most).mean(axis=1))
    labels = told.reshape(len(x), most)
    counts = (labels[:, :, None] == np.arange(int(labels.max()) + 1)).mean(axis=1)
    return np.asarray(-(counts * np.log2(np.maximum(counts, 1e-12))).sum(axis=1))


def superposed(queries: Queries, clean: Array, suspect: Array, *, seed: int = 0) -> Superposed:
    """Entropies of clean and of suspect inputs, and how many of these lie below nearly all clean ones.

    Args:
        queries: of the model.
        clean: inputs without a trigger; one half is laid over the other and over the suspect ones.
        suspect: inputs that may carry one, shape (n, ...).
        seed: of every draw.

    Raises:
        IncompleteError: too few clean inputs.
        SpentError: the budget does not reach.
    """
    laid, own = np.array_split(np.asarray(clean, dtype=np.float32), 2)
    without = entropies(queries, own, laid, seed=seed)
    there = entropies(queries, suspect, laid, seed=seed)
    bound = float(np.quantile(without, REJECTED))
    return Superposed(clean=without, suspect=there, bound=bound, low=rate(there < bound))


def _shares(told: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities; of logits, their softmax."""
    if (told >= 0).all() and np.allclose(told.sum(axis=1), 1, atol=1e-3):
        return told
    raised = np.exp(told - told.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
