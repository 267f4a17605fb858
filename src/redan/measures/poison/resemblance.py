"""Whether rows of a class look like rows of other classes: what a relabelled row cannot hide.

The rows are left out when a forest learns, so nothing that was planted in them is learnt. If columns are independent
within a class, honest rows resemble their class whatever picked them; rows taken from other classes resemble those. A
row counts as alike another class when the forest is as sure of one other class as it is of that class's own rows: an
unusual shape of the own class makes the forest unsure, and no more. (With two classes unsure and other are the same.)

Source: exclusionary reclassification in Chen et al., Detecting Backdoor Attacks on Deep Neural Networks by Activation
Clustering, 2018, section 3.3; here as a share with an interval instead of a ratio against a fixed bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.measures.poison.views import filled
from redan.stats.interval import Interval

_TREES = 150
_LEAST_ROWS = 5
_LEAST_CONTRAST = 0.05  # classes less apart than this give shares that mean nothing
_SURE = 3.0  # standard errors by which the contrast must exceed that
_LEAF_ROWS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblance:
    """The share of some rows of a class that look like other classes.

    Args:
        share: 0 when they look like their own class, 1 when they look like the others; may lie a little outside.
        interval: of the share, at `confidence`.
        confidence: its level.
        n: rows.
        contrast: how far the forest tells the class from the others, in (0, 1].
    """

    share: float
    interval: Interval
    confidence: float
    n: int
    contrast: float


def looks_like_others(
    inputs: ArrayLike,
    labels: ArrayLike,
    rows: ArrayLike,
    *,
    rng: np.random.Generator,
    without: Sequence[int] = (),
    confidence: float = 0.98,
) -> Resemblance:
    """The share of some rows, all of one class, that look like rows of other classes.

    Args:
        inputs: shape (n, ...), numbers; flattened per row, NaN where missing.
        labels: shape (n,), class labels.
        rows: shape (n,), which rows are judged.
        rng: of the forest.
        without: columns that the forest does not see.
        confidence: of the interval, by Student's t; that the class and the others are samples, too, is in it.

    Raises:
        IncompleteError: fewer than five rows are judged or left of their class, or the classes cannot be told apart.
        InputError: shapes disagree, or the rows are of several classes.
        MissingExtraError: scikit-learn is not installed.
    """
    x = np.asarray(inputs, dtype=np.float32)
    x = x.reshape(len(x), -1)
    y, judged = np.asarray(labels).reshape(-1), np.asarray(rows, dtype=bool).reshape(-1)
    if not len(x) == len(y) == len(judged):
        raise InputError("inputs, labels and rows have different lengths", remedy="give one of each per row")
    hit = _target(y, judged)
    kept = np.setdiff1d(np.arange(x.shape[1]), [*without])
    if judged.sum() < _LEAST_ROWS or (hit & ~judged).sum() < _LEAST_ROWS or hit.all() or not len(kept):
        raise IncompleteError("too few rows to compare", remedy="give more rows of each class")
    support = _support(filled(x[:, kept]), np.unique(y, return_inverse=True)[1], judged, hit, rng)
    own, others, seen = support[hit & ~judged], support[~hit], support[judged]
    contrast = float(others.mean() - own.mean())
    if contrast - _SURE * (_doubt(own) + _doubt(others)) ** 0.5 < _LEAST_CONTRAST:
        raise IncompleteError("the other columns do not tell the classes apart", remedy="give columns that do")
    return _unmixed(own, others, seen, confidence)


def _target(y: NDArray[Any], judged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    found = np.unique(y[judged])
    if len(found) > 1:
        raise InputError("the judged rows are of several classes", remedy="judge one class at a time")
    return np.asarray(y == found[0]) if len(found) else np.zeros(len(y), dtype=bool)


def _unmixed(
    own: NDArray[np.float64], others: NDArray[np.float64], seen: NDArray[np.float64], confidence: float
) -> Resemblance:
    from scipy.special import stdtrit

    contrast = float(others.mean() - own.mean())
    share = float((seen.mean() - own.mean()) / contrast)
    # One row in n + 1 that looks the other way keeps the interval open when all judged rows agree.
    rows = max(_doubt(seen), (contrast / (len(seen) + 1)) ** 2 / len(seen))
    spread = (rows + (1 - share) ** 2 * _doubt(own) + share**2 * _doubt(others)) ** 0.5 / contrast
    half = float(stdtrit(min(len(seen), len(own)) - 1, (1 + confidence) / 2)) * spread
    return Resemblance(
        share=share,
        interval=Interval(share - half, share + half),
        confidence=confidence,
        n=len(seen),
        contrast=contrast,
    )


def _doubt(values: NDArray[np.float64]) -> float:
    """Squared standard error of a mean."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else np.inf


def _support(
    x: NDArray[np.float32],
    codes: NDArray[np.int64],
    judged: NDArray[np.bool_],
    hit: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """How far each row speaks for one other class, by trees that did not see it, shape (n,)."""
    try:
        from sklearn.ensemble import ExtraTreesClassifier
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    forest = ExtraTreesClassifier(
        n_estimators=_TREES,
        min_samples_leaf=_LEAF_ROWS,
        bootstrap=True,
        max_samples=0.632,
        class_weight="balanced",
        random_state=int(rng.integers(2**31 - 1)),
        n_jobs=1,
    )
    target = codes[hit][0]
    forest.fit(x[~judged], codes[~judged])
    place = int(np.searchsorted(forest.classes_, target))
    shares = np.empty((len(x), len(forest.classes_)))
    shares[judged] = forest.predict_proba(x[judged])
    shares[~judged] = _held_out(forest, x[~judged])
    return np.asarray(np.delete(shares, place, axis=1).max(axis=1))


def _held_out(forest: Any, x: NDArray[np.float32]) -> NDArray[np.float64]:  # noqa: ANN401
    sums, counts = np.zeros((len(x), len(forest.classes_))), np.zeros((len(x), 1))
    for tree, seen in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        unseen = np.ones(len(x), dtype=bool)
        unseen[seen] = False
        sums[unseen] += tree.predict_proba(x[unseen])
        counts[unseen] += 1
    return np.asarray(sums / np.maximum(counts, 1))
