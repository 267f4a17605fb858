"""What may be said of a model: at which rate, with which interval, and when nothing may be said at all."""

from collections.abc import Sequence
from typing import NamedTuple

from redan.attacks.inference.membership.campaign import Inferred
from redan.attacks.inference.membership.judging import RATES, Tested
from redan.attacks.inference.membership.trainers import AS_IT_WAS
from redan.stats.roc import Operating, Roc, claimable, negatives_for
from redan.terms import Outcome

MULTIPLE = 10.0
LEVEL = 0.05
_TIMES = (2, 3, 4, 5, 7, 10, 15, 20, 30, 50)
_DRAW = "Give non-members that were drawn as the members were."
_TRAIN = "Train shadows as the model was trained, on as many records, and give their scores as an .npz (--scores)."
_STEADY = "Attack the model itself, before noise is added to its answers."


class Verdict(NamedTuple):
    """What became of it.

    Args:
        outcome: broken, holds or not run.
        by: the attack that decided.
        at: its threshold, with the interval that holds for all attacks and rates that were looked at.
        why: the reason for not telling; empty else.
        advice: what would tell; empty else.
        needed: non-members that would show the lowest rate; 0 where there are enough.
    """

    outcome: Outcome
    by: Tested
    at: Operating
    why: str = ""
    advice: str = ""
    needed: int = 0


def verdict(found: Inferred, multiple: float = MULTIPLE, rates: Sequence[float] = RATES) -> Verdict:
    """Whether members are recognised more than so many times as often as others are taken for members.

    Every attack is held against the bound at every rate that the non-members can show, with intervals that hold for
    all of them together. A leak that is found is one, whatever shadows are like; that none is found counts only where
    shadows are like the target. A split that a baseline tells without the model allows neither.

    Args:
        found: by a campaign.
        multiple: true-positive rate over false-positive rate; ten of eleven who are told as members are some, where
            half of all are, and no training with pure differential privacy of epsilon 2.3 or less goes beyond.
        rates: of false positives.
    """
    curves = [one.curve for one in found.tested]
    negatives = curves[0].negatives
    rates, given = [rate for rate in rates if multiple * rate < 1], rates
    if not rates:
        one = found.tested[0]
        why = f"no true-positive rate is {multiple:g} times the false-positive rates that are looked at"
        return Verdict(Outcome.NOT_RUN, one, one.curve.at(max(given)), why, f"Agree on less than {1 / min(given):g}.")
    needed = _needed(max(rates), len(curves) * len(rates))
    shown, level = _shown(curves, rates)
    points = {rate: [(one, one.curve.at(rate, level)) for one in found.tested] for rate in shown or [max(rates)]}
    best = {rate: max(some, key=lambda pair: (pair[1].bounds.low, pair[1].hits)) for rate, some in points.items()}
    by, at = best[min(best)]
    why = _shifted(found)
    if not shown and not why:
        why = f"{negatives:,} non-members cannot show a false-positive rate of {max(rates):.3g}; {needed:,} can"
        return Verdict(Outcome.NOT_RUN, by, at, why, f"Give {needed:,} non-members or more.", needed)
    leaks = [pair for rate, pair in best.items() if pair[1].bounds.low > multiple * rate]
    if why or leaks:
        return Verdict(Outcome.NOT_RUN, by, at, why, _DRAW) if why else Verdict(Outcome.BROKEN, *leaks[0])
    bounded = [rate for rate in sorted(shown) if all(p.bounds.high <= multiple * rate for _, p in points[rate])]
    if not bounded:
        why = f"the interval reaches beyond {multiple:g} times the false-positive rate, as agreed"
        return Verdict(Outcome.NOT_RUN, by, at, why, _more(found, multiple, rates))
    by, at = max(points[bounded[0]], key=lambda pair: pair[1].bounds.high)
    why, advice = _weak(found)
    return Verdict(Outcome.NOT_RUN if why else Outcome.HOLDS, by, at, why, advice)


def lowest(found: Inferred, rates: Sequence[float] = RATES) -> float:
    """The lowest false-positive rate that the non-members can show to all attacks together."""
    return claimable(found.tested[0].curve.negatives, _sure(len(found.tested) * len(rates)))


def _needed(rate: float, intervals: int) -> int:
    return negatives_for(rate, _sure(intervals))


def _sure(intervals: int) -> float:
    """A quarter of the error of each interval goes to the rate above a threshold, on one side."""
    return 1.0 - LEVEL / (4.0 * intervals)


def _shown(curves: Sequence[Roc], rates: Sequence[float]) -> tuple[list[float], float]:
    """The rates that so many non-members can show, and the level of each interval."""
    several = len(curves)
    shown = [rate for rate in rates if curves[0].negatives >= _needed(rate, several * len(rates))]
    return shown, 1.0 - LEVEL / (several * max(1, len(shown)))


def _more(found: Inferred, multiple: float, rates: Sequence[float]) -> str:
    """How many records would tell, were the curves of more of them as they are, and what else there is.

    Twice what would just tell is told, since the curves of the next records differ from these.
    """
    curves = [one.curve for one in found.tested]
    also = ""
    if found.recipe and not found.recipe.endswith(AS_IT_WAS):
        also = " Shadows that are trained as the model was find more: give the estimator, or their scores."
    for times in _TIMES:
        if _tells([one.repeated(times) for one in curves], multiple, rates):
            enough = curves[0].repeated(2 * times)
            return (
                f"Give {enough.positives:,} members and {enough.negatives:,} non-members, {2 * times} times as many: "
                f"half of them would tell, were the curves to stay as they are.{also}"
            )
    return f"Even {_TIMES[-1]} times as many records would not tell: the figure is too near to what is agreed.{also}"


def _tells(curves: Sequence[Roc], multiple: float, rates: Sequence[float]) -> bool:
    shown, level = _shown(curves, rates)
    bounds = [(rate, [one.bounds(rate, level) for one in curves]) for rate in shown]
    leaks = any(one.low > multiple * rate for rate, some in bounds for one in some)
    return leaks or any(all(one.high <= multiple * rate for one in some) for rate, some in bounds)


def _shifted(found: Inferred) -> str:
    """Why no attack's success says anything; empty where both groups are alike."""
    one = next((one for one in found.blind if one.shifted), None)
    if one is None:
        return ""
    low, high = one.area.interval
    return (
        f"members and non-members differ without the model: a baseline ({one.by}) tells them apart with an area of "
        f"{one.area.value:.2f} (interval {low:.2f} to {high:.2f}, chance 0.50), so that no attack's success says "
        "anything of the model"
    )


def _weak(found: Inferred) -> tuple[str, str]:
    """Why it says little that nothing was found, and what would say more; both empty where the attack was strong."""
    if found.unsteady:
        return "the model's answers are unsteady, and an attacker may ask often where this one asked once", _STEADY
    if found.likeness is None:
        return "attacks without shadows found nothing, which is no bound on those with them", _TRAIN
    if found.likeness.alike:
        return "", ""
    unlike = "; ".join(found.likeness.unlike)
    return f"shadows are unlike the model, so that an attack that finds nothing says little: {unlike}", _TRAIN
