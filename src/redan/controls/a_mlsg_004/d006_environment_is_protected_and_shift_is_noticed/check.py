"""Current input against the sealed reference: every feature under one budget of false alarms, and all jointly."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.dataset_seal import DatasetSealed
from redan.controls.a_mlsg_004.d006_environment_is_protected_and_shift_is_noticed.service import CHECK as NOTICED_CHECK
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError
from redan.findings import Finding, Remedy, not_run
from redan.measures.drift.array_file import open_data
from redan.measures.drift.settings import Settings
from redan.measures.drift.shift import Shift, shift
from redan.measures.drift.telling import tell_features, tell_joint
from redan.measures.personal.declared import declared_columns
from redan.system.records import Dataset
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level, Tier

CONTROL = "A-MLSG-004-D006"
FEATURES = f"{CONTROL}/features-keep-their-distribution"
JOINT = f"{CONTROL}/joint-distribution-is-kept"
_ARRAYS = frozenset({".npz", ".npy"})
_NAME_IT = Remedy(
    text="Name the dataset that current input is compared with: key 'reference' of the [[dataset]].", effort=Level.LOW
)
_IN_RANGE = Remedy(text="Set 'threshold' to the share of rows that may move, such as 0.1.", effort=Level.LOW)


def watched(system: System) -> tuple[Subject, ...]:
    """Every dataset of current input, and every other that names a reference, with that reference."""
    found = []
    for dataset in system.datasets:
        if dataset.role == "current" or dataset.reference not in {None, dataset.name}:
            reference = _reference(system, dataset)
            names = (dataset.name,) if reference is None else (dataset.name, reference)
            found.append(Subject(f"dataset:{dataset.name}", tuple(f"dataset:{name}" for name in names)))
    return tuple(found)


def _reference(system: System, dataset: Dataset) -> str | None:
    """The named reference, or the only dataset in that role."""
    if dataset.reference not in {None, dataset.name}:
        return dataset.reference
    able = [d.name for d in system.datasets if d.role == "reference" and d.name != dataset.name]
    return able[0] if len(able) == 1 else None


def _features(have: Have) -> Iterator[Finding]:
    found = _compared(have, FEATURES, jointly=False)
    if isinstance(found, Finding):
        yield found
        return
    doubts = tuple(_vouched(have))
    yield from doubts
    if any(doubt.part == "seal broken" for doubt in doubts):
        return  # what it says of today is worth nothing
    yield from tell_features(found, FEATURES, have.subject.id)


def _jointly(have: Have) -> Iterator[Finding]:
    found = _compared(have, JOINT, jointly=True)
    if isinstance(found, Finding):
        yield found
    else:
        yield from tell_joint(found, JOINT, have.subject.id)


def _compared(have: Have, check: str, *, jointly: bool) -> Shift | Finding:
    name = have.subject.id.partition(":")[2]
    if len(have.subject.elements) == 1:
        text = f"Nothing says which reference dataset {name} is to be compared with."
        return not_run(check, have.subject.id, text, remedy=_NAME_IT)
    stance = have.system.stance(CONTROL)
    settings = Settings(looks=Settings().looks * len(watched(have.system)))
    if stance is not None and stance.threshold is not None:
        settings = settings._replace(tolerated=stance.threshold)
    if not 0.0 <= settings.tolerated < 1.0:
        text = f"A share of {settings.tolerated:g} of the rows cannot be tolerated: it must be at least 0 and below 1."
        return not_run(check, have.subject.id, text, remedy=_IN_RANGE)
    current, reference = (have.system.dataset(e.partition(":")[2]) for e in have.subject.elements)
    new, old = (_table(have, element) for element in have.subject.elements)
    apart = _apart(current) | _apart(reference) | _later(reference, new)
    columns = [c for c in old.columns if c not in apart]
    try:
        return shift(
            old,
            new,
            columns=columns,
            label=_label(reference, old, new),
            time=current.time if current.time in new.columns else None,
            private=declared_columns(current) | declared_columns(reference),
            jointly=jointly,
            settings=settings,
            seed=int(have.rng.integers(2**31 - 1)),
        )
    except IncompleteError as error:
        return not_run(check, have.subject.id, f"Dataset {name}: {error.what}.")


def _table(have: Have, element: str) -> Table:
    file = have.get(DatasetFile, element)
    return open_data(file.path) if file.path.suffix.lower() in _ARRAYS else file.table()


def _apart(dataset: Dataset) -> frozenset[str]:
    """Columns that say who a row is of and when it was made, not what it is like."""
    named = (dataset.contributor, dataset.time, dataset.signature)
    return frozenset((*dataset.identifiers, *dataset.pseudonyms, *(c for c in named if c is not None)))


def _later(reference: Dataset, new: Table) -> frozenset[str]:
    """Answers that current input does not have yet: the truth about it comes later."""
    return frozenset(c for c in (reference.label, reference.prediction) if c is not None and c not in new.columns)


def _label(reference: Dataset, old: Table, new: Table) -> str | None:
    """True answers where both sides have them already, else a model's answers."""
    both = [c for c in (reference.label, reference.prediction) if c in old.columns and c in new.columns]
    return both[0] if both else None


def _vouched(have: Have) -> Iterator[Finding]:
    """Whether the reference is what was sealed: whoever can change it can hide a shift."""
    element = have.subject.elements[1]
    name = element.partition(":")[2]
    path = have.system.dataset(name).path or ""
    if (DatasetSealed, element) not in have.artifacts:
        yield not_run(FEATURES, have.subject.id, f"The seal of reference {name} could not be verified.", part="seal")
        return
    found = have.get(DatasetSealed, element)
    if found.missing:
        keys = " and ".join(repr(key) for key in found.missing)
        text = f"Reference {name} may have been changed to hide a shift: {keys} of its dataset is not declared."
        command = f"redan seal {path} --key KEY -o {path}.sig" if _plain(path) else None
        advice = "Seal the reference, and declare 'seal' and the public 'key' at its dataset."
        remedy = Remedy(text=advice, command=command, effort=Level.LOW)
        yield not_run(FEATURES, have.subject.id, text, remedy=remedy, part="seal")
    elif found.fault:
        text = f"Reference {name} is not what was sealed: {found.fault}."
        remedy = Remedy(text="Restore the reference that was sealed, and compare again.", effort=Level.MEDIUM)
        yield not_run(FEATURES, have.subject.id, text, remedy=remedy, part="seal broken")


def _plain(name: str) -> bool:
    return name.isascii() and all(c.isalnum() or c in "._/-" for c in name) and not name.startswith("-")


def _subjects(system: System) -> Iterable[Subject]:
    return watched(system)


def _placed(check: Callable[[Have], Iterator[Finding]]) -> Callable[[Have], Iterator[Finding]]:
    """A finding about a feature stands at its [[feature]], any other at the [[dataset]]."""

    def run(have: Have) -> Iterator[Finding]:
        for finding in check(have):
            feature = f"feature:{finding.part}"
            element = feature if feature in have.system.elements else have.subject.id
            yield replace(finding, location=place(have.system, element))

    return run


CHECKS = (
    Check(
        id=FEATURES,
        subjects=_subjects,
        run=_placed(_features),
        needs=(DatasetFile, DatasetSealed),
        tier=Tier.SECONDS,
        adjustable=True,
    ),
    Check(
        id=JOINT,
        subjects=_subjects,
        run=_placed(_jointly),
        needs=(DatasetFile,),
        tier=Tier.MINUTES,
        extra="sklearn",
        adjustable=True,
    ),
    NOTICED_CHECK,
)
