"""The envelope of training rows: ranges, levels, a distance, and the bins by which drift is counted.

Source: Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance matrices, Journal of Multivariate
Analysis 88 (2004); Lee et al., NeurIPS 2018 (Mahalanobis distance of inputs far from the training data).
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, MissingExtraError
from redan.extras import missing_import
from redan.guards.drift import Column
from redan.guards.envelope import Bounds, flat
from redan.measures.drift.bins import QUANTILES, edges_of

WIDEST: Final = 512  # columns of a distance, which takes their square of time and of room
MOST_KEPT: Final = 1_000  # levels of a text; the file is no register of what people wrote
NAMING: Final = 0.2  # levels for each row from which they name rows
_FEW: Final = 20
_LONGEST: Final = 200
_RIDGE: Final = 1e-6  # of a column's variance: columns that repeat each other leave no direction without any
NO_DISTANCE: Final = np.zeros((0, 0))


def ranges(values: NDArray[Any]) -> Bounds:
    """Least and largest value of each column of training rows, without a distance.

    Args:
        values: shape (n, ...), n 1 or more, in the type in which the model reads them.
    """
    rows = flat(values)
    low, high = (np.asarray(one, np.float64) for one in (rows.min(axis=0), rows.max(axis=0)))
    return Bounds(low, high, np.zeros(0), NO_DISTANCE, 0.0)


def with_distance(bounds: Bounds, values: NDArray[Any]) -> Bounds:
    """The same with the distance of the training rows; nothing is refused by it yet.

    Columns are compared in units of their own spread, and the covariance is shrunk, so that few rows, constant columns
    and columns that repeat each other still give one.

    Args:
        bounds: ranges.
        values: shape (n, ...), n 2 or more.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    absent = missing_import("sklearn")
    if absent:
        raise MissingExtraError("sklearn", "scikit-learn")
    from sklearn.covariance import LedoitWolf

    rows = flat(values).astype(np.float64)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread[spread == 0] = 1.0
    covariance = LedoitWolf(assume_centered=True).fit((rows - mean) / spread).covariance_
    lower = np.linalg.cholesky(covariance + _RIDGE * np.eye(len(covariance)))
    whiten = np.linalg.solve(lower, np.diag(1.0 / spread)).T
    return bounds._replace(mean=mean, whiten=whiten, furthest=math.inf)


def with_furthest(bounds: Bounds, values: NDArray[Any], refused: float) -> Bounds:
    """The same with the distance beyond which rows are refused: at most the stated share of honest ones.

    Args:
        bounds: with a distance.
        values: held-out rows, in the type in which the model reads them.
        refused: share of rows that may be refused, in (0, 1).

    Raises:
        IncompleteError: there are too few rows for so small a share.
    """
    n = len(values)
    rank = math.ceil((n + 1) * (1 - refused) - 1e-9)
    if rank > n:
        least = math.ceil(1 / refused - 1e-9) - 1
        raise IncompleteError(
            f"{n:,} held-out rows do not tell the furthest of {refused:.2%}; it takes {least:,}",
            remedy="give more calibration rows, or a larger --refused",
        )
    far = np.sort(bounds.of(values.dtype).distances(flat(values)))
    return bounds._replace(furthest=float(far[rank - 1]))


def levels(values: NDArray[Any]) -> frozenset[bytes] | None:
    """The texts of training rows; None where there are too many, as in free text, or in names of people and rows.

    Args:
        values: shape (n, ...), objects of `str`.
    """
    found = {str(one) for one in values.ravel().tolist()}
    many = len(found) > MOST_KEPT or (len(found) > _FEW and len(found) > NAMING * values.size)
    return None if many or max(map(len, found)) > _LONGEST else frozenset(one.encode() for one in found)


def columns(values: NDArray[Any], names: tuple[str, ...]) -> tuple[Column, ...]:
    """How drift counts each column: the bins of `redan.measures.drift`, as rows of the gateway have them.

    Args:
        values: training rows, shape (n, ...).
        names: of the columns.
    """
    rows = flat(values).astype(np.float64)
    found = []
    for place, name in enumerate(names):
        held = rows[:, place]
        whole = bool((held == np.floor(held)).all())
        edges = np.array(edges_of(np.quantile(held, QUANTILES), whole=whole), dtype=np.float64)
        cells = np.searchsorted(edges, held, side="right")
        found.append(Column(name[:512], edges, np.bincount(cells, minlength=len(edges) + 1).astype(np.int64)))
    return tuple(found)
