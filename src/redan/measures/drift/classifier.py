"""Can a classifier tell current rows from reference rows? Where it can, and by which features."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import MissingExtraError
from redan.measures.drift.witness import Witness, halves, judged
from redan.stats.binomial import chance_of_at_least, clopper_pearson
from redan.stats.interval import Interval

TREES = 100
LEAF_ROWS = 5
ATTRIBUTED = 12  # columns whose part is measured: the ones that the forest used most


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierTest:
    """A classifier two-sample test.

    Args:
        accuracy: balanced over both samples, on rows that it did not learn from; 0.5 when nothing changed.
        p: chance of so many right answers or more by guessing.
        witness: where it says "current", as a bound of the share of rows that moved.
    """

    accuracy: float
    p: float
    witness: Witness

    @property
    def interval(self) -> Interval:
        """Of the accuracy, 95 % or more."""
        (k, n), (j, m) = self.witness.reference, self.witness.current
        right, wrong = clopper_pearson(j, m, 0.975), clopper_pearson(k, n, 0.975)
        return Interval((right.low + 1 - wrong.high) / 2, (right.high + 1 - wrong.low) / 2)


def classifier_two_sample(
    reference: ArrayLike, current: ArrayLike, *, rng: np.random.Generator, level: float = 0.025
) -> ClassifierTest:
    """Learns to tell the samples apart on one half of each and counts right answers on the other.

    Source: Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests (ICLR 2017).

    Args:
        reference: shape (n, d), numbers; NaN is missing.
        current: shape (m, d).
        rng: of the halves and the forest.
        level: chance that the witness's bound lies above the truth.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    left, right = (_filled(rows) for rows in (reference, current))
    size = min(len(left), len(right))  # as many of each, so that guessing is right half of the time
    left, right = (rows[rng.permutation(len(rows))[:size]] for rows in (left, right))
    cuts = [halves(size, rng) for _ in range(2)]
    learn = left[cuts[0][0]], right[cuts[1][0]]
    judge = left[cuts[0][1]], right[cuts[1][1]]
    forest = Told.learnt(*learn, seed=int(rng.integers(2**31 - 1)))
    witness = judged(forest.says(judge[0]), forest.says(judge[1]), level)
    hits = witness.current[0] + witness.reference[1] - witness.reference[0]
    accuracy = (1 + witness.value) / 2
    return ClassifierTest(accuracy=accuracy, p=chance_of_at_least(hits, witness.n, 0.5), witness=witness)


@dataclass(frozen=True, slots=True)
class Told:
    """A forest that tells current rows from reference rows.

    Args:
        forest: of scikit-learn; None where a sample had no row to learn from.
    """

    forest: Any

    @classmethod
    def learnt(cls, reference: NDArray[Any], current: NDArray[Any], *, seed: int) -> "Told":
        """A forest grown on rows of both.

        Raises:
            MissingExtraError: scikit-learn is not installed.
        """
        try:
            from sklearn.ensemble import ExtraTreesClassifier
        except ImportError as error:
            raise MissingExtraError("sklearn", "scikit-learn") from error
        if not len(reference) or not len(current):
            return cls(None)
        forest = ExtraTreesClassifier(
            n_estimators=TREES, min_samples_leaf=LEAF_ROWS, class_weight="balanced", n_jobs=1, random_state=seed
        )
        answers = np.repeat([0, 1], [len(reference), len(current)])
        return cls(forest.fit(np.concatenate([reference, current]), answers))

    def says(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """Which rows it takes for current ones."""
        if self.forest is None or not len(rows):
            return np.zeros(len(rows), dtype=np.bool_)
        return np.asarray(self.forest.predict_proba(rows)[:, 1] > 0.5)  # noqa: PLR2004 - either or

    def parts(
        self, judge: tuple[NDArray[Any], NDArray[Any]], owners: NDArray[np.int64], rng: np.random.Generator
    ) -> dict[int, float]:
        """By how much the witness shrinks when one column's values are shuffled over all rows, by column.

        Source: Breiman, Random Forests, Machine Learning 45 (2001), section 10, for the shuffling.

        Args:
            judge: reference and current rows that the forest did not learn from.
            owners: shape (d,), the column that each number comes from.
            rng: of the shuffles.

        Returns:
            The columns that the forest used most, 12 at most.
        """
        if self.forest is None:
            return {}
        used = np.bincount(owners, weights=self.forest.feature_importances_)
        rows, size = np.concatenate(judge), len(judge[0])
        whole = self._gap(rows, size)
        found = {}
        for column in np.argsort(-used, kind="stable")[:ATTRIBUTED]:
            mixed = rows.copy()
            places = np.flatnonzero(owners == column)
            mixed[:, places] = rows[rng.permutation(len(rows))][:, places]
            found[int(column)] = whole - self._gap(mixed, size)
        return found

    def _gap(self, rows: NDArray[Any], size: int) -> float:
        said = self.says(rows)
        return float(said[size:].mean() - said[:size].mean())


def _filled(values: ArrayLike) -> NDArray[np.float32]:
    """Rows without missing or infinite values, which get numbers of their own below and above all others."""
    rows = np.asarray(values, dtype=np.float64)
    rows = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    big = float(np.finfo(np.float32).max)
    return np.nan_to_num(rows, nan=-big, posinf=big, neginf=-big / 2).clip(-big, big).astype(np.float32)
