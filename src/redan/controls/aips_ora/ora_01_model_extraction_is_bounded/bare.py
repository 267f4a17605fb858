"""How good a copy of the bare model becomes, by number of questions: the figure that a budget is chosen by."""

from collections.abc import Iterator
from dataclasses import replace

from redan.attacks.extraction.campaign import Wanted
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.telling import MEASURED, tell
from redan.controls.attacked import RAN_DRY, data_of, model_of_id, subject_of, targets, threshold_of
from redan.controls.contract import Have, Subject
from redan.controls.extracted import copied_of
from redan.controls.statement import place
from redan.errors import MissingExtraError
from redan.findings import Finding, Remedy, broken, not_run
from redan.system.records import Endpoint, Model
from redan.system.system import System
from redan.terms import Level, Outcome

QUESTIONS = 500
_SAMPLES = 1000
_FORMS = ("probabilities", "label")
_ATTACKS = ("equations", "knockoff")
_BOUND = Remedy(
    text="State in the endpoint's keys what bounds questions ('rate', 'queries', 'leak'), and hold it; or answer by "
    "labels or rounded scores.",
    effort=Level.MEDIUM,
)


def bare_models(system: System) -> Iterator[Subject]:
    """Models that classify and have a file."""
    return (subject_of(system, model) for model in targets(system))


def measured(control: str, default: float, have: Have) -> Iterator[Finding]:
    """The curve; broken where any client gets what it shows, as an endpoint answers in full and bounds no questions.

    Args:
        control: whose agreed bound is drawn into the curve.
        default: the bound where none is agreed on.
        have: of one model.
    """
    model = model_of_id(have.system, have.subject.id)
    where, agreed = place(have.system, have.subject.id, "validated_on"), threshold_of(have, control, default)
    wanted = Wanted(
        forms=tuple(shown(text) for text in _FORMS), budget=QUESTIONS, attacks=_ATTACKS, samples=_SAMPLES, doublings=3
    )
    try:
        made = copied_of(have, model, data_of(have.system, model), wanted)
    except MissingExtraError:
        raise
    except RAN_DRY as error:
        advice = None if error.remedy is None else Remedy(text=f"{error.remedy.rstrip('.')}.", effort=Level.LOW)
        text = f"{error.what[:1].upper()}{error.what[1:].rstrip('.')}."
        yield replace(not_run(MEASURED, have.subject.id, text, remedy=advice), location=where)
        return
    for one in tell(made, have.subject.id, budget=QUESTIONS, threshold=agreed):
        if one.check == MEASURED:
            yield replace(_judged(one, _open(have.system, model), agreed), location=where)


def _open(system: System, model: Model) -> Endpoint | None:
    """An endpoint that shows every number of an answer and bounds nothing."""
    return next((one for one in system.endpoints if one.model == model.name and _bare(one)), None)


def _bare(one: Endpoint) -> bool:
    full = one.answers in {"probabilities", "score"} and one.decimals is None and one.top is None
    return full and not one.rate_limited and one.rate is None and one.queries is None and one.leak is None


def _judged(finding: Finding, bare: Endpoint | None, agreed: float) -> Finding:
    """Broken where the bare curve is what anybody gets, and it is above what was agreed on for sure."""
    measure = finding.measure
    if bare is None or finding.outcome is not Outcome.HOLDS or measure is None or measure.interval is None:
        return finding
    if measure.interval.low <= agreed:
        return finding
    text = (
        f"{finding.message} That is above the agreed {agreed:.0%}, and endpoint {bare.name} answers in full and bounds "
        "no questions."
    )
    made = broken(MEASURED, finding.subject, text, _BOUND, part=finding.part)
    judged = replace(measure, threshold=agreed, comparator="<=")
    return replace(made, measure=judged, detail=finding.detail)
