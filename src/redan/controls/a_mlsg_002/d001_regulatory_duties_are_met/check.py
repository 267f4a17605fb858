"""Personal data against what is declared; purpose, basis and retention of the data."""

import datetime as dt
from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.a_mlsg_002.d001_regulatory_duties_are_met import use
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.personal.declared import declared_columns, is_personal
from redan.measures.personal.findings import told
from redan.measures.personal.scan import scan_table
from redan.system.records import Dataset
from redan.system.retention import retention_end
from redan.system.system import System
from redan.terms import Level, Tier

DECLARED = "A-MLSG-002-D001/personal-data-is-declared"
PURPOSE = "A-MLSG-002-D001/purpose-and-basis-are-declared"
RETENTION = "A-MLSG-002-D001/retention-is-kept"


def _every_dataset(system: System) -> Iterable[Subject]:
    return tuple(_subject(d) for d in system.datasets)


def _personal_datasets(system: System) -> Iterable[Subject]:
    return tuple(_subject(d) for d in system.datasets if is_personal(d))


def _limited_datasets(system: System) -> Iterable[Subject]:
    return tuple(_subject(d) for d in system.datasets if is_personal(d) or d.retention is not None)


def _subject(dataset: Dataset) -> Subject:
    return Subject(f"dataset:{dataset.name}", (f"dataset:{dataset.name}",))


def _dataset(have: Have) -> Dataset:
    return have.system.dataset(have.subject.id.partition(":")[2])


def _declared(have: Have) -> Iterator[Finding]:
    dataset = _dataset(have)
    table = have.get(DatasetFile, have.subject.id).table()
    scans = scan_table(table, seed=int(have.rng.integers(2**31)))
    yield from told(DECLARED, have.subject.id, scans, declared_columns(dataset), dataset.name)


def _purpose(have: Have) -> Iterator[Finding]:
    dataset = _dataset(have)
    missing = list(_unstated(dataset))
    for key, why in missing:
        message = f"Dataset {dataset.name} declares personal columns, and {why}."
        remedy = Remedy(text=f"State '{key}' of [[dataset]] {dataset.name} in redan.toml.", effort=Level.LOW)
        yield broken(PURPOSE, have.subject.id, message, remedy, part=key)
    if not missing:
        yield holds(PURPOSE, have.subject.id, f"Dataset {dataset.name} states its purpose and lawful basis.")


def _unstated(dataset: Dataset) -> Iterator[tuple[str, str]]:
    # GDPR article 5(1)(b) purpose, 6(1) basis, 7(1) consent must be demonstrable
    if not _said(dataset.purpose):
        yield "purpose", "states no purpose"
    if not _said(dataset.lawful_basis):
        yield "lawful_basis", "states no lawful basis"
    elif "consent" in (dataset.lawful_basis or "").lower() and not _said(dataset.consent):
        yield "consent", "rests on consent without naming the record of it"


def _said(text: str | None) -> bool:
    return text is not None and text.strip().lower() not in {"", "-", "?", "todo", "tbd", "none", "n/a", "unknown"}


def _retention(have: Have) -> Iterator[Finding]:
    dataset = _dataset(have)
    subject = have.subject.id
    end = retention_end(dataset.collected, dataset.retention)
    if dataset.retention is None:
        yield broken(
            RETENTION,
            subject,
            f"Dataset {dataset.name} declares personal columns and no retention.",
            Remedy(
                text=f"State 'retention' of [[dataset]] {dataset.name} in redan.toml: a date, or a duration with "
                "'collected'.",
                effort=Level.LOW,
            ),
            part="retention",
        )
    elif end is None:
        remedy = Remedy(
            text=f"State 'collected' of [[dataset]] {dataset.name}, the day it was collected.", effort=Level.LOW
        )
        message = f"Dataset {dataset.name} is kept for a duration that has no day to count from."
        yield not_run(RETENTION, subject, message, remedy=remedy)
    else:
        yield _kept(subject, dataset, end, have.now)


def _kept(subject: str, dataset: Dataset, end: dt.date, now: dt.date) -> Finding:
    days = (now - end).days
    measure = Measure(name="days_past_retention", value=float(max(days, 0)), threshold=0.0, unit="days")
    if days <= 0:
        message = f"Dataset {dataset.name} may be kept until {end.isoformat()}."
        return holds(RETENTION, subject, message, part="retention", measure=measure)
    remedy = Remedy(
        text=f"Delete the data of {dataset.name} and its copies, or have the retention extended by whoever answers for "
        "the lawful basis; models trained on it stay under the same duty.",
        effort=Level.MEDIUM,
    )
    message = f"Dataset {dataset.name} was to be kept until {end.isoformat()}, {days:,} days ago."
    return broken(RETENTION, subject, message, remedy, part="retention", measure=measure)


CHECKS = (
    Check(id=DECLARED, subjects=_every_dataset, run=_declared, needs=(DatasetFile,), tier=Tier.SECONDS),
    Check(id=PURPOSE, subjects=_personal_datasets, run=_purpose),
    Check(id=RETENTION, subjects=_limited_datasets, run=_retention, dated=True),
    *use.CHECKS,
)
