"""Anonymity of each dataset about persons: group sizes, variety of sensitive values, risk of recognition."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.canon import Json
from redan.controls.a_mlsg_003.c002_training_data_is_anonymised_or_pseudonymised import pseudonyms
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Remedy, not_run
from redan.measures.anonymity.assess import Parts, groups, risk, variety
from redan.measures.anonymity.findings import BOUND, GROUPS, RISK, VARIETY, K
from redan.measures.anonymity.persons import known_outside, person_column
from redan.system.records import Dataset
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level, Tier

_STATE = Remedy(
    text="List in redan.toml the columns that outsiders may know of a person (quasi_identifiers).", effort=Level.LOW
)


def _subjects(wanted: Callable[[System, Dataset], bool]) -> Callable[[System], Iterable[Subject]]:
    def subjects(system: System) -> Iterable[Subject]:
        ids = [f"dataset:{d.name}" for d in system.datasets if d.path and wanted(system, d)]
        return tuple(Subject(id_, (id_,)) for id_ in ids)

    return subjects


def _about_persons(_: System, dataset: Dataset) -> bool:
    return bool(dataset.quasi_identifiers or dataset.sensitive or dataset.personal or dataset.pseudonyms)


def _with_secrets(system: System, dataset: Dataset) -> bool:
    return bool(dataset.quasi_identifiers and _sensitive(system, dataset))


def _sensitive(system: System, dataset: Dataset) -> tuple[str, ...]:
    """Columns whose value nobody should be able to tell: declared sensitive, or assessed so as a feature."""
    assessed = [f.name for f in system.features if f.sensitivity == "high" and f.from_ in (None, dataset.name)]
    apart = {*dataset.quasi_identifiers, *dataset.identifiers, *dataset.pseudonyms}
    return tuple(name for name in dict.fromkeys((*dataset.sensitive, *assessed)) if name not in apart)


def _dataset(have: Have) -> Dataset:
    return have.system.dataset(have.subject.id.partition(":")[2])


def _parts(have: Have, table: Table) -> tuple[Parts, dict[str, str]]:
    """What the columns are: as declared, and those that outsiders know by their content."""
    dataset = _dataset(have)
    said = (*dataset.quasi_identifiers, *dataset.identifiers, *dataset.sensitive, *dataset.personal)
    found = known_outside(table, (*said, *dataset.pseudonyms), seed=int(have.rng.integers(2**31 - 1)))
    return Parts(
        quasi_identifiers=(*dataset.quasi_identifiers, *found),
        sensitive=tuple(name for name in _sensitive(have.system, dataset) if name in table.columns),
        person=person_column(table, (*dataset.identifiers, *dataset.pseudonyms)),
    ), found


def _measured(
    check: str, ask: Callable[[Have, Table, Parts, str], Iterable[Finding]]
) -> Callable[[Have], Iterator[Finding]]:
    """Asks a question of the subject's data once it is known what outsiders may know."""

    def run(have: Have) -> Iterator[Finding]:
        dataset, table = _dataset(have), have.get(DatasetFile, have.subject.id).table()
        where = place(have.system, have.subject.id, "quasi_identifiers")
        missing = [name for name in dataset.quasi_identifiers if name not in table.columns]
        parts, found = _parts(have, table)
        if missing or not parts.quasi_identifiers:
            lack = f"there is no column {', '.join(missing)}" if missing else "no quasi-identifiers are declared"
            text = f"Dataset {dataset.name} is about persons, but {lack}: what outsiders may know is not stated."
            yield replace(not_run(check, have.subject.id, text, remedy=_STATE), location=where)
            return
        noted: dict[str, Json] = {"person": parts.person, "found_by_content": [*found]}
        for finding in ask(have, table, parts, _command(dataset, parts, _least(have))):
            said = finding.message + _undeclared(found)
            yield replace(finding, message=said, location=where, detail={**finding.detail, **noted})

    return run


def _undeclared(found: dict[str, str]) -> str:
    words = [f"{name} ({kind})" for name, kind in found.items()]
    return f" Found by content and not declared: {', '.join(words)}." if words else ""


def _command(dataset: Dataset, parts: Parts, k: int) -> str:
    words = ["redan", "data", "anonymise", dataset.path or "FILE"]
    for option, names in (("--quasi", parts.quasi_identifiers), ("--sensitive", parts.sensitive)):
        words += [word for name in names for word in (option, name)]
    words += ["--person", parts.person] if parts.person else []
    return shlex.join([*words, "--k", str(k), "--out", "anonymised.parquet"])


def _least(have: Have) -> int:
    """The least group: `threshold` from 1 upwards; below 1 it is the share of persons at risk."""
    set_ = _threshold(have)
    return K if set_ is None or set_ < 1 else max(1, round(set_))


def _bound(have: Have) -> float:
    set_ = _threshold(have)
    return BOUND if set_ is None or not 0 <= set_ < 1 else set_


def _threshold(have: Have) -> float | None:
    stance = have.system.stance("A-MLSG-003-C002")
    return None if stance is None else stance.threshold


def _groups(have: Have, table: Table, parts: Parts, command: str) -> Iterable[Finding]:
    return (groups(table, parts, have.subject.id, k=_least(have), command=command),)


def _variety(have: Have, table: Table, parts: Parts, command: str) -> Iterable[Finding]:
    declared = _sensitive(have.system, _dataset(have))
    for name in declared:
        if name not in parts.sensitive:
            yield not_run(VARIETY, have.subject.id, f"There is no column {name}.", part=name, remedy=_STATE)
    yield from variety(table, parts, have.subject.id, have.rng, command=command)


def _risk(have: Have, table: Table, parts: Parts, command: str) -> Iterable[Finding]:
    return (risk(table, parts, have.subject.id, k=_least(have), bound=_bound(have), command=command),)


CHECKS = (
    Check(
        id=GROUPS,
        subjects=_subjects(_about_persons),
        run=_measured(GROUPS, _groups),
        needs=(DatasetFile,),
        tier=Tier.SECONDS,
        adjustable=True,
    ),
    Check(
        id=VARIETY,
        subjects=_subjects(_with_secrets),
        run=_measured(VARIETY, _variety),
        needs=(DatasetFile,),
        tier=Tier.SECONDS,
    ),
    *pseudonyms.CHECKS,
    Check(
        id=RISK,
        subjects=_subjects(_about_persons),
        run=_measured(RISK, _risk),
        needs=(DatasetFile,),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
)
