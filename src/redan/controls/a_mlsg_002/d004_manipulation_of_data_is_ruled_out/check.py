"""A valid seal over every dataset that a model is trained or judged on, and searches for what was planted before."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_seal import DatasetSealed
from redan.controls.a_mlsg_002.d004_manipulation_of_data_is_ruled_out import flipped, planted_rows, trigger
from redan.controls.contract import Check, Have, Subject
from redan.errors import InputError
from redan.findings import Finding, Remedy, broken, holds
from redan.system.system import System
from redan.terms import Level, Tier

SEALED = "A-MLSG-002-D004/seal-covers-all-content"
_ROLES = ("train", "validation", "test")
_KEY_HINT = 16


def _judged(system: System) -> Iterable[Subject]:
    names = (f"dataset:{d.name}" for d in system.datasets if d.path and d.role in _ROLES)
    return tuple(Subject(name, (name,)) for name in names)


def _sealed(have: Have) -> Iterator[Finding]:
    from redan.content import content_digest

    found = have.get(DatasetSealed, have.subject.id)
    name = have.subject.id.partition(":")[2]
    path = have.system.dataset(name).path or ""
    if found.missing:
        keys = " and ".join(repr(key) for key in found.missing)
        text = f"Nothing shows that dataset {name} is what was released: {keys} {_is(len(found.missing))} not declared."
        yield broken(SEALED, have.subject.id, text, _seal_it(path))
        return
    if found.fault:
        fault = f"{path} {found.fault}" if found.fault.startswith("is ") else found.fault
        finding = broken(SEALED, have.subject.id, f"The seal of dataset {name} does not hold: {fault}.", _look(path))
        yield finding if found.changes is None else replace(finding, detail={"content": found.changes})
        return
    try:
        ordered = content_digest(found.path).ordered
    except InputError as error:
        raise InputError(f"{have.subject.id}: {error.what}", where=have.system.origin.file) from error
    if ordered != found.ordered:
        text = f"The seal of dataset {name} says of its content what is not so; the signer's tool erred, or lied."
        yield broken(SEALED, have.subject.id, text, _seal_it(path))
        return
    who = f"key {found.key_id[:_KEY_HINT]}"
    text = f"Every byte, and all {found.rows:,} rows and columns of dataset {name}, are as {who} sealed them."
    yield holds(SEALED, have.subject.id, text)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _seal_it(path: str) -> Remedy:
    command = f"redan seal {path} --key KEY -o {path}.sig" if _plain(path) else None
    text = "Seal the dataset when it is released, and declare 'seal' and the public 'key' at the dataset."
    return Remedy(text=text, command=command, effort=Level.LOW)


def _look(path: str) -> Remedy:
    command = f"redan verify {path} --seal SEAL --key PUB" if _plain(path) else None
    text = "Restore the file that was released; or look at every change, and seal it again once each is explained."
    return Remedy(text=text, command=command, effort=Level.MEDIUM)


def _plain(name: str) -> bool:
    return name.isascii() and all(c.isalnum() or c in "._/-" for c in name) and not name.startswith("-")


CHECKS = (
    Check(id=SEALED, subjects=_judged, run=_sealed, needs=(DatasetSealed,), tier=Tier.SECONDS),
    *flipped.CHECKS,
    *planted_rows.CHECKS,
    *trigger.CHECKS,
)
