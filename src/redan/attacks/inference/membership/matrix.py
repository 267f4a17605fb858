"""What every attack works on: a score for each model and sample, and which model was trained on which sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

LIMIT = 1e6  # of a score; an infinite one has no mean
_TABLE = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreMatrix:
    """Scores of models on samples; made by `matrix_from`, which looks at them.

    Args:
        phi: log-odds of the true class, shape (models, samples).
        inside: whether the model was trained on the sample, shape (models, samples).
        targets: rows that are attacked; their part of `inside` is the truth that attacks are judged by.
        model: SHA-256 of the file of the first target; empty where nobody says.
    """

    phi: NDArray[np.float64]
    inside: NDArray[np.bool_]
    targets: tuple[int, ...] = (0,)
    model: str = ""

    @property
    def models(self) -> int:
        """How many models there are, targets included."""
        return len(self.phi)

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.phi.shape[1])

    @property
    def shadows(self) -> NDArray[np.int64]:
        """Rows that are no targets; where every row is a target, each has all the others as its shadows."""
        return np.setdiff1d(np.arange(self.models), self.targets)

    @property
    def members(self) -> NDArray[np.bool_]:
        """Which samples each target was trained on, shape (targets, samples)."""
        return self.inside[list(self.targets)]

    def among(self, shadows: int, targets: Sequence[int] | None = None) -> "ScoreMatrix":
        """The same targets with the first so many shadows only.

        Args:
            shadows: how many; all where there are fewer.
            targets: rows of this matrix; all its own by default.

        Raises:
            InputError: every row is a target, so that there is no shadow to leave out.
        """
        kept = tuple(self.targets if targets is None else targets)
        if not len(self.shadows):
            raise InputError("every model is a target", remedy="name fewer targets, so that the rest are shadows")
        rows = [*kept, *self.shadows[:shadows].tolist()]
        return matrix_from(self.phi[rows], self.inside[rows], targets=range(len(kept)), model=self.model)


def matrix_from(
    phi: NDArray[Any], inside: NDArray[Any], *, targets: Sequence[int] = (0,), model: str = ""
) -> ScoreMatrix:
    """A matrix of scores that fit together.

    Args:
        phi: shape (models, samples), or (samples,) for a single model.
        inside: whether the model was trained on the sample, of the same shape.
        targets: rows that are attacked.
        model: SHA-256 of the first target's file.

    Returns:
        Scores beyond a million are cut there, and single precision is widened.

    Raises:
        InputError: shapes differ, a score is NaN, or there is no such target.
    """
    scores, known = np.atleast_2d(np.asarray(phi)), np.atleast_2d(np.asarray(inside))
    if scores.ndim != _TABLE or scores.shape != known.shape or not scores.size:
        raise InputError(
            f"scores of shape {scores.shape} and membership of shape {known.shape}",
            remedy="give both as (models, samples)",
        )
    if scores.dtype.kind not in "iuf" or np.isnan(scores).any():
        raise InputError("a score is no number", remedy="give log p/(1-p) of the true class")
    if known.dtype != np.bool_ and not np.isin(known, (0, 1)).all():
        raise InputError("membership is neither 0 nor 1")
    rows = tuple(int(row) for row in targets)
    if not rows or len(set(rows)) < len(rows) or min(rows) < 0 or max(rows) >= len(scores):
        raise InputError(f"targets {rows[:5]} are not rows of {len(scores)} models")
    cut = np.clip(np.asarray(scores, dtype=np.float64), -LIMIT, LIMIT)
    return ScoreMatrix(phi=cut, inside=known.astype(np.bool_), targets=rows, model=model)
