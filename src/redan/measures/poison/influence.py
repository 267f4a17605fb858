"""How far each row, and each contributor, helps or harms on a small set of rows that people looked at.

Source: Jia et al., Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms, VLDB 2019, theorem 1: the
exact Shapley value of every training row for a k-nearest-neighbour model, without training one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import IncompleteError, InputError
from redan.stats.interval import Interval
from redan.stats.multiple import holm

NEIGHBOURS = 5
LEAST_TRUSTED = 20
ALPHA = 0.01
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """What one contributor's rows do together.

    Args:
        contributor: as it was given.
        rows: rows it gave.
        value: their Shapley value: the part of the accuracy on trusted rows that is due to them; below 0 they harm.
        interval: of it, 95 %, over trusted rows.
        p: chance of a value so far below 0 if they did no harm, corrected for all contributors (Holm).
        harmful: whether p is at most 0.01.
    """

    contributor: str
    rows: int
    value: float
    interval: Interval
    p: float
    harmful: bool


def row_values(
    x: ArrayLike, y: ArrayLike, trusted_x: ArrayLike, trusted_y: ArrayLike, *, neighbours: int = NEIGHBOURS
) -> NDArray[np.float64]:
    """The Shapley value of every row for every trusted row, shape (trusted, n).

    The mean over trusted rows sums to the accuracy of the model on them, in the sense of the share of neighbours that
    agree.

    Args:
        x: shape (n, p), numbers on comparable scales.
        y: shape (n,), labels.
        trusted_x: shape (m, p).
        trusted_y: shape (m,), true labels.
        neighbours: k of the model.

    Raises:
        InputError: shapes disagree, a number is not finite, or there is no row.
    """
    rows, checked = _numbers(x), _numbers(trusted_x)
    labels, truth = np.asarray(y).reshape(-1), np.asarray(trusted_y).reshape(-1)
    if len(rows) != len(labels) or len(checked) != len(truth) or rows.shape[1] != checked.shape[1]:
        raise InputError("rows, labels and columns do not match", remedy="give one label per row, and equal columns")
    if not len(rows) or neighbours < 1:
        raise InputError("there is no row, or no neighbour", remedy="give rows and one neighbour at least")
    found = np.empty((len(checked), len(rows)))
    for i, (place, answer) in enumerate(zip(checked, truth, strict=True)):
        order = np.argsort(((rows - place) ** 2).sum(axis=1), kind="stable")
        found[i, order] = _values(labels[order] == answer, min(neighbours, len(rows)))
    return found


def contributor_influence(
    values: NDArray[np.float64], contributors: Sequence[object], *, alpha: float = ALPHA
) -> tuple[Influence, ...]:
    """What each contributor's rows do together, with one error rate for all.

    Args:
        values: from `row_values`, shape (trusted, n).
        contributors: of each row.
        alpha: chance that any harmless contributor is called harmful.

    Returns:
        One per contributor, the most harmful first.

    Raises:
        IncompleteError: fewer than twenty trusted rows.
        InputError: there is not one contributor per row.
    """
    from scipy.special import stdtr, stdtrit

    trusted, rows = values.shape
    if trusted < LEAST_TRUSTED:
        raise IncompleteError(f"{trusted} trusted rows are too few", remedy=f"look at {LEAST_TRUSTED} rows at least")
    if len(contributors) != rows:
        raise InputError(f"{rows} rows, {len(contributors)} contributors", remedy="name one contributor per row")
    names, codes = np.unique([str(c) for c in contributors], return_inverse=True)
    sums = np.stack([values[:, codes == code].sum(axis=1) for code in range(len(names))])
    means = sums.mean(axis=1)
    errors = np.maximum(sums.std(axis=1, ddof=1) / trusted**0.5, 1e-12)
    adjusted = holm(stdtr(trusted - 1, means / errors))
    half = float(stdtrit(trusted - 1, (1 + _CONFIDENCE) / 2)) * errors
    found = [
        Influence(
            contributor=str(name),
            rows=int((codes == i).sum()),
            value=float(means[i]),
            interval=Interval(float(means[i] - half[i]), float(means[i] + half[i])),
            p=float(adjusted[i]),
            harmful=bool(adjusted[i] <= alpha),
        )
        for i, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda one: (one.value, one.contributor)))


def _values(agrees: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Values of rows from the nearest to the farthest; the recursion runs from the farthest."""
    hits = agrees.astype(np.float64)
    size = len(hits)
    places = np.arange(1, size)
    steps = (hits[:-1] - hits[1:]) / k * np.minimum(k, places) / places
    last = hits[-1] / size if size >= k else hits[-1] / k
    return np.asarray(np.concatenate([last + np.cumsum(steps[::-1])[::-1], [last]]))


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    found = found.reshape(len(found), -1)
    if not np.isfinite(found).all():
        raise InputError("a value is not finite", remedy="fill or leave out such rows")
    return found
