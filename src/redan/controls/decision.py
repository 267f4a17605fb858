"""The decision record of a Consider: adopted or rejected, with reason, owner and review date."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated, place
from redan.findings import Finding, Location, Remedy, broken
from redan.system.records import Stance
from redan.system.system import System
from redan.terms import Level, Outcome

NAME = "decision-is-recorded"


class HasId(Protocol):
    """Anything with a control's id, such as a control of the catalogue."""

    @property
    def id(self) -> str:
        """The control's id, such as `A-MLSG-001-C001`."""
        ...


def decision_check(control: HasId) -> Check:
    """The check that every Consider has: its decision is on record and not overdue for review.

    Args:
        control: a control of kind `consider`.

    Returns:
        A check that is broken when the record is missing, incomplete or past its review; holds when the control is
        adopted, so that its other checks decide; does not apply, with the reason, when it is rejected.
    """
    control_id = control.id

    def subjects(_: System) -> Iterable[Subject]:
        return (Subject("system"),)

    def run(have: Have) -> Iterable[Finding]:
        yield decide(control_id, have)

    return Check(id=f"{control_id}/{NAME}", subjects=subjects, run=run, dated=True)


def decide(control_id: str, have: Have) -> Finding:
    """What the decision record of one control comes to today."""
    check, element = f"{control_id}/{NAME}", f"controls:{control_id}"
    where = place(have.system, element)
    stance = have.system.stance(control_id)
    faults = _faults(stance, have.now)
    if stance is None or faults:
        text = f"The decision about {control_id} is not on record: {'; '.join(faults)}."
        return replace(broken(check, have.subject.id, text, _remedy(control_id)), location=where)
    return _recorded(check, have.subject.id, stance, where)


def _recorded(check: str, subject: str, stance: Stance, where: Location) -> Finding:
    until = f"by {stance.owner}, to be reviewed by {stance.review}: {_sentence(stance.reason or '')}"
    adopted = stance.decision == "adopted"
    text = "Adopted" if adopted else "Rejected"
    tail = " The control's other checks measure it." if adopted else ""
    return Finding(
        check=check,
        subject=subject,
        outcome=Outcome.HOLDS if adopted else Outcome.NOT_APPLICABLE,
        message=f"{text} {until}{tail}",
        location=where,
        detail={"decision": stance.decision, "review": str(stance.review)},
    )


def _faults(stance: Stance | None, now: dt.date) -> tuple[str, ...]:
    if stance is None:
        return ("redan.toml says nothing about it",)
    given = {
        "decision": stance.decision is not None,
        "reason": is_stated(stance.reason),
        "owner": is_stated(stance.owner),
        "review": stance.review is not None,
    }
    missing = [key for key, stated in given.items() if not stated]
    faults = [f"{', '.join(missing)} not stated"] if missing else []
    if stance.review is not None and stance.review < now:
        faults.append(f"the review was due on {stance.review}")
    return tuple(faults)


def _sentence(text: str) -> str:
    flat = " ".join(text.split())
    return flat if flat.endswith((".", "!", "?")) else f"{flat}."


def _remedy(control_id: str) -> Remedy:
    return Remedy(
        text=f'State decision ("adopted" or "rejected"), reason, owner and a review date in the future in '
        f'[controls."{control_id}"].',
        command=f"redan explain {control_id}",
        effort=Level.LOW,
    )
