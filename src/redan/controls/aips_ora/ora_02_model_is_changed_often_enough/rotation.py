"""What a change of the model takes from whoever copied the generation before, within what could be asked of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from redan.attacks.extraction.campaign import Copied, Wanted
from redan.attacks.extraction.reach import Extraction
from redan.canon import Json
from redan.controls.aips_ora.ora_02_model_is_changed_often_enough.generations import CONTROL, before_of
from redan.controls.attacked import data_of, model_of_id, threshold_of
from redan.controls.contract import Have
from redan.controls.extracted import Served, copied_of, days_of, opening_of, served_of
from redan.errors import InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import pictured
from redan.measures.robustness import Rate, bars
from redan.terms import Level

OUTPACES = f"{CONTROL}/rotation-outpaces-extraction"
AGREED = 0.9
MOST = 2000
_SAMPLES = 1000
_ATTACKS = ("equations", "knockoff")
_LIFETIME = "State how long each generation serves in the key 'lifetime', such as '90 days'."
_RETRAIN = Remedy(
    text="Retrain with fresh data and another seed, at an interval shorter than extraction takes, or lower what one "
    "client may ask in that time.",
    effort=Level.MEDIUM,
)


class _Copy(NamedTuple):
    """What was copied.

    Args:
        made: what the campaign found.
        served: what one client could ask.
        asked: questions that were asked at most.
        days: that a generation serves.
        names: of the generation that was copied and of the next one.
    """

    made: Copied
    served: Served
    asked: int
    days: float
    names: tuple[str, str]


def outpaces(have: Have) -> Iterator[Finding]:
    """One finding for a model that replaced another one.

    Raises:
        InputError: no lifetime is declared, or a file is missing.
        IncompleteError: data is too little, or the model constant.
    """
    model = model_of_id(have.system, have.subject.id)
    before = before_of(have.system, model)
    lifetime = before.lifetime or model.lifetime
    if lifetime is None:
        raise InputError(f"nobody says how long model {before.name} served before it was replaced", remedy=_LIFETIME)
    days = days_of(lifetime)
    served = served_of(have.system, before, days)
    if served.questions is None:
        served = served_of(have.system, model, days)
    asked = MOST if served.questions is None else max(1, min(MOST, served.questions))
    wanted = Wanted(
        forms=(served.shown,),
        budget=asked,
        attacks=_ATTACKS,
        samples=_SAMPLES,
        doublings=3,
        later=opening_of(have, model),
    )
    made = copied_of(have, before, data_of(have.system, model), wanted)
    yield _stale(have, _Copy(made, served, asked, days, (before.name, model.name)))


def _stale(have: Have, copy: _Copy) -> Finding:
    """Whether a copy of the generation before still does for the one in service."""
    rotation, agreed = copy.made.rotation, threshold_of(have, CONTROL, AGREED)
    if rotation is None or rotation.copy.value is None or rotation.models.value is None:
        return not_run(OUTPACES, have.subject.id, "Nothing was answered, so that no copy was made.")
    bounded = copy.served.questions is not None and copy.served.questions <= copy.asked
    judged = rotation.copy if bounded or rotation.copy.hits >= rotation.models.hits else rotation.models
    text = " ".join([*_sentences(copy, agreed), "" if bounded else _perfect(copy)]).strip()
    low, high = judged.interval
    measure = Measure(
        name="copy_on_next_generation", value=judged.value, interval=judged.interval, n=judged.n, threshold=agreed,
        comparator="<=", unit="share", confidence=judged.confidence,
    )  # fmt: skip
    subject = have.subject.id
    if low > agreed:
        found = broken(OUTPACES, subject, f"{text} That is above the agreed {agreed:.0%}.", _RETRAIN)
    elif high <= agreed:
        found = holds(OUTPACES, subject, f"{text} That is no more than the agreed {agreed:.0%}.")
    else:
        text += f" Whether that is above the agreed {agreed:.0%} cannot be told with {judged.n:,} samples."
        found = not_run(OUTPACES, subject, text, remedy=Remedy(text="Give more samples."))
    return replace(found, measure=measure, detail=_detail(copy))


def _sentences(copy: _Copy, agreed: float) -> Iterator[str]:
    made, (before, after) = copy.made, copy.names
    best = _best(made)
    if best is None or best.last is None or made.rotation is None:
        return
    low, high = best.last.fidelity.interval
    yield (
        f"A copy of {before} by {best.attack}, made with {best.last.queries:,} questions answered by "
        f"{copy.served.shown}, agrees with it on {best.last.fidelity.value or 0:.1%} (interval {low:.1%} to "
        f"{high:.1%}); {copy.served.words}."
    )
    yield _when(copy, best, agreed)
    low, high = made.rotation.copy.interval
    yield (
        f"After the change it agrees with {after} on {made.rotation.copy.value or 0:.1%} (interval {low:.1%} to "
        f"{high:.1%}, n {made.rotation.copy.n:,}); both generations agree on {made.rotation.models.value or 0:.1%}, "
        f"the most frequent answer alone on {made.by.majority.value or 0:.1%}."
    )


def _best(made: Copied) -> Extraction | None:
    done = [one for one in made.forms[0][1] if one.last is not None]
    return max(done, key=lambda one: one.last.fidelity.hits if one.last else -1, default=None)


def _when(copy: _Copy, best: Extraction, agreed: float) -> str:
    """How early in its lifetime the model had a copy that does."""
    good = next((p.queries for p in best.points if (p.fidelity.value or 0.0) > agreed), None)
    if good is None:
        return f"No copy reached {agreed:.0%} of it in its lifetime of {copy.days:,.0f} days."
    if copy.served.questions is None:
        return f"{good:,} questions were enough for {agreed:.0%} of it, and nothing says how long asking takes."
    return (
        f"{good:,} questions were enough for {agreed:.0%} of it, of {copy.served.questions:,} that one client may ask "
        f"in its lifetime of {copy.days:,.0f} days."
    )


def _perfect(copy: _Copy) -> str:
    return (
        f"One client may ask more than the {copy.asked:,} questions that were tried, and more clients still more; the "
        "verdict is on a copy that is perfect."
    )


def _detail(copy: _Copy) -> dict[str, Json]:
    made, (before, after) = copy.made, copy.names
    rotation = made.rotation
    best = _best(made)
    shown: list[tuple[str, Rate]] = [("the most frequent answer", made.by.majority)]
    if best is not None and best.last is not None:
        shown.append((f"copy of {before}, on {before}", best.last.fidelity))
    if rotation is not None:
        shown += [(f"copy of {before}, on {after}", rotation.copy), (f"{before} itself, on {after}", rotation.models)]
    allowed = copy.served.questions
    return {
        "questions_allowed": allowed,
        "questions_asked": copy.asked,
        "lifetime_days": round(copy.days, 2),
        **pictured([bars("What the change leaves of a copy", shown)]),
    }
