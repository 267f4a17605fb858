"""What may be said of a model: at which rate, with which interval, and when nothing may be said at all."""

from collections.abc import Sequence
from typing import NamedTuple

from redan.attacks.inference.membership.campaign import Inferred
from redan.attacks.inference.membership.judging import RATES, Tested
from redan.stats.roc import Operating, negatives_for
from redan.terms import Outcome

MULTIPLE = 10.0
LEVEL = 0.05
_DRAW = "Give non-members that were drawn as the members were."
_TRAIN = "Train shadows as the model was trained, on as many records, and give their scores."


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
    negatives = found.tested[0].curve.negatives
    several = len(found.tested)
    shown = [rate for rate in rates if negatives >= negatives_for(rate, 1.0 - LEVEL / (4.0 * several * len(rates)))]
    needed = negatives_for(max(rates), 1.0 - LEVEL / (4.0 * several * len(rates)))
    level = 1.0 - LEVEL / (several * max(1, len(shown)))
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
        why = (
            f"the interval reaches beyond {multiple:g} times the false-positive rate, as agreed; more records narrow it"
        )
        return Verdict(Outcome.NOT_RUN, by, at, why, "Give more members and more non-members.")
    by, at = max(points[bounded[0]], key=lambda pair: pair[1].bounds.high)
    why = _weak(found)
    return Verdict(Outcome.NOT_RUN if why else Outcome.HOLDS, by, at, why, _TRAIN if why else "")


def _shifted(found: Inferred) -> str:
    """Why no attack's success says anything; empty where both groups are alike."""
    one = next((one for one in found.blind if one.shifted), None)
    if one is None:
        return ""
    low, high = one.area.interval
    return (
        f"Members and non-members differ without the model: {one.by} tells them apart with an area of "
        f"{one.area.value:.2f} (interval {low:.2f} to {high:.2f}, chance 0.50), so that no attack's success says "
        "anything of the model"
    )


def _weak(found: Inferred) -> str:
    """Why it says little that nothing was found; empty where the attack was a strong one."""
    if found.likeness is None:
        return "attacks without shadows found nothing, which is no bound on those with them"
    if found.likeness.alike:
        return ""
    unlike = "; ".join(found.likeness.unlike)
    return f"shadows are unlike the model, so that an attack that finds nothing says little: {unlike}"
