"""`redan record`: run a command, and put on record, sealed and logged, every file that it opened."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from redan.errors import UsageError


def record(
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND...", help="The program and its arguments, after two dashes.")
    ],
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="The model that is trained; found out if left out.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--output", "-o", "--out", metavar="FILE", help="Write the sealed record here as well."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="KEY", help="Private key to sign with; .redan/key.pem if left out.")
    ] = None,
    system: Annotated[
        Path | None, typer.Option("--system", metavar="PATH", help="The redan.toml; searched for if left out.")
    ] = None,
    method: Annotated[
        Literal["auto", "strace", "audit"], typer.Option("--method", help="How to watch; auto takes the best there is.")
    ] = "auto",
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what the command says; the exit code answers.")] = False,
) -> None:
    """Run a command and record every file that it opened.

    Files that the run and its children read or wrote are named with their digests in a statement (SLSA provenance),
    sealed with the project's key, kept under .redan/records and entered in the ledger. With strace, C libraries are
    seen too; where tracing is not allowed, Python's audit hooks are used, and the record says what they cannot see.
    Files that redan.toml does not declare for the model are findings. Secrets in arguments and the values of variables
    are not written. With --format json the command's own output goes to standard error.

    Exit code: 0 nothing undeclared was read, 1 something was, 2 usage, 3 the command failed or the record has gaps.

    Args:
        command: words; no shell reads them.
        model: name of a [[model]].
        out: a further copy.
        key: a private key.
        system: the description.
        method: auto, strace or audit.
        output: `text` or `json`.
        quiet: print nothing.

    Raises:
        UsageError: the command, the model, the key or the description cannot be used; nothing was run.
        IncompleteError: the run could not be watched; there is no record.
    """
    from redan.cli.recording import Project, find_system
    from redan.cli.recording_text import as_json, as_text

    if out is not None and out.is_dir():
        raise UsageError("is a folder", where=str(out), remedy="give the name of a file")
    found = find_system(system, command, Path.cwd())
    project = Project.of(found, Path.cwd(), model, key)
    done = project.record(command, method=method, output=sys.stderr.fileno() if output == "json" else None, out=out)
    if not quiet:
        sys.stdout.write(as_json(done) if output == "json" else as_text(done))
    raise typer.Exit(int(done.exit))
