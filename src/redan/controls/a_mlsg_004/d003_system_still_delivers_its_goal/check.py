"""The model in service beside its predecessor and a baseline, on what arrives; and labels that come late."""

from collections.abc import Iterator
from typing import NamedTuple

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.controls.a_mlsg_004.d003_system_still_delivers_its_goal.compared import Compared, compare, live_data
from redan.controls.a_mlsg_004.d003_system_still_delivers_its_goal.joined import JOINED, joined, recorded
from redan.controls.attacked import CLASSIFYING, model_of_id, told_why
from redan.controls.contract import Check, Have, Subject
from redan.controls.entrances import serving
from redan.errors import IncompleteError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

CONTROL = "A-MLSG-004-D003"
PREDECESSOR = f"{CONTROL}/not-worse-than-its-predecessor"
BASELINE = f"{CONTROL}/better-than-a-baseline"
FALSE_ALARMS = 0.05
LOSS = 0.03  # a loss that has to be found, or nothing is said
_ROLL_BACK = Remedy(
    text="Roll back to the previous generation, and find out what the model learnt since.", effort=Level.MEDIUM
)
_SIMPLER = Remedy(
    text="Serve the baseline, or train the model anew on data that does not come from its own answers.",
    effort=Level.MEDIUM,
)
_NAME_BASELINE = Remedy(
    text="Train a simple model, such as a logistic regression, on data that the model in service does not touch, and "
    "name it as the key 'baseline' of the [[model]].",
    effort=Level.LOW,
)
_LABELS = Remedy(
    text='Describe recorded traffic that the truth is known about: a [[dataset]] with role = "current" and a label.',
    effort=Level.MEDIUM,
)


class _Other(NamedTuple):
    """What the model in service is compared with."""

    check: str
    key: str
    words: str


_PREVIOUS = _Other(PREDECESSOR, "previous", "its predecessor")
_SIMPLE = _Other(BASELINE, "baseline", "the baseline")


def _replacing(system: System) -> Iterator[Subject]:
    """Models in service that replaced another."""
    return (_subject(system, one, "previous") for one in _classifying(system) if one.previous)


def _serving(system: System) -> Iterator[Subject]:
    """Models in service."""
    return (_subject(system, one, "baseline") for one in _classifying(system))


def _classifying(system: System) -> Iterator[Model]:
    guards = {one.guard for one in system.models}
    return (m for m in serving(system) if m.path and m.task in CLASSIFYING and m.name not in guards)


def _subject(system: System, model: Model, key: str) -> Subject:
    data, other = live_data(system, model), getattr(model, key)
    more = [f"model:{other}"] if other else []
    more += [f"dataset:{data.name}"] if data is not None else []
    return Subject(f"model:{model.name}", (f"model:{model.name}", *more))


def _not_worse(have: Have) -> Iterator[Finding]:
    found, names = _compared(have, _PREVIOUS)
    if isinstance(found, Finding):
        yield found
    elif found.worse > 1 / FALSE_ALARMS:
        text = f"{names} It is right less often, whenever one looks (evidence {_times(found.worse)})."
        yield broken(PREDECESSOR, have.subject.id, text, _ROLL_BACK, measure=_evidence(found))
    elif found.gain.low < -LOSS:
        yield _too_few(PREDECESSOR, have, found)
    else:
        text = f"{names} Nothing says that it is worse, and a loss of {LOSS:.0%} would show."
        yield holds(PREDECESSOR, have.subject.id, text, measure=_evidence(found))


def _better(have: Have) -> Iterator[Finding]:
    found, names = _compared(have, _SIMPLE)
    if isinstance(found, Finding):
        yield found
        return
    gain = Measure(name="gain_over_baseline", value=found.ours - found.others, interval=found.gain, n=found.n)
    if found.worse > 1 / FALSE_ALARMS:
        text = f"{names} It is right less often than the baseline (evidence {_times(found.worse)})."
        yield broken(BASELINE, have.subject.id, text, _SIMPLER, measure=gain)
    elif found.better > 1 / FALSE_ALARMS:
        text = f"{names} It is right more often (evidence {_times(found.better)})."
        yield holds(BASELINE, have.subject.id, text, measure=gain)
    elif found.gain.high < LOSS:
        text = f"{names} It gains less than {LOSS:.0%} over the baseline, so the baseline would do."
        yield broken(BASELINE, have.subject.id, text, _SIMPLER, measure=gain)
    else:
        yield _too_few(BASELINE, have, found)


def _compared(have: Have, other: _Other) -> tuple[Compared | Finding, str]:
    subject = have.subject.id
    model = model_of_id(have.system, subject)
    name = getattr(model, other.key)
    if name is None:
        text = f"No baseline of model {model.name} is described, so nothing tells whether a simple one would do."
        return not_run(other.check, subject, text, remedy=_NAME_BASELINE), ""
    against, data = model_of_id(have.system, f"model:{name}"), live_data(have.system, model)
    if data is None:
        text = "No recorded traffic with labels is described, on which the two could be compared."
        return not_run(other.check, subject, text, remedy=_LABELS), ""
    if against.path is None:
        raise IncompleteError(f"model {against.name} has no file to compare with")
    found = compare(have, model, against, data)
    return found, (
        f"On {found.n:,} labelled rows of dataset {data.name}, model {model.name} is right on {found.ours:.1%}, "
        f"{other.words} {against.name} on {found.others:.1%}."
    )


def _too_few(check: str, have: Have, found: Compared) -> Finding:
    text = (
        f"{found.n:,} rows with labels are too few: the difference lies between {found.gain.low:+.1%} and "
        f"{found.gain.high:+.1%}, and a loss of {LOSS:.0%} could hide there."
    )
    return not_run(check, have.subject.id, text, remedy=_LABELS)


def _evidence(found: Compared) -> Measure:
    return Measure(
        name="evidence_of_being_worse",
        value=min(found.worse, 1e12),
        n=found.n,
        threshold=1 / FALSE_ALARMS,
        unit="times",
    )


def _times(value: float) -> str:
    return f"{value:,.0f} to 1" if value < 1e6 else "more than a million to 1"  # noqa: PLR2004 -- a word


CHECKS = (
    Check(
        id=PREDECESSOR,
        subjects=_replacing,
        run=told_why(PREDECESSOR, "previous", _not_worse),
        needs=(ModelFile, DatasetFile),
        tier=Tier.MINUTES,
    ),
    Check(
        id=BASELINE,
        subjects=_serving,
        run=told_why(BASELINE, "baseline", _better),
        needs=(ModelFile, DatasetFile),
        tier=Tier.MINUTES,
    ),
    Check(id=JOINED, subjects=recorded, run=joined, needs=(DatasetFile,), tier=Tier.SECONDS),
)
