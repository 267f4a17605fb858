"""`redan data card` and `redan data profile`: what is known about a dataset, as a card, a datasheet or plain counts."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.errors import ConfigError, UsageError, escaped

if TYPE_CHECKING:
    from rich.console import Console

    from redan.measures.profile import Profile
    from redan.reports.dataset_facts import DatasetFacts
    from redan.system.records import Dataset
    from redan.system.system import System
    from redan.tables import Table


def data_card(
    dataset: Annotated[str, typer.Argument(metavar="NAME", help="Name of a [[dataset]] in redan.toml.")],
    file: Annotated[
        Path, typer.Option("--dir", metavar="PATH", help="Folder of redan.toml, or the file itself.")
    ] = Path(),
    output: Annotated[
        Literal["croissant", "datasheet", "processing"],
        typer.Option("--format", help="Croissant 1.1 JSON-LD; a datasheet, or the record of processing, in Markdown."),
    ] = "croissant",
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here; standard output if left out.")
    ] = None,
    published: Annotated[
        dt.datetime | None, typer.Option("--published", metavar="DAY", formats=["%Y-%m-%d"], help="Day of publication.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the card, no remarks.")] = False,
) -> None:
    """Write a dataset's Croissant card, its datasheet, or its entry in the record of processing.

    Answers come from redan.toml and from the data itself; what nobody stated is left out of the card, with a line on
    standard error, and says "not stated" elsewhere.

    Args:
        dataset: its name.
        file: the description.
        output: `croissant`, `datasheet` or `processing`.
        target: where to write.
        published: goes into the card; the description does not hold it.
        quiet: leave out the line on what is not stated.

    Raises:
        ConfigError: there is no such dataset, or it has no path.
        InputError: its file cannot be read.
    """
    from redan.files import write_atomic
    from redan.reports import croissant, datasheet, processing
    from redan.system.read import read

    facts = _facts(read(file), dataset)
    day = published.date() if published else None
    missing = croissant.unstated(croissant.card(facts, day)) if output == "croissant" else ()
    if output == "croissant":
        written = croissant.render(facts, day)
    else:
        written = datasheet.render(facts) if output == "datasheet" else processing.render(facts, _kinds(facts))
    if target is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
    else:
        write_atomic(target, written)
    if missing and not quiet:
        sys.stderr.write(f"redan: not stated, but required by Croissant 1.1: {', '.join(missing)}\n")


def data_profile(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A table: CSV, TSV, Parquet, Arrow, JSON lines or DuckDB.")
    ],
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
) -> None:
    """Aggregate facts about a table, column by column.

    Bounds of columns that hold or may hold personal data are not shown.

    Args:
        path: the file.
        output: `text` or `json`.

    Raises:
        InputError: the file cannot be read as a table.
    """
    from redan.cli.page import page
    from redan.measures.profile import profile
    from redan.tables import open_table

    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy="give a file")
    table = open_table(path)
    found = profile(table, _suspects(table))
    if output == "json":
        whole = {"schema": "redan/profile/v1", "file": path.name, **found.to_json()}
        sys.stdout.write(json.dumps(whole, indent=2) + "\n")
        return
    page(lambda console: _show(console, found))


def _suspects(table: "Table") -> frozenset[str]:
    """Columns that identify, or hold personal data, by their content."""
    from redan.measures.identifying import identifying
    from redan.measures.personal import scan_table

    today = dt.datetime.now(dt.UTC).date()
    identified = identifying(table, table.columns, today=today, seed=0)
    return frozenset(identified) | {scan.column for scan in scan_table(table) if scan.found is not None}


def _kinds(facts: "DatasetFacts") -> dict[str, str]:
    """Kinds of personal data by column, as the content shows."""
    from redan.files import confined
    from redan.measures.personal import scan_table
    from redan.tables import open_table

    scans = scan_table(open_table(confined(facts.system.origin.root, facts.dataset.path or "")))
    return {scan.column: scan.found.kind.value for scan in scans if scan.found is not None}


def _facts(system: "System", name: str) -> "DatasetFacts":
    from redan.files import confined, digest_file
    from redan.measures.profile import profile
    from redan.reports.dataset_facts import DatasetFacts, personal_columns
    from redan.tables import open_table

    dataset = _dataset(system, name)
    if dataset.path is None:
        where = f"{system.origin.file}:{system.line(f'dataset:{name}')}"
        raise ConfigError(f"dataset {name!r} has no path", where=where, remedy="state its file")
    path = confined(system.origin.root, dataset.path)
    digest = digest_file(path)
    table = open_table(path)
    hidden = personal_columns(dataset) | _suspects(table)
    return DatasetFacts(
        system=system, dataset=dataset, profile=profile(table, hidden), sha256=digest.sha256, size=digest.size
    )


def _dataset(system: "System", name: str) -> "Dataset":
    found = next((d for d in system.datasets if d.name == name), None)
    if found is None:
        known = ", ".join(d.name for d in system.datasets) or "none is described"
        raise ConfigError(f"no dataset is called {name!r}", where=system.origin.file, remedy=f"known: {known}")
    return found


def _show(console: "Console", found: "Profile") -> None:
    from rich.table import Table as Grid

    grid = Grid(title=f"{found.rows:,} rows", title_justify="left")
    for head in ("column", "type", "missing", "distinct", "smallest", "largest"):
        grid.add_column(head, justify="right" if head in ("missing", "distinct") else "left", overflow="fold")
    for c in found.columns:
        hidden = "personal" if c.personal else ""
        ends = (c.low or hidden, c.high or hidden)
        grid.add_row(_printable(c.name), c.dtype, f"{c.missing:,}", f"{c.distinct:,}", *ends)
    console.print(grid, markup=False)


def _printable(name: str) -> str:
    return escaped(name).replace("[", r"\[")
