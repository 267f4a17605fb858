"""Runs of checks in every stage that the product has passed, each before the next stage was first checked."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.history import Event, History
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Remedy, broken, holds
from redan.system.system import System
from redan.terms import Level, Stage

RAN = "AIPS-PIT-04/checks-ran-at-every-stage"
_ADVICE = Remedy(
    text="Run redan check in CI from now on, in every stage; what was missed cannot be caught up on, so review it and "
    "record a waiver with a reason.",
    command="redan check",
    effort=Level.LOW,
)


def _whole(_: System) -> Iterable[Subject]:
    return (Subject("system"),)


def _ran(have: Have) -> Iterator[Finding]:
    stages, stated = list(Stage), have.system.about.stage
    now = _reached(have)
    passed = stages[: stages.index(now)]
    missed = [stage.value for stage in passed if not _in_time(have.history, stage, now)]
    if missed:
        where = f"in the {stated} stage" if now is stated else f"said to be in the {stated} stage, its model is trained"
        text = f"The product is {where}, and the ledger has no timely run of checks from: {', '.join(missed)}."
        found = broken(RAN, "system", text, _ADVICE)
    elif passed:
        found = holds(RAN, "system", f"Checks ran while the product was in: {', '.join(s.value for s in passed)}.")
    else:
        found = holds(RAN, "system", "The product is in its first stage, and this run checks it.")
    yield replace(found, location=place(have.system, "system", "stage"))


def _reached(have: Have) -> Stage:
    """The stage stated, or training where a model that the product trains is on record already."""
    stages, stated = list(Stage), have.system.about.stage
    own = (model for model in have.system.models if model.trained_on)
    trained = any(have.history.first("trained", f"model:{model.name}") for model in own)
    return max(stated, Stage.TRAINING, key=stages.index) if trained else stated


def _in_time(history: History, stage: Stage, current: Stage) -> bool:
    """Whether a stage was checked, and before any later stage up to the current one was."""
    stages = list(Stage)
    later = stages[stages.index(stage) + 1 : stages.index(current) + 1]
    first = _first(history, stage)
    return first is not None and all(history.before(first, _first(history, other)) for other in later)


def _first(history: History, stage: Stage) -> Event | None:
    return history.first("checked", f"stage:{stage.value}")


CHECKS = (Check(id=RAN, subjects=_whole, run=_ran, dated=True),)
