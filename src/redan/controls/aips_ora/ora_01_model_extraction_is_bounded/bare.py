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
from redan.system.system import System
from redan.terms import Level

QUESTIONS = 500
_SAMPLES = 1000
_FORMS = ("probabilities", "label")
_ATTACKS = ("equations", "knockoff")
_NAME_DATA = Remedy(
    text="Name a [[dataset]] with a path in the model's key 'validated_on', so that copies can be made and judged.",
    effort=Level.LOW,
)


def bare_models(system: System) -> Iterator[Subject]:
    """Models that classify and have a file."""
    return (subject_of(system, model) for model in targets(system))


def measured(control: str, default: float, have: Have) -> Iterator[Finding]:
    """The curve; broken where nobody can draw it, as no samples are declared for a model that others may ask.

    Args:
        control: whose agreed bound is drawn into the curve.
        default: the bound where none is agreed on.
        have: of one model.
    """
    model = model_of_id(have.system, have.subject.id)
    where, data = place(have.system, have.subject.id, "validated_on"), data_of(have.system, model)
    asked = model.confidential or any(one.model == model.name for one in have.system.endpoints)
    if data is None and asked:
        text = f"Nobody can say how well model {model.name} is copied: no samples of its inputs are declared."
        yield replace(broken(MEASURED, have.subject.id, text, _NAME_DATA), location=where)
        return
    wanted = Wanted(
        forms=tuple(shown(text) for text in _FORMS), budget=QUESTIONS, attacks=_ATTACKS, samples=_SAMPLES, doublings=3
    )
    try:
        made = copied_of(have, model, data, wanted)
    except MissingExtraError:
        raise
    except RAN_DRY as error:
        advice = None if error.remedy is None else Remedy(text=f"{error.remedy.rstrip('.')}.", effort=Level.LOW)
        text = f"{error.what[:1].upper()}{error.what[1:].rstrip('.')}."
        yield replace(not_run(MEASURED, have.subject.id, text, remedy=advice), location=where)
        return
    told = tell(made, have.subject.id, budget=QUESTIONS, threshold=threshold_of(have, control, default))
    yield from (replace(one, location=where) for one in told if one.check == MEASURED)
