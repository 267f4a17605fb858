"""Rows that lie outside the distribution of the others: each value may be ordinary, and the row still none of theirs.

A forest learns to tell rows from shuffled ones, in which every column is drawn by itself. Rows that look shuffled to a
forest that saw neither them nor their like break what binds the columns together. Clean data has a few such rows, and
their number falls off steadily; planted ones are more than the fall leaves.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import MissingExtraError
from redan.measures.poison.held_out import FOLDS

TREES = 100
EXCESS = 5.0  # standard deviations of the rows beyond the fall, the largest of many thresholds
ODD = 0.5  # more like shuffled rows than like real ones
BODY = (0.90, 0.97)  # quantiles between which the fall is learnt
MOST = 0.02  # of the rows, at most; more are a part of the distribution
FEWEST = 3
BOUND = 0.35  # the usual row looks shuffled to this degree where columns bind each other too little
GROUPS = (10, 60)
GROUP_ROWS = 40
LEAST_ROWS = 300
LEVELS = 10  # values up to which a column is taken apart
MOST_LEVELS = 50


class Strange(NamedTuple):
    """What a search for strange rows found.

    Args:
        rows: numbers of the rows that look shuffled, empty when they are no more than the fall leaves.
        expected: how many the fall leaves.
        excess: standard deviations between the two.
        scores: shape (n,), how shuffled each row looks, 0 to 1.
    """

    rows: NDArray[np.int64]
    expected: float
    excess: float
    scores: NDArray[np.float64]

    @property
    def bound(self) -> bool:
        """Whether columns bind each other enough for a row to break it."""
        return float(np.median(self.scores)) <= BOUND


def strange(x: NDArray[np.float32], nominal: NDArray[np.bool_], rng: np.random.Generator) -> Strange:
    """Searches for rows that other rows do not lead one to expect.

    Source: real against shuffled rows as in Shi and Horvath, Journal of Computational and Graphical Statistics 15
    (2006); groups of like rows share a fold, so that a planted group cannot vouch for itself.

    Args:
        x: shape (n, p), ranks or codes, NaN where missing.
        nominal: shape (p,), which columns are codes without an order.
        rng: of groups, folds, shuffles and forests.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    scores = _scores(x, _folds(x, nominal, rng), rng)
    return _judged(scores)


def _judged(scores: NDArray[np.float64]) -> Strange:
    none = Strange(np.empty(0, np.int64), 0.0, 0.0, scores)
    size = len(scores)
    odds = np.log(scores + 0.01) - np.log(1.01 - scores)
    start, end = np.quantile(odds, BODY)
    if size < LEAST_ROWS or not none.bound or end <= start:
        return none
    fall = np.log((1 - BODY[0]) / (1 - BODY[1])) / (end - start)
    order = np.argsort(-odds, kind="stable")
    tail = odds[order[: int(0.1 * size)]]
    ranks = np.arange(1, len(tail) + 1)
    expected = size * (1 - BODY[1]) * np.exp(-fall * (tail - end))
    excess = (ranks - expected) / np.sqrt(expected + 1)
    told = (excess >= EXCESS) & (ranks >= FEWEST) & (ranks <= MOST * size) & (scores[order[: len(ranks)]] > ODD)
    if not told.any():
        return none
    count = int(ranks[told][np.argmax(excess[told])])
    return Strange(np.sort(order[:count]), float(expected[count - 1]), float(excess[count - 1]), scores)


def _scores(x: NDArray[np.float32], fold: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    found = np.full(len(x), 0.5)
    for i in range(FOLDS):
        here, others = fold == i, x[fold != i]
        if not here.any() or not len(others):
            continue
        shuffled = np.column_stack([rng.permutation(column) for column in others.T])
        kinds = np.repeat([0, 1], [len(others), len(shuffled)])
        forest = _forest(int(rng.integers(2**31 - 1)))
        forest.fit(np.vstack([others, shuffled]), kinds)
        found[here] = forest.predict_proba(x[here])[:, 1]
    return found


def _folds(x: NDArray[np.float32], nominal: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """A fold for each group of like rows."""
    try:
        from sklearn.cluster import MiniBatchKMeans
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    groups = int(np.clip(len(x) // GROUP_ROWS, *GROUPS))
    means = MiniBatchKMeans(groups, n_init=1, batch_size=1024, random_state=int(rng.integers(2**31 - 1)))
    return np.asarray(rng.permutation(np.arange(groups) % FOLDS)[means.fit_predict(_space(x, nominal))])


def _space(x: NDArray[np.float32], nominal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ranks between 0 and 1, and one column per level of the others, the commonest levels only."""
    parts: list[NDArray[np.float64]] = []
    for values, code in zip(x.T, nominal, strict=True):
        missing = np.isnan(values)
        levels, counts = np.unique(values[~missing], return_counts=True)
        if code or len(levels) <= LEVELS:
            common = levels[np.argsort(-counts, kind="stable")[:MOST_LEVELS]]
            parts.extend((values == level) * np.sqrt(0.5) for level in common)
        else:
            ordered = np.sort(values[~missing])
            place = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
            parts.append(np.where(missing, 0.5, place / (2 * len(ordered))))
    return np.column_stack(parts) if parts else np.zeros((len(x), 1))


def _forest(seed: int) -> Any:  # noqa: ANN401 -- scikit-learn ships no types
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(n_estimators=TREES, min_samples_leaf=2, n_jobs=1, random_state=seed)
