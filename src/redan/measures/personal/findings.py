"""What a scan for personal data says about a table, as findings and as a map."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds
from redan.findings.pictures import Grid, pictured
from redan.measures.personal.kinds import Kind, Verification
from redan.measures.personal.scan import SAMPLE, ColumnScan, Found
from redan.stats.binomial import clopper_pearson
from redan.terms import Level

_HOW = {
    Verification.CHECK_DIGIT: "check digits verified",
    Verification.REGISTER: "verified against public number or name registers",
    Verification.SHAPE: "by their shape",
    Verification.HEADER: "by header and shape, so look before you act",
}
_MAPPED = 60  # columns of a map


def told(check: str, subject: str, scans: Sequence[ColumnScan], declared: Collection[str], name: str) -> list[Finding]:
    """The findings about one table: each undeclared column, or that there is none.

    Places alone are no personal data: they count only where something else in the table is about persons.

    Args:
        check: id of the check that asks.
        subject: element id or file.
        scans: what its columns hold.
        declared: columns that are known to hold personal data.
        name: the dataset's name, for the remedy.

    Returns:
        One finding at least; the first one carries the map of what was found where.
    """
    about_people = bool(declared) or any(s.found and s.found.kind is not Kind.LOCATION for s in scans)
    counted = [(s, s.found) for s in scans if s.found and (about_people or s.found.kind is not Kind.LOCATION)]
    missing = [(scan, found) for scan, found in counted if scan.column not in declared]
    findings = [_undeclared(check, subject, name, scan, found) for scan, found in missing]
    findings = findings or [_all_declared(check, subject, scans, len(counted))]
    drawn = pictured(_map(counted, {scan.column for scan, _ in missing}))
    findings[0] = replace(findings[0], detail={**findings[0].detail, **drawn})
    return findings


def _map(counted: Sequence[tuple[ColumnScan, Found]], missing: Collection[str]) -> Iterator[Grid]:
    """Kinds by column; a flagged cell is not declared."""
    shown = counted[:_MAPPED]
    kinds = [kind for kind in Kind if any(found.kind is kind for _, found in shown)]
    if not shown:
        return
    rows = [tuple(found.matches / found.n if found.kind is kind else None for kind in kinds) for _, found in shown]
    yield Grid(
        title="Personal data by column: share of different values",
        rows=tuple(scan.column for scan, _ in shown),
        columns=tuple(kind.value for kind in kinds),
        values=tuple(rows),
        flagged=tuple((i, kinds.index(found.kind)) for i, (scan, found) in enumerate(shown) if scan.column in missing),
    )


def _undeclared(check: str, subject: str, name: str, scan: ColumnScan, found: Found) -> Finding:
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
    finding = broken(check, subject, message, _declare(name, scan, found), part=scan.column, measure=measure)
    detail: dict[str, Json] = {
        "kind": found.kind.value,
        "scheme": found.scheme,
        "verification": found.verification.value,
    }
    return replace(finding, detail={**detail, "in_text": found.in_text, "hinted": found.hinted})


def _declare(name: str, scan: ColumnScan, found: Found) -> Remedy:
    key = "personal" if found.in_text or found.kind in {Kind.LOCATION, Kind.BIRTH, Kind.ADDRESS} else "identifiers"
    act = "mask it in the text" if found.in_text else "drop or pseudonymise the column"
    return Remedy(
        text=f"If the task does not need it, {act}; otherwise add {scan.column!r} to '{key}' of [[dataset]] "
        f"{name} in redan.toml, with purpose, lawful_basis and retention.",
        effort=Level.LOW,
    )


def _all_declared(check: str, subject: str, scans: Sequence[ColumnScan], found: int) -> Finding:
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
    return holds(check, subject, message, measure=measure)
