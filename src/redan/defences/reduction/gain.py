"""Whether a model that was reduced gives away less than the one before: the same test of both, on the same records.

Source: A-MLSG-003-C001; Jagielski et al., Students Parrot Their Teachers: Membership Inference on Model Distillation
(arXiv 2303.03446): members are those of the model before, whatever the reduced one was trained on.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError
from redan.stats.interval import Interval
from redan.stats.paired import paired_mean, paired_shares

LEAST_MEMBERS = 50
LEAST_CANARIES = 5
CONFIDENCE = 0.95
_DRAWS = 2000
_WORK = 4e7  # draws times records, so that a large set takes seconds
_FEWEST_DRAWS = 400
_TABLE = 2
Verdict: TypeAlias = Literal["lower", "no proven gain", "higher"]
Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """One measure before and after, and how much lower it is.

    Args:
        measure: its name.
        before: of the model before.
        after: of the reduced one.
        fall: before minus after; above zero, less is given away.
        interval: of the fall, from pairs.
        pairs: what the interval is drawn from: records, models or canaries.
        n: how many of them there are.
    """

    measure: str
    before: float
    after: float
    fall: float
    interval: Interval
    pairs: Literal["records", "models", "canaries"]
    n: int

    @property
    def verdict(self) -> Verdict:
        """`lower` only where the interval of the fall lies above zero."""
        if self.interval.low > 0:
            return "lower"
        return "higher" if self.interval.high < 0 else "no proven gain"

    @property
    def proven(self) -> bool:
        """Whether the reduced model is shown to give away less."""
        return self.verdict == "lower"

    def __str__(self) -> str:
        """One line for people."""
        low, high = self.interval
        return (
            f"{self.measure} {self.before:.4g} before, {self.after:.4g} after: fall {self.fall:.4g} "
            f"({low:.4g} to {high:.4g}, {self.n:,} {self.pairs}), {self.verdict}"
        )


class Pair(NamedTuple):
    """Scores of one attack on both models.

    Args:
        before: shape (samples,) or (targets, samples); higher is more like a member.
        after: of the same samples and, where there are several, of as many models.
        members: of the model before, of the same shape.
    """

    before: Array
    after: Array
    members: NDArray[np.bool_]


def membership_gain(pair: Pair, rate: float, *, rng: np.random.Generator, confidence: float = CONFIDENCE) -> Gain:
    """The fall of the true-positive rate at a false-positive rate.

    Of one model of each kind, members and non-members are drawn again with replacement, the same for both models, and
    thresholds set anew with each draw, and the interval is no shorter than Tango's of pairs at the thresholds that were
    found; that says something of these two models. Of several models of each kind, each
    pair's fall is one value, which says something of the way of training, too.

    Args:
        pair: scores of the same attack.
        rate: of false positives, in (0, 1).
        rng: of the draws.
        confidence: of the interval.

    Raises:
        InputError: shapes differ, or a score is no number.
        IncompleteError: there are too few non-members to show such a rate, or too few members.
    """
    before, after, members = _checked(pair, rate)
    values = np.array(
        [_rates(before, after, truth, rate) for before, after, truth in zip(before, after, members, strict=True)]
    )
    ahead, behind = (float(v) for v in values.mean(axis=0))
    name = f"true-positive rate at {100 * rate:g} % of false positives"
    if len(values) > 1:
        interval = paired_mean(values[:, 0] - values[:, 1], confidence)
        return Gain(
            measure=name,
            before=ahead,
            after=behind,
            fall=ahead - behind,
            interval=interval,
            pairs="models",
            n=len(values),
        )
    drawn = _drawn(before[0], after[0], members[0], rate, rng)
    low, high = (float(v) for v in np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2]))
    fall, fixed = ahead - behind, _at_thresholds(before[0], after[0], members[0], rate, confidence)
    return Gain(
        measure=name,
        before=ahead,
        after=behind,
        fall=fall,
        interval=Interval(min(low, fixed.low), max(high, fixed.high)),
        pairs="records",
        n=before.shape[1],
    )


def exposure_gain(before: Any, after: Any, *, confidence: float = CONFIDENCE) -> Gain:  # noqa: ANN401 -- array-like
    """The fall of the mean exposure of the same canaries, in bits.

    Args:
        before: exposure of each canary in the model before, shape (canaries,).
        after: in the reduced model, in the same order and against the same references.
        confidence: of the interval, Student's of the differences.

    Raises:
        InputError: the numbers differ, or one is no number.
        IncompleteError: there are fewer than five canaries.
    """
    one, two = (np.asarray(given, dtype=np.float64).reshape(-1) for given in (before, after))
    if len(one) != len(two) or not np.isfinite(one).all() or not np.isfinite(two).all():
        raise InputError(f"{len(one)} exposures before and {len(two)} after are no pairs")
    if len(one) < LEAST_CANARIES:
        raise IncompleteError(
            f"{len(one)} canaries are too few to compare exposures; {LEAST_CANARIES} are needed",
            remedy="plant more canaries, some of them several times",
        )
    fall = float((one - two).mean())
    return Gain(
        measure="mean exposure in bits",
        before=float(one.mean()),
        after=float(two.mean()),
        fall=fall,
        interval=paired_mean(one - two, confidence),
        pairs="canaries",
        n=len(one),
    )


def needed(rate: float, confidence: float = CONFIDENCE) -> int:
    """Non-members without which nothing is claimed at a rate: as many as show it when none is a false positive."""
    return int(np.ceil(np.log1p(-confidence) / np.log1p(-rate) - 1e-9))


def _checked(pair: Pair, rate: float) -> Pair:
    if not 0.0 < rate < 1.0:
        raise InputError(f"a rate of false positives lies between 0 and 1, not {rate}")
    before, after = (np.atleast_2d(np.asarray(given, dtype=np.float64)) for given in pair[:2])
    members = np.atleast_2d(np.asarray(pair.members, dtype=bool))
    if not before.shape == after.shape == members.shape or before.ndim != _TABLE:
        raise InputError(f"scores of shapes {before.shape} and {after.shape} for members of shape {members.shape}")
    if np.isnan(before).any() or np.isnan(after).any():
        raise InputError("a score is no number")
    fewest, inside = int((~members).sum(axis=1).min()), int(members.sum(axis=1).min())
    if fewest < needed(rate):
        raise IncompleteError(
            f"{fewest:,} non-members cannot show {rate:.2%} of false positives; {needed(rate):,} are needed",
            remedy="give more records that the model was not trained on, or ask at a higher rate",
        )
    if inside < LEAST_MEMBERS:
        raise IncompleteError(f"{inside} members are too few to compare; {LEAST_MEMBERS} are needed")
    return Pair(before, after, members)


def _rates(before: Array, after: Array, members: NDArray[np.bool_], rate: float) -> tuple[float, float]:
    """Of one model each."""
    allowed = _allowed(rate, int((~members).sum()))
    return _found(before[members], before[~members], allowed), _found(after[members], after[~members], allowed)


def _allowed(rate: float, negatives: int) -> int:
    return int(np.floor(rate * negatives * (1 + 1e-12)))


def _at_thresholds(before: Array, after: Array, members: NDArray[np.bool_], rate: float, confidence: float) -> Interval:
    """The interval when thresholds were given: where every draw finds the same, chance has not ended."""
    allowed = _allowed(rate, int((~members).sum()))
    one, two = (scores[members] > _edge(scores[~members], allowed) for scores in (before, after))
    return paired_shares(int((one & ~two).sum()), int((two & ~one).sum()), int(members.sum()), confidence)


def _found(positives: Array, negatives: Array, allowed: int) -> float:
    """The share at the lowest threshold that so many non-members reach at most; equal scores stay together."""
    return float((positives > _edge(negatives, allowed)).mean())


def _edge(negatives: Array, allowed: int) -> float:
    """What scores have to exceed."""
    return float(-np.partition(-negatives, allowed)[allowed])


def _drawn(before: Array, after: Array, members: NDArray[np.bool_], rate: float, rng: np.random.Generator) -> Array:
    """Falls of records drawn again; members and non-members stay as many as they are."""
    inside, outside = np.flatnonzero(members), np.flatnonzero(~members)
    allowed = _allowed(rate, len(outside))
    draws = int(np.clip(_WORK / len(members), _FEWEST_DRAWS, _DRAWS))
    found = np.empty(draws)
    for place in range(draws):
        ins = inside[rng.integers(0, len(inside), len(inside))]
        outs = outside[rng.integers(0, len(outside), len(outside))]
        found[place] = _found(before[ins], before[outs], allowed) - _found(after[ins], after[outs], allowed)
    return found
