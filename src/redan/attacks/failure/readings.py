"""Signs that are read from results, whoever made them: one flag per sample, or losses by step."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.attacks.failure.signs import Sign
from redan.attacks.judge import Judged, Labels, judge
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.errors import InputError

LAST = 10
STILL_MOVES = 0.05
FEW = 0.002  # of all samples: what a black box may find beyond the gradient, as in AutoAttack
LOST = 0.01
HALF = 0.5
_TWO = 2  # a single sample is no pattern


def silent_success(on_path: ArrayLike, returned: ArrayLike) -> Sign:
    """Whether an attack passed by a success and gave something else back.

    Source: arXiv 2106.09947, indicator 3.

    Args:
        on_path: shape (n,), where a point that the attack asked about was a success.
        returned: shape (n,), where what it gave back is one.
    """
    passed, kept = _flags(on_path), _flags(returned)
    lost = int((passed & ~kept).sum())
    text = "No success was passed by."
    if lost:
        text = f"The attack met a success on {lost:,} of {len(kept):,} samples and gave something else back."
    return Sign(
        name="silent-success", fired=lost > 0, message=text, value=_share(lost, kept), threshold=0.0, n=len(kept)
    )


def incomplete_optimisation(losses: ArrayLike, broken: ArrayLike, last: int = LAST, moves: float = STILL_MOVES) -> Sign:
    """Whether an attack stopped while it still got better.

    Source: arXiv 2106.09947, indicator 4: the best loss so far, rescaled to its range, over the last ten steps.

    Args:
        losses: shape (steps, n), what the attack climbs; no number where it did not ask.
        broken: shape (n,): samples that it broke are done and do not count.
        last: steps that are looked at.
        moves: average share of the range above which it fires.

    Returns:
        Not told when there are fewer than twice as many steps as are looked at.
    """
    told = np.asarray(losses, dtype=np.float64)[:, ~_flags(broken)]
    told = told[:, np.isfinite(told).any(axis=0)] if told.size else told
    steps, n = told.shape
    name = "incomplete-optimisation"
    if not n:
        return Sign(name=name, fired=False, message="No sample was left to optimise.", n=0)
    if steps < 2 * last:
        text = f"{steps} steps are too few to tell whether the loss had settled."
        return Sign(name=name, fired=None, message=text, n=n)
    best = np.fmax.accumulate(np.where(np.isfinite(told), told, -np.inf), axis=0)
    first = np.where(np.isfinite(told), told, np.inf).min(axis=0)
    span = best[-1] - first
    moved = np.where(span > 0, (best[-1] - np.maximum(best[-1 - last], first)) / np.where(span > 0, span, 1.0), 0.0)
    value = float(moved.mean())
    text = f"In the last {last} steps the best loss moved by {value:.1%} of its range on average over {n:,} samples."
    return Sign(name=name, fired=value > moves, message=text, value=value, threshold=moves, n=n)


def transfer_failure(surrogate: ArrayLike, target: ArrayLike, most: float = 0.1) -> Sign:
    """Whether inputs that fool the model that gave the gradients leave the attacked one as it was.

    Source: arXiv 2106.09947, indicator 5; asked where gradients are not the target's own (a surrogate, BPDA).

    Args:
        surrogate: shape (n,), where the attack fooled the model whose gradients it used.
        target: shape (n,), where the same inputs fooled the model under test.
        most: share of what fooled the surrogate that may fail on the target.
    """
    there, here = _flags(surrogate), _flags(target)
    n, failed = int(there.sum()), int((there & ~here).sum())
    if not n:
        text = "Nothing fooled the surrogate, so its gradients say nothing about the target."
        return Sign(name="transfer-failure", fired=None, message=text, n=0)
    text = f"{failed:,} of {n:,} inputs that fool the surrogate leave the target as it was."
    share = failed / n
    return Sign(name="transfer-failure", fired=share > most, message=text, value=share, threshold=most, n=n)


def black_box_is_weaker(white: ArrayLike, black: ArrayLike, most: float = FEW) -> Sign:
    """Whether an attack without gradients breaks what those with gradients leave.

    Source: AutoAttack's warning: Square lowers robust accuracy by more than 0.2 points.

    Args:
        white: shape (n,), broken by attacks with gradients.
        black: shape (n,), broken by one without; false where it was not tried.
        most: share of all samples that it may break beyond them.
    """
    return _not_beyond(white, black, "black-box-stronger", "an attack without gradients", most)


def transfer_is_weaker(white: ArrayLike, transferred: ArrayLike, most: float = LOST) -> Sign:
    """Whether inputs made on another model break what the target's own gradients leave.

    Source: arXiv 1902.06705, section 4.3.
    """
    return _not_beyond(white, transferred, "transfer-stronger", "inputs made on another model", most)


def longer_is_stronger(longer: ArrayLike, shorter: ArrayLike, most: float = LOST) -> Sign:
    """Whether fewer steps break what more steps leave."""
    return _not_beyond(longer, shorter, "more-steps-weaker", "a tenth of the steps", most)


def larger_is_stronger(larger: ArrayLike, smaller: ArrayLike, most: float = LOST) -> Sign:
    """Whether a smaller ball breaks what a larger one, which holds it, leaves.

    Source: arXiv 1902.06705, section 4.2.
    """
    return _not_beyond(larger, smaller, "larger-ball-weaker", "a smaller ball", most)


def agreement(name: str, one: ArrayLike, other: ArrayLike, what: str) -> Sign:
    """Whether two ways of asking give one verdict: batch of one and of many, low precision and float32.

    Args:
        name: of the sign.
        one: shape (n,), a verdict or label per sample.
        other: likewise.
        what: the two ways, for the message.
    """
    first, second = np.asarray(one), np.asarray(other)
    if first.shape != second.shape or first.ndim != 1:
        raise InputError("two verdicts have different shapes", remedy="give one for each sample")
    apart = int((first != second).sum())
    text = f"{what} disagree on {apart:,} of {len(first):,} samples." if apart else f"{what} agree."
    value = apart / len(first) if len(first) else 0.0
    return Sign(name=name, fired=apart > 0, message=text, value=value, threshold=0.0, n=len(first))


def believed(claimed: ArrayLike, judged: Judged) -> Sign:
    """Whether the judge believes what an attack says of itself.

    Args:
        claimed: shape (n,), where the attack says that it succeeded.
        judged: what is true of it.
    """
    said = _flags(claimed)
    wrong, outside = int((said & ~judged.broken).sum()), int(judged.outside.sum())
    text = "Every success that the attack claims is one."
    if wrong or outside:
        text = f"Of {int(said.sum()):,} claimed successes {wrong:,} are none; {outside:,} inputs leave ball or box."
    value = _share(max(wrong, outside), said)
    return Sign(
        name="claims-not-believed", fired=wrong + outside > 0, message=text, value=value, threshold=0.0, n=len(said)
    )


def survives_rounding(
    labels: Labels, x: NDArray[Any], y: NDArray[np.int64], result: Result, threat: Threat, *, levels: int = 255
) -> Sign:
    """Whether successes are still successes once inputs are stored, as pictures are, on a grid of levels.

    Moves are rounded towards the input, so that none leaves the ball. A figure of which most successes are undone
    speaks of inputs that nobody can send.

    Args:
        labels: as the judge asks.
        x: shape (n, ...), on the grid of what can be stored; else it is not told.
        y: shape (n,).
        result: of the attack.
        threat: what was allowed; its box is what the levels span.
        levels: of the grid between the ends of the box.
    """
    name, unit = "rounding", (threat.high - threat.low) / levels
    given = np.asarray(x, dtype=np.float64)
    steps = (given - threat.low) / unit
    if not len(x) or not np.allclose(steps, np.round(steps), atol=0.01):
        return Sign(name=name, fired=None, message="The inputs are not stored on a grid, so rounding says nothing.")
    moved = np.trunc((np.asarray(result.x_adv, dtype=np.float64) - given) / unit + 1e-3 * np.sign(result.x_adv - given))
    hit = judge(labels, x, y, (given + moved * unit).astype(np.float32), threat).broken
    claimed = _flags(result.broken)
    undone, n = int((claimed & ~hit).sum()), int(claimed.sum())
    value = undone / n if n else 0.0
    text = f"Stored in {levels + 1} levels, {undone:,} of {n:,} successes are undone."
    return Sign(name=name, fired=value > HALF, message=text, value=value, threshold=HALF, n=n)


def _not_beyond(stronger: ArrayLike, weaker: ArrayLike, name: str, what: str, most: float) -> Sign:
    strong, weak = _flags(stronger), _flags(weaker)
    if len(strong) != len(weak):
        raise InputError("two attacks have different numbers of samples", remedy="attack the same samples")
    beyond, n = int((weak & ~strong).sum()), len(strong)
    share = beyond / n if n else 0.0
    text = f"{what[:1].upper()}{what[1:]} broke {beyond:,} of {n:,} samples that the stronger attack left."
    fired = share > most and beyond >= _TWO
    return Sign(name=name, fired=fired, message=text, value=share, threshold=most, n=n)


def _share(count: int, values: NDArray[np.bool_]) -> float:
    return count / len(values) if len(values) else 0.0


def _flags(values: ArrayLike) -> NDArray[np.bool_]:
    found = np.asarray(values)
    if found.ndim != 1 or not (found.dtype == np.bool_ or np.isin(found, (0, 1)).all()):
        raise InputError("these are no flags", remedy="give one true or false for each sample")
    return found.astype(np.bool_)
