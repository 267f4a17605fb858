"""What verbs of `redan data` and `redan attack` do with findings: text or JSON, a page with pictures, the exit code."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NoReturn

import typer

from redan.cli.page import aligned
from redan.errors import UsageError
from redan.findings import Finding
from redan.terms import Exit, Outcome

Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")]


def writable(path: Path | None) -> Path | None:
    """A name that a file can be written under, looked at before anything takes long; an option's callback.

    Raises:
        UsageError: it cannot.
    """
    if path is not None:
        from redan.files import check_writable

        check_writable(path)
    return path


Page = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", callback=writable, help="Also write a page that draws what was measured."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**53 - 1, metavar="N", help="Fixes every random choice.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only what is broken or could not be told.")]

_EXITS: Mapping[Outcome, Exit] = MappingProxyType(
    {Outcome.BROKEN: Exit.FOUND, Outcome.NOT_RUN: Exit.INCOMPLETE, Outcome.ERROR: Exit.INCOMPLETE}
)


def give(
    verb: str,
    files: Iterable[Path],
    findings: Iterable[Finding],
    *,
    output: Literal["text", "json"],
    page: Path | None = None,
    quiet: bool = False,
    group: Literal["data", "attack"] = "data",
    shown: Iterable[Finding] | None = None,
    asked: str = "",
) -> NoReturn:
    """Prints findings and ends with 0 (nothing found), 1 (found) or 3 (could not tell); no finding is not a pass.

    Args:
        verb: such as `shift`.
        files: what was looked at.
        findings: all of them, the ones that hold included.
        output: for people or programs.
        page: where to draw them.
        quiet: leave out what holds.
        group: of verbs.
        shown: the findings as the page draws them, when it shows more than programs get.
        asked: what was looked at and is no file, such as an endpoint, for the head of the page.

    Raises:
        typer.Exit: always.
    """
    files = tuple(files)
    found, names = tuple(findings), tuple(file.name for file in files)
    try:
        if page is not None:
            apart(files, page)
            from redan.files import write_atomic
            from redan.reports.data_page import render

            head = (asked, *names) if asked else names
            write_atomic(page, render(f"redan {group} {verb}", head, found if shown is None else shown))
    finally:  # what took minutes is told, whether there is room for a page or not
        _print(verb, group, names, found, output=output, quiet=quiet)
    raise typer.Exit(_EXITS.get(outcome_of(found), Exit.MET))


def there(path: Path | None) -> Path | None:
    """A file that can be opened, looked at before anything takes long; an option's callback.

    Raises:
        InputError: it cannot.
    """
    if path is not None:
        from redan.files import open_regular

        os.close(open_regular(path))
    return path


def apart(read: Iterable[Path], *written: Path | None) -> None:
    """Refuses to write where something is read, or two things under one name.

    Args:
        read: files that a verb looks at.
        written: files that it makes; None for one that was not asked for.

    Raises:
        UsageError: one would replace another; nothing is written then.
    """
    taken = {one.resolve() for one in read}
    for path in written:
        if path is None:
            continue
        if path.resolve() in taken:
            raise UsageError("would overwrite another file of this call", where=str(path), remedy="name another file")
        taken.add(path.resolve())


def _print(
    verb: str,
    group: str,
    names: tuple[str, ...],
    found: tuple[Finding, ...],
    *,
    output: Literal["text", "json"],
    quiet: bool,
) -> None:
    if output == "json":
        whole = {
            "schema": f"redan/{group}/v1",
            "verb": verb,
            "files": [*names],
            "outcome": outcome_of(found).value,
            "findings": [finding.to_json() for finding in found],
        }
        sys.stdout.write(json.dumps(whole, indent=2) + "\n")
    else:
        silent = {Outcome.HOLDS, Outcome.NOT_APPLICABLE} if quiet else set()
        rows = [row for f in found if f.outcome not in silent for row in _rows(f)]
        sys.stdout.write(aligned(rows))


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """The worst outcome: broken before what could not be told, before what holds; no finding could not be told."""
    outcomes = {finding.outcome for finding in findings}
    order = (Outcome.BROKEN, Outcome.ERROR, Outcome.NOT_RUN, Outcome.HOLDS, Outcome.NOT_APPLICABLE)
    return next((outcome for outcome in order if outcome in outcomes), Outcome.NOT_RUN)


def _rows(finding: Finding) -> list[tuple[str, str]]:
    rows = [(finding.outcome.value, finding.message)]
    if finding.remedy is not None and finding.outcome is not Outcome.HOLDS:
        advice = f"{finding.remedy.text} ({finding.remedy.command})" if finding.remedy.command else finding.remedy.text
        rows.append(("", advice))
    return rows
