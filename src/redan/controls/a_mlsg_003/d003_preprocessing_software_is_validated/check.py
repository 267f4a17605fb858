"""Preprocessing packages: locked by exact version and digest, and free of known vulnerabilities that apply."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.pipeline_files import AuditFile, LockFiles, StatementFile
from redan.controls import pipeline
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Location, Measure, Remedy, broken, holds, not_run
from redan.measures.dependencies.audit import Audit
from redan.measures.dependencies.names import normal_name, normal_version
from redan.measures.dependencies.pins import Hash, Pin, parsed_hash
from redan.measures.dependencies.vulnerabilities import coverage, open_vulnerabilities
from redan.system.records import Preprocessor
from redan.system.system import System
from redan.terms import Level, Tier

PINNED = "A-MLSG-003-D003/packages-are-pinned-and-hashed"
KNOWN = "A-MLSG-003-D003/no-known-vulnerabilities"
_LOCK = Remedy(
    text="Lock every package with an exact version and the digests of its files, and install with --require-hashes.",
    command="uv pip compile requirements.in --generate-hashes --output-file requirements.txt",
    effort=Level.LOW,
)
_NAME = Remedy(text="State the package of the preprocessor, and lock it.", effort=Level.LOW)
_AGREE = Remedy(
    text="Find out which of the two is installed, and correct version or sha256 in redan.toml or the lock file.",
    effort=Level.LOW,
)
_SHOWN = 5


def _foreign(system: System) -> tuple[Preprocessor, ...]:
    """Preprocessors that come as packages; own code is reviewed as code."""
    return tuple(p for p in system.tables.preprocessor if p.package or p.third_party)


def _each(system: System) -> Iterable[Subject]:
    return tuple(Subject(f"preprocessor:{p.name}", (pipeline.PIPELINE,)) for p in _foreign(system))


def _each_and_all(system: System) -> Iterable[Subject]:
    whole = (Subject(pipeline.PIPELINE, (pipeline.PIPELINE,)),) if system.pipeline.requirements else ()
    return (*_each(system), *whole)


def _pinned(have: Have) -> Iterator[Finding]:
    locked = pipeline.locks(have)
    if have.subject.id == pipeline.PIPELINE:
        yield from _whole(have, locked)
        return
    step = _step(have)
    findings = tuple(_faults(have, step, locked))
    yield from findings
    if not findings:
        names = sorted({name for name, lock in locked.read for p in lock.pins if p.name == _package(step)})
        text = f"Package {step.package} of {step.name} is locked by version and digest in {', '.join(names)}."
        yield _here(have, step, "package", holds(PINNED, have.subject.id, text))


def _step(have: Have) -> Preprocessor:
    name = have.subject.id.partition(":")[2]
    return next(p for p in have.system.tables.preprocessor if p.name == name)


def _package(step: Preprocessor) -> str | None:
    return normal_name(step.package) if step.package else None


def _here(have: Have, step: Preprocessor, key: str, finding: Finding) -> Finding:
    return replace(finding, location=place(have.system, f"preprocessor:{step.name}", key))


def _faults(have: Have, step: Preprocessor, locked: pipeline.Locks) -> Iterator[Finding]:
    """Everything that keeps one preprocessor from being pinned."""
    package = _package(step)
    if package is None:
        says = f"names {step.package!r}, which no package can be called" if step.package else "names no package"
        text = f"Preprocessor {step.name} was written by others and {says}, so nothing pins it."
        yield _here(have, step, "package", broken(PINNED, have.subject.id, text, _NAME))
        return
    pins = tuple((name, pin) for name, lock in locked.read for pin in lock.pins if pin.name == package)
    if not pins:
        unread = [f"{name} {why}" for name, why in locked.unread]
        if unread:
            text = f"Whether {step.package} is locked cannot be told: {'; '.join(unread)}."
            yield _here(have, step, "package", not_run(PINNED, have.subject.id, text, remedy=_LOCK))
        else:
            text = f"Package {step.package} of {step.name} stands in no lock file."
            yield _here(have, step, "package", broken(PINNED, have.subject.id, text, _LOCK))
    for name, pin in pins:
        if pin.fault:
            text = f"{name} line {pin.line}: package {step.package} of {step.name} {pin.fault}."
            finding = broken(PINNED, have.subject.id, text, _LOCK, part=name)
            yield replace(finding, location=Location(file=name, line=pin.line))
    yield from _disagreements(have, step, tuple(pin for _, pin in pins))


def _disagreements(have: Have, step: Preprocessor, pins: tuple[Pin, ...]) -> Iterator[Finding]:
    """What redan.toml says of the package against what is locked."""
    if step.version is not None and pins:
        stated = normal_version(step.version)
        firm = {p.version for p in pins if not p.conditional}
        if stated is None or stated not in {p.version for p in pins} or firm - {stated}:
            locked = ", ".join(sorted({p.version for p in pins if p.version})) or "none"
            text = f"Preprocessor {step.name} is stated to be version {step.version}, and version {locked} is locked."
            finding = broken(PINNED, have.subject.id, text, _AGREE, part="version")
            yield _here(have, step, "version", finding)
    if step.sha256 is not None and pins:
        wanted = parsed_hash(f"sha256:{step.sha256.strip().lower().removeprefix('sha256:')}")
        hashes = {h for p in pins for h in p.hashes}
        if not isinstance(wanted, Hash) or wanted not in hashes:
            why = wanted if isinstance(wanted, str) else f"is none of the {len(hashes)} that are locked"
            text = f"The digest stated for preprocessor {step.name} cannot be its package's: it {why}."
            yield _here(have, step, "sha256", broken(PINNED, have.subject.id, text, _AGREE, part="sha256"))


def _whole(have: Have, locked: pipeline.Locks) -> Iterator[Finding]:
    """The lock files as such: an installer in hash mode refuses them all when one line is not pinned."""
    said = False
    for name, why in locked.unread:
        yield not_run(PINNED, have.subject.id, f"Lock file {name} cannot be read: it {why}.", remedy=_LOCK, part=name)
        said = True
    for name, lock in locked.read:
        loose = [pin for pin in lock.pins if pin.fault and not pin.own]
        if loose:
            yield _loose(have, name, loose, len(lock.pins))
            said = True
        if not lock.pins and not lock.faults and not lock.includes:
            text = f"Lock file {name} names no package."
            yield replace(broken(PINNED, have.subject.id, text, _LOCK, part=name), location=_line(name, 1))
            said = True
    for name, fault in locked.faults():
        text = f"{name} line {fault.line}: {fault.what}."
        finding = broken(PINNED, have.subject.id, text, _LOCK, part=f"{name}:{fault.what}")
        yield replace(finding, location=_line(name, fault.line))
        said = True
    if not said:
        count = len(locked.pins)
        measure = Measure(name="packages_not_pinned", value=0.0, n=count, threshold=0.0, unit="packages")
        text = f"All {count} packages of the lock files have an exact version and digests."
        finding = holds(PINNED, have.subject.id, text, measure=measure)
        yield replace(finding, location=place(have.system, pipeline.PIPELINE, "requirements"))


def _loose(have: Have, name: str, loose: list[Pin], count: int) -> Finding:
    shown = "; ".join(f"line {p.line}: {p.name} {p.fault}" for p in loose[:_SHOWN])
    more = f"; and {len(loose) - _SHOWN} more" if len(loose) > _SHOWN else ""
    text = f"{len(loose)} of {count} packages in {name} are not pinned by version and digest: {shown}{more}."
    measure = Measure(name="packages_not_pinned", value=float(len(loose)), n=count, threshold=0.0, unit="packages")
    finding = broken(PINNED, have.subject.id, text, _LOCK, part=name, measure=measure)
    return replace(finding, location=_line(name, loose[0].line))


def _line(name: str, line: int) -> Location:
    return Location(file=name, line=line)


def _known(have: Have) -> Iterator[Finding]:
    step = _step(have)
    package = _package(step)
    found, said, locked = pipeline.audit(have), pipeline.statements(have), pipeline.locks(have)
    if package is None:
        text = f"Preprocessor {step.name} names no package, so nobody can search it for vulnerabilities."
        yield _here(have, step, "package", not_run(KNOWN, have.subject.id, text, remedy=_NAME))
    elif isinstance(found, str):
        yield _here(have, step, "package", not_run(KNOWN, have.subject.id, found, remedy=pipeline.SEARCH))
    else:
        pins = tuple(p for p in locked.pins if p.name == package)
        unsaid = said if isinstance(said, str) else None
        yield from _matches(have, step, found, pins, unsaid)


def _matches(
    have: Have, step: Preprocessor, found: Audit, pins: tuple[Pin, ...], unsaid: str | None
) -> Iterator[Finding]:
    package = _package(step)
    said = pipeline.statements(have)
    now = pipeline.end_of(have.now)
    product = have.system.about.name
    every = open_vulnerabilities(found, () if isinstance(said, str) else said, pins, product=product, now=now)
    left = [entry for entry in every if entry.match.package.name == package]
    for entry in left:
        fixed = f", fixed in {', '.join(entry.match.fixed[:3])}" if entry.match.fixed else ""
        text = f"Preprocessor {step.name} runs {package} {entry.match.package.version}, which has {entry.match.ids[0]}"
        remedy = Remedy(text=f"Update {package}, or state in a VEX document why it does not apply.", effort=Level.LOW)
        finding = broken(KNOWN, have.subject.id, f"{text}{fixed}; {entry.why}.", remedy, part=entry.match.ids[0])
        yield _here(have, step, "package", finding)
    gap = unsaid or _gap(step, found, pins)
    if gap:
        yield _here(have, step, "package", not_run(KNOWN, have.subject.id, gap, remedy=pipeline.SEARCH, part="gap"))
    elif not left:
        versions = ", ".join(sorted({p.version for p in pins if p.version}))
        text = f"The search knows no vulnerability of {package} {versions} that applies."
        yield _here(have, step, "package", holds(KNOWN, have.subject.id, text))


def _gap(step: Preprocessor, found: Audit, pins: tuple[Pin, ...]) -> str | None:
    """Why silence of the search means nothing for one package; None when it was looked at."""
    if not pins:
        return f"Package {step.package} stands in no lock file, so nobody can tell which version was to be searched."
    covered = coverage(pins, found)
    if covered.unpinned:
        return f"No exact version of {step.package} is locked, so nobody can say which one was searched."
    missing = [f"{p.name} {p.version}" for p in (*covered.unsearched, *covered.elsewhere)]
    return f"Not searched for vulnerabilities: {', '.join(missing)}." if missing else None


CHECKS = (
    Check(id=PINNED, subjects=_each_and_all, run=_pinned, needs=(LockFiles,)),
    # dated: statements expire
    Check(
        id=KNOWN,
        subjects=_each,
        run=_known,
        needs=(LockFiles, AuditFile, StatementFile),
        tier=Tier.SECONDS,
        dated=True,
    ),
)
