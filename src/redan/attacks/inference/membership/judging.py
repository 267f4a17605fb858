"""What an attack's scores come to: the whole curve, rates at its low end, the average, and how targets differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.matrix import ScoreMatrix, matrix_from
from redan.attacks.inference.membership.shelf import attack_of, best_for
from redan.errors import InputError
from redan.stats.interval import Interval
from redan.stats.roc import Operating, Roc, claimable, roc
from redan.stats.roc_area import Area, area

RATES = (0.001, 0.01)
_SEVERAL = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tested:
    """How well an attack tells members from others; an average over records, and no bound on any one of them.

    Args:
        attack: by its name.
        scores: higher is more like a member, shape (targets, samples).
        members: the truth, shape (targets, samples).
        shadows: models that the attack learnt from, for each target.
        curve: of all targets' samples together.
        area: below it, with its interval.
        at: each rate of false positives that was asked for.
        each: the same of each target alone.
    """

    attack: str
    scores: NDArray[np.float64]
    members: NDArray[np.bool_]
    shadows: int
    curve: Roc
    area: Area
    at: tuple[Operating, ...]
    each: tuple[tuple[Operating, ...], ...]

    @property
    def lowest(self) -> float:
        """The lowest false-positive rate that the non-members of one target can show at all."""
        return claimable(int((~self.members[0]).sum()))

    def tpr(self, rate: float) -> Operating:
        """The curve at one of the rates that were asked for.

        Raises:
            KeyError: it was not.
        """
        for one in self.at:
            if one.rate == rate:
                return one
        raise KeyError(rate)

    def mean_of_targets(self, rate: float, confidence: float = 0.95) -> tuple[float, Interval | None]:
        """Mean of the targets' true-positive rates at a rate, with the interval that their spread gives.

        Samples of one target share a model and targets share samples, so that counts over all targets are no
        independent draws; the targets' own rates are taken as such here.

        Returns:
            No interval of a single target: its figure says nothing of another training.
        """
        from scipy.special import stdtrit

        place = [one.rate for one in self.at].index(rate)
        values = np.array([one[place].value for one in self.each])
        if len(values) < _SEVERAL:
            return float(values[0]), None
        half = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * values.std(ddof=1) / np.sqrt(len(values))
        mean = float(values.mean())
        return mean, Interval(max(0.0, mean - half), min(1.0, mean + half))


def membership_test(
    of: ScoreMatrix | NDArray[Any],
    inside: NDArray[Any] | None = None,
    *,
    attack: str | None = None,
    rates: Sequence[float] = RATES,
    confidence: float = 0.95,
) -> Tested:
    """Attacks a model and judges the attack.

    Args:
        of: a matrix, or the scores of one model, shape (samples,); log-odds of the true class, from
            `phi_of_probabilities` or `phi_of_logits`.
        inside: whether the model was trained on each sample; with scores alone.
        attack: `loss`, `difficulty`, `lira`, `lira-pooled`, `lira-sample`, `rmia`, each also with `-offline` where
            shadows are needed. By default LiRA with Bayesian variance, online where shadows trained on the samples are
            there, offline else, and the loss threshold without shadows.
        rates: of false positives.
        confidence: of every interval.

    Raises:
        InputError: a target has no members or no non-members, there are too few shadows, or no such attack.
    """
    matrix = of if isinstance(of, ScoreMatrix) else _single(of, inside)
    name = best_for(matrix) if attack is None else attack
    scores = attack_of(name)(matrix)
    shadows = len(matrix.shadows) or (matrix.models - 1)
    return judged(
        scores,
        matrix.members,
        attack=name,
        shadows=0 if name == "loss" else shadows,
        rates=rates,
        confidence=confidence,
    )


def judged(
    scores: NDArray[Any],
    members: NDArray[Any],
    *,
    attack: str = "scores",
    shadows: int = 0,
    rates: Sequence[float] = RATES,
    confidence: float = 0.95,
) -> Tested:
    """Judges the scores of any attack.

    Args:
        scores: higher is more like a member, shape (targets, samples) or (samples,).
        members: the truth, of the same shape.
        attack: its name.
        shadows: that it learnt from.
        rates: of false positives.
        confidence: of every interval.

    Raises:
        InputError: shapes differ, a score is NaN, or a target has no members or no non-members.
    """
    told, truth = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.atleast_2d(np.asarray(members, dtype=bool))
    if told.shape != truth.shape or np.isnan(told).any():
        raise InputError(f"scores of shape {told.shape} for members of shape {truth.shape}, or one is no number")
    if not truth.any(axis=1).all() or truth.all(axis=1).any():
        raise InputError("a target has no members, or nothing else", remedy="give samples of both kinds")
    curve = roc(told[truth], told[~truth])
    curves = [curve] if len(told) == 1 else [roc(s[t], s[~t]) for s, t in zip(told, truth, strict=True)]
    return Tested(
        attack=attack,
        scores=told,
        members=truth,
        shadows=shadows,
        curve=curve,
        area=area(told[truth], told[~truth], confidence),
        at=tuple(curve.at(rate, confidence) for rate in rates),
        each=tuple(tuple(one.at(rate, confidence) for rate in rates) for one in curves),
    )


def _single(phi: NDArray[Any], inside: NDArray[Any] | None) -> ScoreMatrix:
    if inside is None:
        raise InputError("scores alone do not say who is a member", remedy="give inside=")
    return matrix_from(phi, inside)
