"""Known vulnerabilities: every dependency was searched, every match is fixed or justified, and not too long ago."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.pipeline_files import AuditFile, LockFiles, StatementFile
from redan.controls import pipeline
from redan.controls.aips_tra.tra_04_vulnerabilities_are_analysed_periodically.recency import RECENT, recency
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.dependencies.audit import Audit
from redan.measures.dependencies.vulnerabilities import Coverage, Open, coverage, open_vulnerabilities
from redan.system.system import System
from redan.terms import Level, Tier

OPEN = "AIPS-TRA-04/no-open-vulnerability-without-statement"
_SHOWN = 5
_MOST = 500  # findings of single vulnerabilities; whoever has more updates everything first
_SPLIT = Remedy(
    text="Search on every platform that the lock file is for, or read the lock file as text with an OSV scanner.",
    command="osv-scanner scan --lockfile requirements.txt --all-packages --format json --output audit.json",
    effort=Level.LOW,
)
_PIN = Remedy(text="Lock every dependency with an exact version, and search the lock file.", effort=Level.LOW)


def _pipeline(system: System) -> Iterable[Subject]:
    return (Subject(pipeline.PIPELINE, (pipeline.PIPELINE,)),) if pipeline.is_described(system) else ()


def _vulnerabilities(have: Have) -> Iterator[Finding]:
    found, said, locked = pipeline.audit(have), pipeline.statements(have), pipeline.locks(have)
    blind = [*_unread(have, locked)]
    if isinstance(said, str):
        blind.append(_blind(have, said, "statements", part="statements"))
        said = ()
    yield from blind
    if isinstance(found, str):
        yield replace(_blind(have, found, "audit"), remedy=pipeline.SEARCH)
        return
    now = pipeline.end_of(have.now)
    left = open_vulnerabilities(found, said, locked.pins, product=have.system.about.name, now=now)
    yield from (_open(have, entry) for entry in left[:_MOST])
    if len(left) > _MOST:
        yield _more(have, len(left) - _MOST)
    gaps = tuple(_gaps(have, found, coverage(locked.pins, found), locked))
    yield from gaps
    if not left and not gaps and not blind:
        yield _clean(have, found, len(locked.pins))


def _unread(have: Have, locked: pipeline.Locks) -> Iterator[Finding]:
    for name, why in locked.unread:
        yield _blind(have, f"Lock file {name} cannot be read: it {why}.", "requirements", part=name)


def _blind(have: Have, text: str, key: str, part: str = "") -> Finding:
    where = place(have.system, pipeline.PIPELINE, key)
    return replace(not_run(OPEN, have.subject.id, text, part=part), location=where)


def _open(have: Have, entry: Open) -> Finding:
    name, version = entry.match.package
    first, *others = entry.match.ids
    also = f" ({', '.join(others[:3])})" if others else ""
    fixed = f", fixed in {', '.join(entry.match.fixed[:3])}" if entry.match.fixed else ""
    text = f"{name} {version} has the known vulnerability {first}{also}{fixed}; {entry.why}."
    advice = (
        f"Update {name}{f' to {entry.match.fixed[0]}' if entry.match.fixed else ''}, lock it again and search again"
    )
    remedy = Remedy(
        text=f"{advice}; or state in a VEX document, with one of its justifications, why {first} does not apply.",
        effort=Level.LOW,
    )
    where = place(have.system, pipeline.PIPELINE, "audit")
    return replace(broken(OPEN, have.subject.id, text, remedy, part=f"{name} {first}"), location=where)


def _more(have: Have, count: int) -> Finding:
    remedy = Remedy(text="Update all dependencies, lock them again and search again.", effort=Level.MEDIUM)
    return broken(OPEN, have.subject.id, f"{count:,} more vulnerabilities are open.", remedy, part="more")


def _gaps(have: Have, found: Audit, covered: Coverage, locked: pipeline.Locks) -> Iterator[Finding]:
    where = place(have.system, pipeline.PIPELINE, "audit")
    if not have.system.pipeline.requirements:
        text = f"The search looked at {len(found.searched)} packages, and no lock file says which it should have."
        yield replace(not_run(OPEN, have.subject.id, text, remedy=_PIN, part="lock"), location=where)
    if covered.unsearched:
        names = _listed([f"{p.name} {p.version}" for p in covered.unsearched])
        text = f"{len(covered.unsearched)} of {covered.pinned} locked packages were not searched: {names}."
        measure = Measure(
            name="packages_not_searched",
            value=float(len(covered.unsearched)),
            n=covered.pinned,
            threshold=0.0,
            unit="packages",
        )
        finding = broken(OPEN, have.subject.id, text, pipeline.SEARCH, part="not searched", measure=measure)
        yield replace(finding, location=where)
    if covered.elsewhere:
        names = _listed([f"{p.name} {p.version}" for p in covered.elsewhere])
        text = f"Locked for some platforms only, and not searched: {names}."
        yield replace(not_run(OPEN, have.subject.id, text, remedy=_SPLIT, part="elsewhere"), location=where)
    if covered.unpinned:
        text = f"No exact version is locked, so nobody can say what was searched: {_listed(list(covered.unpinned))}."
        yield replace(broken(OPEN, have.subject.id, text, _PIN, part="unpinned"), location=where)
    for name, fault in locked.faults():
        text = f"{name} line {fault.line}: {fault.what}, so it was not searched."
        yield replace(broken(OPEN, have.subject.id, text, _PIN, part=f"{name}:{fault.what}"), location=where)


def _clean(have: Have, found: Audit, pinned: int) -> Finding:
    justified = f"; {len(found.matches)} known vulnerabilities are justified by statements" if found.matches else ""
    text = f"All {pinned} locked packages were searched ({found.kind}), and none has an open vulnerability{justified}."
    measure = Measure(name="open_vulnerabilities", value=0.0, n=pinned, threshold=0.0, unit="vulnerabilities")
    where = place(have.system, pipeline.PIPELINE, "audit")
    return replace(holds(OPEN, have.subject.id, text, measure=measure), location=where)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


CHECKS = (
    # dated: statements expire
    Check(
        id=OPEN,
        subjects=_pipeline,
        run=_vulnerabilities,
        needs=(LockFiles, AuditFile, StatementFile),
        tier=Tier.SECONDS,
        dated=True,
    ),
    Check(id=RECENT, subjects=_pipeline, run=recency, needs=(AuditFile, LockFiles), dated=True),
)
