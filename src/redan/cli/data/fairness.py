"""`redan data fairness`."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.cli.data.answer import Format, Page, Quiet, Seed, give
from redan.errors import IncompleteError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from redan.findings import Finding
    from redan.tables import Table

_GROUPS = "A-MLSG-002-D003/error-rates-are-equal-across-groups"
_SLICES = "A-MLSG-002-D003/no-slice-is-an-easy-target"


def data_fairness(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table with true labels and a model's answers.")],
    label: Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column of the true answer.")],
    prediction: Annotated[
        str, typer.Option("--prediction", metavar="COLUMN", help="Column of the model's answer: a class, or a score.")
    ],
    sensitive: Annotated[
        list[str] | None,
        typer.Option("--sensitive", metavar="COLUMN", help="Column of groups; may be repeated."),
    ] = None,
    contributor: Annotated[
        str | None, typer.Option("--contributor", metavar="COLUMN", help="Column of contributors; no input.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option("--positive", metavar="CLASS", help="The class that matters most to notice.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin", min=0.0, max=1.0, metavar="SHARE", help="Acceptable gap; 0.1 of groups, 0.2 of slices."
        ),
    ] = None,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Error rates per group, and the slice that an attacker would pick.

    Exit code: 0 nothing found, 1 found, 2 usage, 3 could not tell.

    Args:
        path: the file.
        label: column of the truth.
        prediction: column of the model's answers.
        sensitive: columns of groups; without any, only the worst slice is searched.
        contributor: column that says who gave a row.
        positive: class that misses are counted for.
        margin: how far rates may lie apart.
        output: `text` or `json`.
        page: where to draw what was measured.
        seed: of halves, samples and simulated chance.
        quiet: leave out what holds.

    Raises:
        UsageError: a column does not exist, or the file is a folder.
        InputError: the file cannot be read as a table.
    """
    groups = tuple(dict.fromkeys(sensitive or ()))
    table = _table(path, label, prediction, groups, contributor)
    inputs = tuple(c for c in table.columns if c not in (label, prediction, contributor))
    found = _findings(table, (label, prediction, positive), groups, inputs, margin, seed)
    give("fairness", [path], found, output=output, page=page, quiet=quiet)


def _table(path: Path, label: str, prediction: str, groups: tuple[str, ...], contributor: str | None) -> "Table":
    """The file, once every named column is known to exist and to have one role."""
    from redan.tables import open_table

    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy="give a file")
    table = open_table(path)
    missing = [c for c in (label, prediction, *groups, contributor) if c is not None and c not in table.columns]
    if missing:
        raise UsageError(f"there is no column {', '.join(map(repr, missing))}", where=str(path))
    twice = sorted({label, prediction} & {*groups, contributor} | ({label} & {prediction}))
    if twice:
        raise UsageError(f"column {twice[0]!r} is named for two roles", where=str(path))
    return table


def _findings(
    table: "Table",
    asked: tuple[str, str, str | None],
    groups: tuple[str, ...],
    inputs: tuple[str, ...],
    margin: float | None,
    seed: int,
) -> "Iterator[Finding]":
    import numpy as np

    from redan.findings import not_run
    from redan.measures.fairness import answers, group_findings, slice_findings
    from redan.measures.fairness.group_findings import MARGIN as GROUP_MARGIN
    from redan.measures.fairness.slice_findings import MARGIN as SLICE_MARGIN

    rng, today = np.random.default_rng(seed), dt.datetime.now(dt.UTC).date()
    try:
        found = answers(table, *asked)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        yield not_run(_SLICES, "data", f"{error.what[:1].upper()}{error.what[1:]}.")
        return
    within = GROUP_MARGIN if margin is None else margin
    yield from group_findings(_GROUPS, "data", found, groups, margin=within, rng=rng)
    within = SLICE_MARGIN if margin is None else margin
    yield from slice_findings(_SLICES, "data", found, inputs, margin=within, today=today, rng=rng)
