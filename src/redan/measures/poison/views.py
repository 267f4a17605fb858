"""What a row's label should be by some of its columns only: trees that see few columns each, on rows they did not see.

A trigger occupies few columns. Trees that see none of them judge a row by the rest of it, so leaving columns out costs
a weighted mean and no new model.

Source: Ho, The Random Subspace Method for Constructing Decision Forests, IEEE TPAMI 20(8), 1998.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import MissingExtraError

TREES = 300
LEAST_TREES = 20  # fewer votes than this are noise
_LEAF_ROWS = 3
_BINS = 40
_BIN_ROWS = 25
_LARGEST = np.float32(1e29)
_MISSING = np.float32(-1e30)  # below every rank and every number: missing is a level of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Votes of trees over columns and rows that they saw or did not see.

    Args:
        sees: shape (trees, p), whether a tree sees a column.
        votes: shape (classes, trees, n), float32: share of a class by rows not seen; 0 where the row was seen.
        unseen: shape (trees, n), float32: 1 where the tree did not see the row.
    """

    sees: NDArray[np.bool_]
    votes: NDArray[np.float32]
    unseen: NDArray[np.float32]

    def support(self, target: int, without: Iterable[int] = ()) -> NDArray[np.float64] | None:
        """How far the other columns speak for a class, shape (n,); None when too few trees see none of `without`."""
        columns = [*without]
        blind = ~self.sees[:, columns].any(axis=1) if columns else np.ones(len(self.sees), dtype=bool)
        if blind.sum() < LEAST_TREES:
            return None
        weights = blind.astype(np.float32)
        return _mean(weights @ self.votes[target], weights @ self.unseen)

    def support_without_each(self, target: int) -> NDArray[np.float64]:
        """The same for each column left out alone, shape (p, n); by all trees where too few do without."""
        blind = (~self.sees).T.astype(np.float32)
        blind[blind.sum(axis=1) < LEAST_TREES] = 1.0
        return _mean(blind @ self.votes[target], blind @ self.unseen)


def views(x: NDArray[np.float32], y: NDArray[np.int64], rng: np.random.Generator, trees: int = TREES) -> Views:
    """Grows the trees, each on a random half of the rows and about the square root of all columns.

    Args:
        x: shape (n, p), NaN where missing.
        y: shape (n,), class codes from 0.
        rng: of rows, columns and splits.
        trees: how many.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    rows, columns = x.shape
    shown, classes = filled(x), int(y.max()) + 1
    usual = max(2, round(columns**0.5))
    sees = np.zeros((trees, columns), dtype=np.bool_)
    votes = np.zeros((classes, trees, rows), dtype=np.float32)
    unseen = np.zeros((trees, rows), dtype=np.float32)
    for i in range(trees):
        width = min(int(rng.integers(usual - 1, usual + 2)), columns)
        chosen = np.sort(rng.choice(columns, width, replace=False))
        inside = np.asarray(rng.random(rows) < 0.5, dtype=np.bool_)  # noqa: PLR2004 -- half
        inside[rng.integers(rows)] = True
        part = shown[:, chosen]
        tree = _tree(int(rng.integers(2**31 - 1))).fit(part[inside], y[inside])
        outside = np.flatnonzero(~inside)
        sees[i, chosen] = True
        unseen[i, outside] = 1.0
        if len(outside):
            found = tree.predict_proba(part[outside]).T
            for place, code in enumerate(tree.classes_):
                votes[code, i, outside] = found[place]
    return Views(sees=sees, votes=votes, unseen=unseen)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps matrix products on one core: the many small ones of a search lose more by waiting than they gain.

    Raises:
        MissingExtraError: scikit-learn, which brings the switch, is not installed.
    """
    try:
        control = import_module("threadpoolctl")  # comes with scikit-learn and has no types
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    with control.threadpool_limits(limits=1):
        yield


def filled(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same values with missing ones as a level below all others, and none so large that sums overflow."""
    found: NDArray[np.float32] = np.where(np.isnan(x), _MISSING, np.clip(x, -_LARGEST, _LARGEST)).astype(np.float32)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Chance of a class by how far the columns speak for it: a rising step function.

    Source: Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass Probability Estimates, KDD 2002.

    Args:
        edges: where a step begins, rising.
        chances: one more than there are edges, in (0, 1).
    """

    edges: NDArray[np.float64]
    chances: NDArray[np.float64]

    def of(self, support: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chances, of the shape of `support`."""
        return np.asarray(self.chances[np.searchsorted(self.edges, support, side="right")])


def calibration(support: NDArray[np.float64], hit: NDArray[np.bool_]) -> Calibration:
    """Learns chances from rows, a little towards the common rate so that none is 0 or 1.

    Args:
        support: shape (n,).
        hit: shape (n,), whether the row has the class.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(support, kind="stable")
    ordered, hits = support[order], hit[order].astype(float)
    count = max(1, min(_BINS, len(hits) // _BIN_ROWS))
    bounds = np.linspace(0, len(hits), count + 1).astype(np.int64)
    starts, sizes = bounds[:-1], np.diff(bounds).astype(np.float64)
    sums = np.add.reduceat(hits, starts)
    base = (hits.sum() + 0.5) / (len(hits) + 1.0)
    smooth = isotonic_regression((sums + base) / (sizes + 1.0), weights=sizes + 1.0).x
    blocks = np.unique(smooth, return_inverse=True)[1]
    pooled = np.bincount(blocks, weights=sums) + 0.5 * base + 0.5 * 0.5
    chances = (pooled / (np.bincount(blocks, weights=sizes) + 1.0))[blocks]
    return Calibration(edges=ordered[starts[1:]], chances=np.clip(chances, 1e-4, 1 - 1e-4))


def _mean(sums: NDArray[np.float32], counts: NDArray[np.float32]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (sums / np.maximum(counts, 1.0)).astype(np.float64)
    return found


def _tree(seed: int) -> Any:  # noqa: ANN401 -- scikit-learn ships no types
    try:
        from sklearn.tree import ExtraTreeClassifier
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    return ExtraTreeClassifier(
        min_samples_leaf=_LEAF_ROWS, max_features=None, class_weight="balanced", random_state=seed
    )
