"""Sensitivity of each input, assessed before the first model read it; identifying features masked by role."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.history import Event
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated, moment, place
from redan.findings import Finding, Remedy, broken, holds
from redan.system.records import Feature, Model
from redan.system.system import System
from redan.terms import Level

ASSESSED = "AIPS-PIT-05/features-are-assessed-before-use"
MASKED = "AIPS-PIT-05/identifiers-are-masked"
_ASSESS = Remedy(
    text="Assess what the feature says about a person, state sensitivity in its [[feature]], and run checks before "
    "training.",
    effort=Level.LOW,
)
_LATE = Remedy(text="Review the models that use the feature, and train again or record a waiver.", effort=Level.MEDIUM)
_MASK = Remedy(
    text="State in masked_for which roles do not see the feature when answers are mapped back to people, and mask it.",
    effort=Level.LOW,
)


def _subject(name: str) -> Subject:
    return Subject(f"feature:{name}", (f"feature:{name}",))


def _used(system: System) -> Iterable[Subject]:
    return tuple(_subject(name) for name in dict.fromkeys(name for model in system.models for name in model.inputs))


def _feature(have: Have) -> tuple[str, Feature | None]:
    name = have.subject.id.partition(":")[2]
    return name, next((f for f in have.system.features if f.name == name), None)


def _assessed(have: Have) -> Iterator[Finding]:
    name, feature = _feature(have)
    if feature is None or feature.sensitivity is None:
        yield broken(ASSESSED, have.subject.id, f"No sensitivity assessment is stated for feature {name}.", _ASSESS)
        return
    described = have.history.first("described", f"feature:{name}")
    late = [(m, e) for m, e in _trainings(have, name) if not have.history.before(described, e)]
    where = place(have.system, have.subject.id, "sensitivity")
    if late:
        model, event = late[0]
        when = f"on {moment(described)}" if described else "never before this run"
        text = (
            f"Model {model.name} uses feature {name} and was first trained on {moment(event)}; "
            f"the feature's assessment is on record {when}."
        )
        yield replace(broken(ASSESSED, have.subject.id, text, _LATE), location=where)
        return
    since = f" on record since {moment(described)}" if described else ""
    text = (
        f"Feature {name} is assessed (sensitivity: {feature.sensitivity}){since}, before any model was trained on it."
    )
    yield replace(holds(ASSESSED, have.subject.id, text), location=where)


def _trainings(have: Have, feature: str) -> Iterator[tuple[Model, Event]]:
    for model in have.system.models:
        event = have.history.first("trained", f"model:{model.name}")
        if feature in model.inputs and event is not None:
            yield model, event


def _identifying(system: System) -> Iterable[Subject]:
    return tuple(_subject(f.name) for f in system.features if _identifies(system, f))


def _identifies(system: System, feature: Feature) -> bool:
    home = (feature.from_ or "").removeprefix("dataset:")
    own = [d for d in system.datasets if d.name == home] or system.datasets
    return any(feature.name in d.identifiers for d in own)


def _masked(have: Have) -> Iterator[Finding]:
    name, feature = _feature(have)
    where = place(have.system, have.subject.id, "masked_for")
    roles = [role for role in feature.masked_for if is_stated(role)] if feature else []
    if roles:
        found = holds(
            MASKED, have.subject.id, f"Feature {name} identifies persons and is masked for {', '.join(roles)}."
        )
    else:
        text = f"Feature {name} identifies persons, and no role is stated for which it is masked."
        found = broken(MASKED, have.subject.id, text, _MASK)
    yield replace(found, location=where)


CHECKS = (
    Check(id=ASSESSED, subjects=_used, run=_assessed, dated=True),
    Check(id=MASKED, subjects=_identifying, run=_masked, dated=True),
)
