"""A named security expert, and a valid basic training for everybody."""

from collections.abc import Iterable, Iterator

from redan.controls.contract import Check, Have, Subject
from redan.controls.training import training
from redan.findings import Finding, Remedy, broken, holds
from redan.system.system import System
from redan.terms import Level

NAMED = "AIPS-PIT-01/expert-is-named"
VALID = "AIPS-PIT-01/training-is-valid"
_NAME_ONE = Remedy(text='Add a [[person]] with role = "security expert".', effort=Level.LOW)
_TRAIN = Remedy(text="Give everybody the basic security training and state trained_until.", effort=Level.MEDIUM)


def _whole(_: System) -> Iterable[Subject]:
    return (Subject("system"),)


def _named(have: Have) -> Iterator[Finding]:
    experts = [p.name for p in have.system.tables.person if p.role == "security expert"]
    if experts:
        yield holds(NAMED, "system", f"The security expert is {', '.join(experts)}.")
    else:
        yield broken(NAMED, "system", "No person with the role of security expert is described.", _NAME_ONE)


def _people(system: System) -> Iterable[Subject]:
    names = tuple(f"person:{p.name}" for p in system.tables.person)
    return tuple(Subject(name, (name,)) for name in names) or (Subject("system"),)


def _valid(have: Have) -> Iterator[Finding]:
    name = have.subject.id.partition(":")[2]
    person = next((p for p in have.system.tables.person if p.name == name), None)
    if person is None:
        text = "No person is described, so nobody is known to have a security training."
        yield broken(VALID, "system", text, _TRAIN)
    else:
        yield training(VALID, have, person, _TRAIN)


CHECKS = (
    Check(id=NAMED, subjects=_whole, run=_named, dated=True),
    Check(id=VALID, subjects=_people, run=_valid, dated=True),
)
