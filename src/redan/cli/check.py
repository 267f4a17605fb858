"""`redan check`: run every check that applies, sign the evidence, judge the gate."""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from redan.cli.flow import Asked, Checked, Looked, look
from redan.cli.flow import check as run_flow
from redan.cli.material import material_of
from redan.cli.output import write_report
from redan.errors import UsageError
from redan.gating import write_baseline
from redan.reports.shelf import FORMATS
from redan.runner.answer import Progress as Told
from redan.system.read import read
from redan.terms import Tier


def check(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of redan.toml, or the file itself.")] = Path(),
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report here.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the HTML page here as well.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Look at this control or check alone; may be repeated."),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIER", help="Dearest tier to run: instant, seconds, minutes, gpu.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of every random choice; the policy's if left out.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="KEY", help="Private key to sign with; .redan/key.pem if left out.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Ask everything anew.")] = False,
    baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write what is broken now as the baseline.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the report, no progress and no remarks.")] = False,
) -> None:
    """Run every check that applies, sign the evidence, judge the gate.

    Exit code: 0 gate met, 1 gate not met, 2 usage or configuration, 3 incomplete, 4 invalid signature or digest.
    """
    if format_ not in FORMATS:
        raise UsageError(f"unknown format {format_!r}", remedy=f"one of {', '.join(FORMATS)}")
    if budget is not None and budget not in set(Tier):
        raise UsageError(f"unknown budget {budget!r}", remedy=f"one of {', '.join(Tier)}")
    system = read(path)
    remarks = Console(stderr=True, quiet=quiet, highlight=False)
    with _bar(remarks) as bar:
        asked = Asked(
            now=dt.datetime.now(dt.UTC).replace(microsecond=0),
            seed=seed,
            budget=budget,
            only=tuple(only or ()),
            key=key,
            cached=not no_cache,
            progress=_told(bar),
        )
        done = look(system, asked) if asked.only else run_flow(system, asked)
    if baseline is not None:
        write_baseline(baseline, (finding for control in done.results.controls for finding in control.findings))
    verified = done.verified if isinstance(done, Checked) else None
    material = material_of(done.judging, done.results, done.judgement, verified)
    write_report(format_, material, output)
    if html is not None:
        write_report("html", material, html)
    _remark(remarks, done, html)
    raise typer.Exit(int(done.judgement.exit))


def _bar(console: Console) -> Progress:
    """A bar on standard error, on a terminal only."""
    words = Column(no_wrap=True, overflow="ellipsis", max_width=max(16, console.width - 36))
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=words),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty() or console.quiet,
    )


def _told(bar: Progress) -> Told:
    task = bar.add_task("checks", total=None)

    def tell(done: int, total: int, what: str) -> None:
        bar.update(task, completed=done, total=total, description=what or "done")

    return tell


def _remark(console: Console, done: Checked | Looked, html: Path | None) -> None:
    spent = sum(cost.wall_s for cost in done.results.costs)
    kept = sum(cost.cached for cost in done.results.costs)
    asked = f"{len(done.results.costs)} answers in {spent:.1f} s, {kept} of them kept from earlier runs"
    if isinstance(done, Looked):
        console.print(f"{asked}; a look at some questions alone: nothing was signed.", style="dim", soft_wrap=True)
        return
    console.print(
        f"{asked}; {done.verified.statements} statements signed by key {done.verified.key_id[:16]}, "
        f"ledger of {done.ledger_size:,} entries.",
        style="dim",
        soft_wrap=True,
    )
    console.print(f"Evidence: {_short(done.pack)}", style="dim", soft_wrap=True)
    if done.made_key:
        public = _short(done.pack.with_name("key.pub"))
        console.print(
            f"A signing key was made for this project. Give {public} to whoever verifies the evidence; "
            f"keep {public.with_suffix('.pem')} to yourself.",
            soft_wrap=True,
        )
    if html is not None:
        console.print(f"Report: {html}", style="dim", soft_wrap=True)


def _short(path: Path) -> Path:
    """A path relative to the folder that the command was called in, where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
