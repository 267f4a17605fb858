"""Operators whose training is valid on the day of the run."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.controls.training import training
from redan.findings import Finding, Remedy, broken, not_applicable
from redan.system.system import System
from redan.terms import Level, Stage

TRAINED = "A-MLSG-004-D008/operators-are-trained"
_ADVICE = Remedy(
    text="Train the operators on cases in which the model is wrong or unsure, and state trained_until for each, with "
    'role = "operator".',
    effort=Level.MEDIUM,
)


def _operators(system: System) -> Iterable[Subject]:
    found = tuple(f"person:{p.name}" for p in system.tables.person if p.role == "operator")
    return tuple(Subject(name, (name,)) for name in found) or (Subject("system"),)


def _trained(have: Have) -> Iterator[Finding]:
    name = have.subject.id.partition(":")[2]
    person = next((p for p in have.system.tables.person if p.name == name), None)
    if person is not None:
        yield training(TRAINED, have, person, _ADVICE)
    elif have.system.about.stage is Stage.OPERATION:
        text = "The product is in operation, and no person with the role of operator is described."
        yield replace(broken(TRAINED, "system", text, _ADVICE), location=place(have.system, "system", "stage"))
    else:
        text = f"No operator is described, and the product is still in the {have.system.about.stage} stage."
        yield not_applicable(TRAINED, "system", text)


CHECKS = (Check(id=TRAINED, subjects=_operators, run=_trained, dated=True),)
