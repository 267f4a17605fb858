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
    x: NDArray[np.float32], y: NDArray[np.int64], classes: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Class probabilities of each row by extremely randomised trees on rows of other folds.

    Rows that are alike in all columns share a fold, so that copies of a row cannot vouch for each other.

    Source: Geurts et al., Extremely Randomized Trees, Machine Learning 63 (2006).

    Args:
        x: shape (n, p), NaN where missing.
        y: shape (n,), class codes below `classes`.
        classes: how many classes there are.
        rng: of folds and forests.

    Returns:
        Shape (n, classes), rows sum to 1.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    fold = _folds(x, rng)
    found = np.full((len(y), classes), 1.0 / classes)
    for i in range(FOLDS):
        here, others = fold == i, fold != i
        if here.any() and others.any():
            found[here] = told_by(x[others], y[others], classes, rng, x[here])
    return found


def told_by(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    classes: int,
    rng: np.random.Generator,
    about: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Class probabilities of some rows by one forest on others.

    Args:
        x: rows to learn from, shape (n, p), one at least; a sample of them when there are many.
        y: their classes, shape (n,).
        classes: how many classes there are.
        rng: of the sample and the forest.
        about: rows to tell about, shape (m, p).

    Returns:
        Shape (m, classes), rows sum to 1.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    if len(y) > LEARNT:
        chosen = np.sort(rng.choice(len(y), LEARNT, replace=False))
        x, y = x[chosen], y[chosen]
    forest = _forest(int(rng.integers(2**31 - 1)))
    forest.fit(x, y)
    found = np.zeros((len(about), classes))
    found[:, forest.classes_] = forest.predict_proba(about)
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


def _forest(seed: int) -> Any:  # noqa: ANN401 -- scikit-learn ships no types
    try:
        from sklearn.ensemble import ExtraTreesClassifier
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    return ExtraTreesClassifier(n_estimators=TREES, min_samples_leaf=LEAF_ROWS, n_jobs=1, random_state=seed)
