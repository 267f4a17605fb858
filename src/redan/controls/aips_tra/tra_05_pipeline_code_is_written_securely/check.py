"""Pipeline code: what a security analyser says of it, and whether it loads data that can carry code."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from redan.artifacts.code_files import CodeFile, CodeFiles
from redan.controls import pipeline
from redan.controls.contract import Check, Have, Subject
from redan.errors import InputError
from redan.findings import Finding, Location, Measure, Remedy, broken, holds, not_applicable, not_run
from redan.measures.code.analysis import Issue, analyse
from redan.measures.code.loading import Hit, loading
from redan.measures.code.source import LIMIT_BYTES, Source, read_source
from redan.system.system import System
from redan.terms import Level, Stage, Tier

CLEAN = "AIPS-TRA-05/static-analysis-is-clean"
LOADS = "AIPS-TRA-05/no-code-is-loaded-from-data"
_READABLE = Remedy(text="List Python files and notebooks that parse under 'code'.", effort=Level.LOW)
_BEFORE_CODE = frozenset({Stage.DESIGN, Stage.DATA})


class _Unread(NamedTuple):
    """A file, or a part of one, that was not looked at, with the reason as a clause."""

    name: str
    why: str


def _with_code(system: System) -> Iterable[Subject]:
    """Models with code or that were trained here, so that there must be some; and the other code of the pipeline."""
    late = system.about.stage not in _BEFORE_CODE
    models = tuple(f"model:{m.name}" for m in system.models if m.code or (m.trained_on and late))
    others = (pipeline.PIPELINE,) if system.pipeline.code else ()
    return tuple(Subject(element, (element,)) for element in (*models, *others))


def _sources(have: Have) -> Iterator[Source | _Unread]:
    for file in have.get(CodeFiles, have.subject.id).files:
        found = _source(file)
        if found is not None:
            yield found
            if isinstance(found, Source):
                yield from (_Unread(file.name, f"{why}, which nothing here reads") for why in found.unread)


def _source(file: CodeFile) -> Source | _Unread | None:
    try:
        return read_source(file.name, pipeline.content(file.path, file.sha256, LIMIT_BYTES))
    except InputError as error:
        return _Unread(file.name, error.what)
    except ValueError as error:
        return _Unread(file.name, str(error))


def _blind(check: str, have: Have, unread: _Unread) -> Finding:
    text = f"{unread.name} was not looked at: {unread.why}."
    return not_run(check, have.subject.id, text, remedy=_READABLE, part=f"{unread.name}:unread")


def _analysis(have: Have) -> Iterator[Finding]:
    read, silenced, below = 0, 0, 0
    said = False
    for source in _sources(have):
        unread = source if isinstance(source, _Unread) else None
        if isinstance(source, Source):
            try:
                found = analyse(source)
            except ValueError as error:
                unread = _Unread(source.name, str(error))
            else:
                read, silenced, below = read + 1, silenced + found.suppressions, below + found.below
                yield from _issues(have, source.name, found.issues)
                said = said or bool(found.issues)
        if unread is not None:
            yield _blind(CLEAN, have, unread)
            said = True
    if not said:
        ignored = f"; {_count(silenced, 'nosec comment')} not honoured" if silenced else ""
        minor = f"; {_count(below, 'remark')} below medium severity or confidence" if below else ""
        yield _good(
            CLEAN, have, read, f"The analyser finds nothing in {_count(read, 'file')}{minor}{ignored}.", "issues"
        )


def _issues(have: Have, name: str, issues: tuple[Issue, ...]) -> Iterator[Finding]:
    grouped: dict[tuple[str, str], list[Issue]] = {}
    for issue in issues:
        grouped.setdefault((issue.rule, issue.mark), []).append(issue)
    for (rule, mark), same in grouped.items():
        first = same[0]
        weakness = f", CWE-{first.cwe}" if first.cwe else ""
        rank = f"severity {first.severity.lower()}, confidence {first.confidence.lower()}"
        text = f"{_places(name, [i.line for i in same])}: {first.text} ({rule} {first.name}{weakness}; {rank})."
        advice = (
            f"Change the line as rule {rule} of Bandit says, or accept it with a waiver; comments do not silence it."
        )
        remedy = Remedy(text=advice, effort=Level.LOW)
        yield _located(CLEAN, have, text, remedy, part=f"{name}:{rule}:{mark}", place=(name, first.line))


def _loads(have: Have) -> Iterator[Finding]:
    read, said = 0, False
    for source in _sources(have):
        if isinstance(source, _Unread):
            yield _blind(LOADS, have, source)
            said = True
            continue
        read += 1
        for finding in _hits(have, source.name, loading(source)):
            yield finding
            said = True
    if not said:
        text = f"No format that can carry code is loaded by {_count(read, 'file')} of code."
        yield _good(LOADS, have, read, text, "places")


def _hits(have: Have, name: str, hits: tuple[Hit, ...]) -> Iterator[Finding]:
    grouped: dict[tuple[str, str, str], list[Hit]] = {}
    for hit in hits:
        grouped.setdefault((hit.rule.id, hit.name, hit.mark), []).append(hit)
    for (rule, called, mark), same in grouped.items():
        first = same[0]
        text = f"{_places(name, [h.line for h in same])}: {called} {first.rule.why}."
        remedy = Remedy(text=first.rule.fix, effort=Level.MEDIUM)
        part = f"{name}:{rule}:{called}:{mark}"
        yield _located(LOADS, have, text, remedy, part=part, place=(name, first.line))


def _located(check: str, have: Have, text: str, remedy: Remedy, *, part: str, place: tuple[str, int]) -> Finding:
    found = broken(check, have.subject.id, text, remedy, part=part)
    return replace(found, location=Location(file=place[0], line=place[1]))


def _good(check: str, have: Have, read: int, text: str, what: str) -> Finding:
    if not read:
        return not_applicable(check, have.subject.id, "The files named as code are configuration and hold no code.")
    measure = Measure(name=f"insecure_{what}", value=0.0, n=read, threshold=0.0, unit=what)
    return holds(check, have.subject.id, text, measure=measure)


def _places(name: str, lines: list[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:5])
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""  # noqa: PLR2004
    return f"{name} line{'s' if len(lines) > 1 else ''} {shown}{more}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


CHECKS = (
    Check(id=CLEAN, subjects=_with_code, run=_analysis, needs=(CodeFiles,), tier=Tier.SECONDS, extra="code"),
    Check(id=LOADS, subjects=_with_code, run=_loads, needs=(CodeFiles,), tier=Tier.SECONDS),
)
