"""Personal data against what is declared; purpose, basis and retention of the data."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.personal.declared import declared_columns, is_personal
from redan.measures.personal.kinds import Kind, Verification
from redan.measures.personal.scan import SAMPLE, ColumnScan, Found, scan_table
from redan.stats.binomial import clopper_pearson
from redan.system.records import Dataset
from redan.system.retention import retention_end
from redan.system.system import System
from redan.terms import Level, Tier

DECLARED = "A-MLSG-002-D001/personal-data-is-declared"
PURPOSE = "A-MLSG-002-D001/purpose-and-basis-are-declared"
RETENTION = "A-MLSG-002-D001/retention-is-kept"
_HOW = {
    Verification.CHECK_DIGIT: "check digits verified",
    Verification.REGISTER: "verified against public number or name registers",
    Verification.SHAPE: "by their shape",
    Verification.HEADER: "by header and shape, so look before you act",
}


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
    declared = declared_columns(dataset)
    about_people = bool(declared) or any(s.found and s.found.kind is not Kind.LOCATION for s in scans)
    counted = [(s, s.found) for s in scans if s.found and (about_people or s.found.kind is not Kind.LOCATION)]
    missing = [(scan, found) for scan, found in counted if scan.column not in declared]
    for scan, found in missing:
        yield _undeclared(have.subject.id, dataset, scan, found)
    if not missing:
        yield _all_declared(have.subject.id, scans, len(counted))


def _undeclared(subject: str, dataset: Dataset, scan: ColumnScan, found: Found) -> Finding:
    where = "inside its text" if found.in_text else "as its values"
    message = (
        f"Column {scan.column!r} holds data of the kind '{found.kind}' {where} and is not declared: {found.matches:,} "
        f"of {found.n:,} values looked at, {_HOW[found.verification]}."
    )
    measure = Measure(
        name="personal_values",
        value=found.matches / found.n,
        interval=found.interval,
        n=found.n,
        threshold=0.0,
        unit="share",
    )
    finding = broken(DECLARED, subject, message, _declare(dataset, scan, found), part=scan.column, measure=measure)
    detail = {"kind": found.kind.value, "scheme": found.scheme, "verification": found.verification.value}
    return replace(finding, detail={**detail, "in_text": found.in_text, "hinted": found.hinted})


def _declare(dataset: Dataset, scan: ColumnScan, found: Found) -> Remedy:
    key = "personal" if found.in_text or found.kind in {Kind.LOCATION, Kind.BIRTH, Kind.ADDRESS} else "identifiers"
    act = "mask it in the text" if found.in_text else "drop or pseudonymise the column"
    return Remedy(
        text=f"If the task does not need it, {act}; otherwise add {scan.column!r} to '{key}' of [[dataset]] "
        f"{dataset.name} in redan.toml, with purpose, lawful_basis and retention.",
        effort=Level.LOW,
    )


def _all_declared(subject: str, scans: Sequence[ColumnScan], found: int) -> Finding:
    fewest = min((s.n for s in scans if s.n >= SAMPLE), default=None)
    limit = (
        "every distinct value was looked at"
        if fewest is None
        else f"{SAMPLE:,} distinct values of each longer column were looked at, so rarer data than "
        f"{clopper_pearson(0, fewest).high:.2%} of them may remain"
    )
    declared = ", all declared" if found else ""
    message = f"Columns that hold personal data by content: {found} of {len(scans)}{declared}; {limit}."
    measure = Measure(name="undeclared_personal_columns", value=0.0, n=len(scans), threshold=0.0, unit="columns")
    return holds(DECLARED, subject, message, measure=measure)


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
)
