"""Security requirements that the ledger dates before the first training."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated, moment, place
from redan.findings import Finding, Remedy, broken, holds
from redan.system.system import System
from redan.terms import Level

PRECEDE = "AIPS-PIT-02/requirements-precede-training"
KEY = "system.requirements"
_WRITE = Remedy(
    text="Write the security requirements down, say where in requirements of [system], and run the checks before "
    "training.",
    command="redan check",
    effort=Level.MEDIUM,
)
_LATE = Remedy(
    text="Review the trained model against the requirements and train again, or record a waiver with a reason.",
    effort=Level.HIGH,
)


def _whole(_: System) -> Iterable[Subject]:
    return (Subject("system"),)


def _precede(have: Have) -> Iterator[Finding]:
    yield replace(_answer(have), location=place(have.system, "system", "requirements"))


def _answer(have: Have) -> Finding:
    if not is_stated(have.system.about.requirements):
        return broken(PRECEDE, "system", "It is not stated where the security requirements are written down.", _WRITE)
    described = have.history.first("described", KEY)
    trained = have.history.first_training()
    if trained is None:
        return holds(PRECEDE, "system", "The security requirements are stated, and no model has been trained yet.")
    if have.history.before(described, trained):
        since = moment(described) if described else ""
        text = f"The security requirements are on record since {since}, the first training since {moment(trained)}."
        return holds(PRECEDE, "system", text)
    when = f"on {moment(described)}" if described else "never before this run"
    text = f"The first training is on record on {moment(trained)}, the security requirements {when}: too late."
    return broken(PRECEDE, "system", text, _LATE)


CHECKS = (Check(id=PRECEDE, subjects=_whole, run=_precede, dated=True),)
