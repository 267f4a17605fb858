"""Rows of a class that stand out along the direction in which its activations vary most, against a null of their own.

Source: Tran, Li and Madry, Spectral Signatures in Backdoor Attacks, NeurIPS 2018, algorithm 1. There, a fixed share of
every class is removed, poisoned or not; here a row is told only when it lies further out than the spread of the class's
own middle explains, and the share of false alarms among those told is bounded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import IncompleteError, InputError
from redan.stats.multiple import benjamini_hochberg

FALSE_SHARE = 0.01
LEAST_ROWS = 20
_MIDDLE = (0.25, 0.75)
_LEAST_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralSignature:
    """One class.

    Args:
        label: of the class, as text.
        rows: shape (k,), indices of its rows.
        scores: shape (k,), squared projection on the direction of most variance.
        p_values: shape (k,), of each row against the spread of the class's middle half.
        suspects: shape (s,), indices of rows that stand out, rising; a list to look at, and no proof of poison.
    """

    label: str
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    p_values: NDArray[np.float64]
    suspects: NDArray[np.int64]


def spectral_signatures(
    activations: ArrayLike, labels: ArrayLike, *, false_share: float = FALSE_SHARE
) -> tuple[SpectralSignature, ...]:
    """Scores the rows of each class, and tells those that the class's own spread does not explain.

    The null is empirical (Efron, Journal of the American Statistical Association 99, 2004): normal, with centre and
    width from the middle half of the class, which poison of less than a quarter of it does not reach.

    Args:
        activations: shape (n, ...), of the last hidden layer as a rule; flattened per row.
        labels: shape (n,), the labels trained on.
        false_share: bound on the expected share of rows of the null among those told (Benjamini-Hochberg).

    Returns:
        One per class of twenty rows or more, in order of label.

    Raises:
        IncompleteError: no class has twenty rows.
        InputError: shapes disagree, or a number is not finite.
    """
    whole, y = activation_rows(activations, labels)
    kept = [label for label in np.unique(y) if (y == label).sum() >= LEAST_ROWS]
    if not kept:
        raise IncompleteError(f"no class has {LEAST_ROWS} rows", remedy="give more rows")
    return tuple(_of_class(whole, np.flatnonzero(y == label), str(label), false_share) for label in kept)


def activation_rows(activations: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Activations as rows of finite numbers, and labels as text.

    Raises:
        InputError: shapes disagree, or a number is not finite.
    """
    whole = np.asarray(activations, dtype=np.float64)
    whole = whole.reshape(len(whole), -1) if whole.ndim else whole.reshape(1, 1)
    y = np.asarray(labels).reshape(-1)
    if len(whole) != len(y):
        raise InputError(f"{len(whole)} rows of activations, {len(y)} labels", remedy="give one label per row")
    if not np.isfinite(whole).all():
        raise InputError("an activation is not finite", remedy="find out which layer overflows")
    return whole, np.array([str(v) for v in y.tolist()])


def projections(part: NDArray[np.float64], count: int = 1) -> NDArray[np.float64]:
    """Rows along the directions of most variance, shape (k, count), each with the sign that makes its skew positive."""
    centred = part - part.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    found: NDArray[np.float64] = left[:, :count] * sizes[:count]
    turned: NDArray[np.float64] = found * np.where((found**3).sum(axis=0) < 0, -1.0, 1.0)
    return turned


def _of_class(whole: NDArray[np.float64], rows: NDArray[np.int64], label: str, false_share: float) -> SpectralSignature:
    from scipy.special import ndtr, ndtri

    along = projections(whole[rows])[:, 0]
    low, high = np.quantile(along, _MIDDLE)
    width = max(float(high - low) / (2 * float(ndtri(_MIDDLE[1]))), _LEAST_SPREAD)
    p = np.clip(2 * ndtr(-np.abs(along - np.median(along)) / width), 0.0, 1.0)
    told = benjamini_hochberg(p) <= false_share
    return SpectralSignature(label=label, rows=rows, scores=along**2, p_values=p, suspects=rows[told])
