"""A baseline that never asks the model: where it tells members from others, the two groups differ by themselves.

Source: Das, Zhang and Tramèr, Blind Baselines Beat Membership Inference Attacks for Foundation Models (2024).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.attacks.inference.membership.moments import sides
from redan.errors import MissingExtraError
from redan.extras import missing_import
from redan.stats.roc import Roc, roc
from redan.stats.roc_area import Area, area

FOLDS = 5
_WIDEST = 64
_KEPT = 24
_LEAST = 20
_LEVEL = 0.05


class Blind(NamedTuple):
    """How well members are told from others without the model.

    Args:
        by: what tells best.
        area: below its curve; of several, at a level that holds for all of them together.
        curve: of that one.
        tried: how many there were.
    """

    by: str
    area: Area
    curve: Roc
    tried: int

    @property
    def shifted(self) -> bool:
        """Whether the groups differ for sure, so that no attack's success says anything of the model."""
        return self.area.interval.low > 0.5  # noqa: PLR2004 -- chance


def blind_baseline(features: NDArray[Any], members: NDArray[Any], *, seed: int = 0, confidence: float = 0.95) -> Blind:
    """Boosted trees and a linear classifier on the records themselves, each record scored by folds without it.

    Args:
        features: of records, label included, shape (n, width); pictures as flat rows.
        members: which are members, shape (n,), 20 at least of each kind.
        seed: of folds and learners.
        confidence: of the interval, for both classifiers together.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        ValueError: there are too few records.
    """
    if (missing := missing_import("sklearn")) is not None:
        raise MissingExtraError("sklearn", missing)
    truth = np.asarray(members, dtype=bool)
    if min(int(truth.sum()), int((~truth).sum())) < _LEAST:
        raise ValueError(f"a baseline needs {_LEAST} members and as many others")
    x = narrow(np.asarray(features, dtype=np.float64).reshape(len(truth), -1), seed)
    found = [(name, _crossed(name, x, truth, seed)) for name in ("boosted trees", "a linear classifier")]
    return _best(found, truth, confidence)


def blind_to_target(matrix: ScoreMatrix, *, confidence: float = 0.95) -> Blind:
    """What shadows say of records they were not trained on, for a matrix without records.

    Shadows never saw the target, so that their scores tell nothing of it; where they tell its members from the others,
    one group is harder than the other.

    Raises:
        InputError: there is no shadow.
    """
    found, members = [], []
    for place, (_, (_, out)) in enumerate(sides(matrix)):
        known = out.number > 0
        found.append(out.mean[known])
        members.append(matrix.members[place][known])
    easy, truth = np.concatenate(found), np.concatenate(members)
    return _best([("records being easy", easy), ("records being hard", -easy)], truth, confidence)


def narrow(x: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Wide records as their first principal components, with what a summary of each row says.

    Args:
        x: shape (n, width).
        seed: of the decomposition.

    Returns:
        The records themselves where they are narrow, gaps as zeros.
    """
    clean = np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
    if clean.shape[1] <= _WIDEST:
        return clean
    from sklearn.decomposition import PCA

    count = min(_KEPT, len(clean) - 1)
    parts = PCA(n_components=count, svd_solver="randomized", random_state=seed).fit_transform(clean)
    summary = [clean.mean(axis=1), clean.std(axis=1), clean.min(axis=1), clean.max(axis=1), (clean == 0).mean(axis=1)]
    return np.column_stack([parts, *summary])


def _best(found: list[tuple[str, NDArray[np.float64]]], truth: NDArray[np.bool_], confidence: float) -> Blind:
    level = 1.0 - (1.0 - confidence) / len(found)
    areas = [(area(scores[truth], scores[~truth], level), name, scores) for name, scores in found]
    best, name, scores = max(areas, key=lambda one: one[0].interval.low)
    return Blind(name, best, roc(scores[truth], scores[~truth]), len(found))


def _crossed(name: str, x: NDArray[np.float64], truth: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """Scores by folds, each as the rank within its fold, since classifiers of two folds are on two scales."""
    from scipy.stats import rankdata

    scores = np.empty(len(truth))
    for place, (held, rest) in enumerate(_folds(truth, seed)):
        fitted = _learner(name, seed + place).fit(x[rest], truth[rest])
        told = fitted.predict_proba(x[held])[:, 1]
        scores[held] = (rankdata(told) - 0.5) / len(held)
    return scores


def _folds(truth: NDArray[np.bool_], seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Folds with equal shares of members, or ranks within them would tell their share."""
    rng = np.random.default_rng([seed, 11])
    parts = np.empty(len(truth), dtype=np.int64)
    for kind in (True, False):
        rows = np.flatnonzero(truth == kind)
        parts[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    yield from ((np.flatnonzero(parts == fold), np.flatnonzero(parts != fold)) for fold in range(FOLDS))


def _learner(name: str, seed: int) -> Any:  # noqa: ANN401 -- an estimator of scikit-learn
    if name == "boosted trees":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, learning_rate=0.1, random_state=seed)
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
