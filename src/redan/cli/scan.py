"""`redan scan`: examine model files without loading them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.errors import UsageError
from redan.terms import Exit

if TYPE_CHECKING:
    from redan.scan import Scanned
    from redan.scan.whole import Progress

Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, and folders with all below them.")]
Format = Annotated[
    Literal["text", "json", "sarif"], typer.Option("--format", help="Text for people, JSON or SARIF for programs.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report here.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, and nothing about files that are clean.")]


def scan(paths: Paths, output: Format = "text", file: Output = None, quiet: Quiet = False) -> None:
    """Examine model files without loading them.

    Nothing is imported, unpickled or run. A file is read as every format whose loader would accept its bytes, whatever
    it is called, also inside archives. Three verdicts: clean, malicious, and not-understood for whatever was not read
    whole; links are not followed. Exit code: 0 all clean, 1 something malicious, 3 something not understood, 2 usage.

    Args:
        paths: files and folders.
        output: `text`, `json` or `sarif`.
        file: where the report goes.
        quiet: no progress, clean files left out of the text.

    Raises:
        UsageError: a path does not exist, or the report cannot be written.
    """
    from redan.scan import scan_paths

    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise UsageError("does not exist", where=str(path), remedy="give files or folders that are there")
    with _bar(quiet=quiet) as told:
        found = list(scan_paths(paths, told))
    _report(found, output, file, quiet=quiet)
    raise typer.Exit(int(exit_of(found)))


def exit_of(found: "list[Scanned]") -> Exit:
    """The exit code: malicious before not understood; nothing scanned is not understood."""
    from redan.scan import ScanVerdict

    verdicts = {scanned.verdict for scanned in found}
    if ScanVerdict.MALICIOUS in verdicts:
        return Exit.FOUND
    return Exit.MET if verdicts == {ScanVerdict.CLEAN} else Exit.INCOMPLETE


def _report(found: "list[Scanned]", output: str, file: Path | None, *, quiet: bool) -> None:
    from redan.cli import page
    from redan.cli.scan_report import as_json, draw
    from redan.files import write_atomic
    from redan.reports.scan_sarif import as_sarif

    if output == "text":
        if file is None:
            page.page(lambda console: draw(found, console, quiet=quiet))
        else:
            write_atomic(file, page.plain(lambda console: draw(found, console, quiet=quiet)).encode())
        return
    value = as_json(found) if output == "json" else as_sarif(found, int(exit_of(found)))
    data = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
    if file is not None:
        write_atomic(file, data)
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@contextmanager
def _bar(*, quiet: bool) -> "Iterator[Progress | None]":
    """A bar on standard error, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        task = bar.add_task("files", total=None)

        def told(done: int, total: int, what: str) -> None:
            plain = "".join(c if c.isprintable() else "?" for c in what)
            bar.update(task, completed=done, total=total, description=plain[:32].ljust(32))

        yield told
