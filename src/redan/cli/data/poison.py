"""`redan data poison`: changed labels, floods of copies, outlying rows, hidden triggers."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from redan.cli.data.answer import Format, Page, Quiet, Seed, give
from redan.errors import IncompleteError, MissingExtraError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from redan.findings import Finding
    from redan.measures.poison.labels import ChangedLabels
    from redan.tables import Table

_CONTROL = "A-MLSG-002-D004"
_FLIPPED = f"{_CONTROL}/labels-are-not-flipped"
_COPIES = f"{_CONTROL}/no-copies-flood-the-data"
_OUTLYING = f"{_CONTROL}/no-outlying-rows-were-planted"
_TRIGGER = f"{_CONTROL}/no-trigger-is-hidden"


class _Asked(NamedTuple):
    """What is searched, once it is known to exist.

    Args:
        table: the data.
        label: column of the class, if there is one.
        contributor: column that says who gave a row.
        ignored: columns that no model reads.
        subject: what findings are about.
        seed: of every random choice.
        tolerated: share of changed labels that is usual care; None for the default.
        suspects: where to write suspected rows.
    """

    table: "Table"
    label: str | None
    contributor: str | None
    ignored: tuple[str, ...]
    subject: str
    seed: int
    tolerated: float | None
    suspects: Path | None


def data_poison(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A table: CSV, TSV, Parquet, Arrow, JSON lines or DuckDB.")
    ],
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="COLUMN", help="Column of the class; without it only rows are looked at."),
    ] = None,
    contributor: Annotated[
        str | None, typer.Option("--contributor", metavar="COLUMN", help="Column that says who gave a row.")
    ] = None,
    prediction: Annotated[
        str | None, typer.Option("--prediction", metavar="COLUMN", help="Column of a model's answer; never an input.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="COLUMN", help="Column that no model reads, such as a key; may be repeated."),
    ] = None,
    tolerated: Annotated[
        float | None,
        typer.Option(
            "--tolerated", min=0.0, max=0.5, metavar="SHARE", help="Changed labels that are usual care; 0.01."
        ),
    ] = None,
    suspects: Annotated[
        Path | None,
        typer.Option("--suspects", metavar="FILE", help="Write rows of suspected labels here, as CSV, for people."),
    ] = None,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Search for poisoned rows: changed labels, floods of copies, outlying rows, hidden triggers.

    Each search says what it would have found. Exit code: 0 nothing found, 1 found, 2 usage, 3 could not tell.

    Args:
        path: the file.
        label: column of the class.
        contributor: column that says who gave a row.
        prediction: column of a model's answer.
        ignore: columns that no model reads.
        tolerated: share of labels changed at random that is usual care.
        suspects: where to write suspected rows.
        output: `text` or `json`.
        page: where to draw what was measured.
        seed: of samples, forests and planted trials.
        quiet: leave out what holds.

    Raises:
        UsageError: a column does not exist or has two roles, or the file is a folder.
        InputError: the file cannot be read as a table.
    """
    unread = tuple(dict.fromkeys([*(ignore or ()), *([prediction] if prediction else [])]))
    table = _table(path, label, contributor, unread)
    asked = _Asked(table, label, contributor, unread, f"file:{path.name}", seed, tolerated, suspects)
    if suspects is not None and label is None:
        raise UsageError("--suspects needs --label", remedy="name the column of the class")
    give("poison", [path], _findings(asked), output=output, page=page, quiet=quiet)


def _table(path: Path, label: str | None, contributor: str | None, unread: Sequence[str]) -> "Table":
    """The file, once every named column is known to exist and to have one role."""
    from redan.tables import open_table

    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy="give a file")
    table = open_table(path)
    named = [c for c in (label, contributor, *unread) if c is not None]
    missing = [c for c in named if c not in table.columns]
    if missing:
        known = ", ".join(map(repr, table.columns[:20]))
        raise UsageError(
            f"there is no column {', '.join(map(repr, missing))}", where=str(path), remedy=f"choose from {known}"
        )
    twice = sorted({c for c in named if named.count(c) > 1})
    if twice:
        raise UsageError(f"column {twice[0]!r} is named for two roles", where=str(path))
    return table


def _findings(asked: _Asked) -> "Iterator[Finding]":
    """Each search on its own: what one cannot tell keeps no other from looking."""
    searches: tuple[tuple[str, Callable[[_Asked], Iterator[Finding]]], ...] = (
        (_FLIPPED, _flipped),
        (_COPIES, _copies),
        (_OUTLYING, _outlying),
        (_TRIGGER, _triggers),
    )
    from redan.findings import not_run

    for check, search in searches:
        if asked.label is None and search in (_flipped, _triggers):
            continue
        try:
            yield from search(asked)
        except (IncompleteError, MissingExtraError) as error:
            yield not_run(check, asked.subject, f"{error}.")


def _flipped(asked: _Asked) -> "Iterator[Finding]":
    import numpy as np

    from redan.measures.poison.label_findings import label_findings
    from redan.measures.poison.labels import Rates

    kept: list[tuple[ChangedLabels, pa.Table]] = []
    yield from label_findings(
        asked.table,
        asked.label or "",
        check=_FLIPPED,
        subject=asked.subject,
        rng=np.random.default_rng(asked.seed),
        contributor=asked.contributor,
        ignored=asked.ignored,
        tolerated=Rates().changed if asked.tolerated is None else asked.tolerated,
        keep=lambda found, drawn: kept.append((found, drawn)),
    )
    if asked.suspects is not None and kept:
        _write(asked.suspects, *kept[0])


def _write(path: Path, found: "ChangedLabels", drawn: "pa.Table") -> None:
    """Rows are nobody else's business: the file is for its owner only."""
    import io

    from pyarrow import csv

    from redan.files import write_atomic
    from redan.measures.poison.suspects import suspected_rows

    held = io.BytesIO()
    csv.write_csv(suspected_rows(found, drawn), held)
    write_atomic(path, held.getvalue(), mode=0o600)


def _copies(asked: _Asked) -> "Iterator[Finding]":
    import numpy as np

    from redan.measures.poison.flood_findings import flood_findings

    yield from flood_findings(
        asked.table,
        asked.label,
        check=_COPIES,
        subject=asked.subject,
        rng=np.random.default_rng(asked.seed),
        ignored=_apart(asked),
    )


def _outlying(asked: _Asked) -> "Iterator[Finding]":
    import numpy as np

    from redan.measures.poison.outlier_findings import outlier_findings

    yield from outlier_findings(
        asked.table,
        asked.label,
        check=_OUTLYING,
        subject=asked.subject,
        rng=np.random.default_rng(asked.seed),
        ignored=_apart(asked),
    )


def _triggers(asked: _Asked) -> "Iterator[Finding]":
    import numpy as np

    from redan.measures.poison.trigger_findings import trigger_findings

    yield from trigger_findings(
        asked.table,
        asked.label or "",
        check=_TRIGGER,
        subject=asked.subject,
        rng=np.random.default_rng(asked.seed),
        ignored=asked.ignored,
        contributor=asked.contributor,
    )


def _apart(asked: _Asked) -> tuple[str, ...]:
    """Columns that tell copies apart: who gave a row is one."""
    return (*asked.ignored, *([asked.contributor] if asked.contributor else []))
