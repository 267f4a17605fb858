"""What the other rows say about each row's label: class probabilities by a forest that did not see the row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import MissingExtraError

FOLDS = 5
TREES = 100
LEAF_ROWS = 2
LEARNT = 10_000  # rows that a forest is grown on, at most


def held_out(
    x: NDArray[np.float32], y: NDArray[np.int64], classes: int, rng: np.random.Generator, trees: int = TREES
) -> NDArray[np.float64]:
    """Class probabilities of each row by extremely randomised trees on rows of other folds.

    Rows that are alike in all columns share a fold, so that copies of a row cannot vouch for each other.

    Source: Geurts et al., Extremely Randomized Trees, Machine Learning 63 (2006).

    Args:
        x: shape (n, p), NaN where missing.
        y: shape (n,), class codes below `classes`.
        classes: how many classes there are.
        rng: of folds and forests.
        trees: of each forest.

    Returns:
        Shape (n, classes), rows sum to 1.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    fold = _folds(x, rng)
    found = np.full((len(y), classes), 1.0 / classes)
    for i in range(FOLDS):
        here, others = np.flatnonzero(fold == i), np.flatnonzero(fold != i)
        if not len(here) or not len(others):
            continue
        if len(others) > LEARNT:
            others = np.sort(rng.choice(others, LEARNT, replace=False))
        forest = _forest(trees, int(rng.integers(2**31 - 1)))
        forest.fit(x[others], y[others])
        told = np.zeros((len(here), classes))
        told[:, forest.classes_] = forest.predict_proba(x[here])
        found[here] = told
    return found


def _folds(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
    """A fold for each distinct row; the largest sets of copies are dealt first, so that folds are even."""
    filled = np.ascontiguousarray(np.where(np.isnan(x), np.float32(-1.5), x) + np.float32(0.0))
    packed = filled.view(np.dtype((np.void, filled.dtype.itemsize * filled.shape[1]))).reshape(-1)
    _, group = np.unique(packed, return_inverse=True)
    sizes = np.bincount(group)
    order = np.argsort(-(sizes + rng.random(len(sizes))), kind="stable")
    fold = np.empty(len(sizes), dtype=np.int64)
    fold[order] = np.arange(len(sizes)) % FOLDS
    return np.asarray(fold[group])


def _forest(trees: int, seed: int) -> Any:  # noqa: ANN401 -- scikit-learn ships no types
    try:
        from sklearn.ensemble import ExtraTreesClassifier
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    return ExtraTreesClassifier(n_estimators=trees, min_samples_leaf=LEAF_ROWS, n_jobs=1, random_state=seed)
