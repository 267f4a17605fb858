"""Whether a person's training is valid today."""

from dataclasses import replace

from redan.controls.contract import Have
from redan.controls.statement import place
from redan.findings import Finding, Remedy, broken, holds
from redan.system.records import Person


def training(check: str, have: Have, person: Person, remedy: Remedy) -> Finding:
    """What the training of one person comes to today.

    Args:
        check: full id of the check that asks.
        have: for the day and the place.
        person: whose training it is; the last day of validity still counts.
        remedy: what to do when it is missing or has expired.
    """
    who = f"{person.name} ({person.role})"
    where = place(have.system, f"person:{person.name}", "trained_until")
    if person.trained_until is None:
        text = f"No valid training is stated for {who}."
    elif person.trained_until < have.now:
        text = f"The training of {who} expired on {person.trained_until}."
    else:
        text = f"The training of {who} is valid until {person.trained_until}."
        return replace(holds(check, have.subject.id, text), location=where)
    return replace(broken(check, have.subject.id, text, remedy), location=where)
