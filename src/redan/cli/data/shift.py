"""`redan data shift`: current data against a reference, under one budget of false alarms."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.cli.data.answer import Format, Page, Quiet, Seed, give
from redan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redan.findings import Finding
    from redan.measures.drift.settings import Settings
    from redan.tables import Table

_FEATURES = "A-MLSG-004-D006/features-keep-their-distribution"
_JOINT = "A-MLSG-004-D006/joint-distribution-is-kept"


Reference = Annotated[
    Path, typer.Argument(metavar="REFERENCE", help="The data that the model is right for: a table, .npz or .npy.")
]
Current = Annotated[Path, typer.Argument(metavar="CURRENT", help="The data of now, with the same columns.")]
Label = Annotated[
    str | None, typer.Option("--label", metavar="COLUMN", help="Classes: their mix, and features within each.")
]
Time = Annotated[
    str | None, typer.Option("--time", metavar="COLUMN", help="Moments of the current data: windows are compared.")
]
LeftOut = Annotated[
    list[str] | None, typer.Option("--leave-out", metavar="COLUMN", help="Not compared; may be given again.")
]
Threshold = Annotated[
    float,
    typer.Option("--threshold", min=0.0, max=0.99, metavar="SHARE", help="Share of rows that may move without alarm."),
]
Alarms = Annotated[
    float,
    typer.Option(
        "--alarms", min=1e-9, max=0.5, metavar="CHANCE", help="Chance of any false alarm over all columns and looks."
    ),
]
Looks = Annotated[
    int,
    typer.Option(
        "--looks", min=1, max=1_000_000, metavar="N", help="Looks that share it: 30 for once a day in a month."
    ),
]


def data_shift(
    reference: Reference,
    current: Current,
    label: Label = None,
    time: Time = None,
    leave_out: LeftOut = None,
    threshold: Threshold = 0.1,
    alarms: Alarms = 0.05,
    looks: Looks = 30,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Compare current data with a reference, feature by feature and jointly, under one budget of false alarms.

    A feature is told when, for sure enough, more of its rows moved than may move. Bins are fixed on the reference
    alone, so single planted rows neither silence the alarm nor raise it.

    Args:
        reference: the data that the model is right for.
        current: the data of now.
        label: column of classes.
        time: column of moments of the current data.
        leave_out: columns that are not compared.
        threshold: share of rows that may move.
        alarms: chance of any false alarm over all looks.
        looks: how many share it.
        output: `text` or `json`.
        page: where to draw the distributions.
        seed: of samples, halves and forests.
        quiet: leave out what holds.

    Raises:
        InputError: a file cannot be read.
        UsageError: a named column is not there.
    """
    from redan.measures.drift.array_file import open_data
    from redan.measures.drift.settings import Settings

    old, new = open_data(reference), open_data(current)
    for name, tables in ((label, (old, new)), (time, (new,)), *((c, (old,)) for c in leave_out or ())):
        _known(name, tables)
    settings = Settings(tolerated=threshold, alarms=alarms, looks=looks)
    left = {*(leave_out or ()), *([time] if time else [])}
    columns = [c for c in old.columns if c not in left]
    found = list(_found((old, new), columns, label, time, settings, seed))
    give("shift", (reference, current), found, output=output, page=page, quiet=quiet)


def _known(name: str | None, tables: "Sequence[Table]") -> None:
    for table in tables if name is not None else ():
        if name not in table.columns:
            shown = ", ".join(table.columns[:20])
            raise UsageError(f"there is no column {name!r}", where=table.place, remedy=f"choose from {shown}")


def _found(
    tables: "tuple[Table, Table]",
    columns: list[str],
    label: str | None,
    time: str | None,
    settings: "Settings",
    seed: int,
) -> "Iterator[Finding]":
    from redan.errors import IncompleteError, MissingExtraError
    from redan.extras import missing_import
    from redan.findings import not_run
    from redan.measures.drift.shift import shift
    from redan.measures.drift.telling import tell_features, tell_joint

    old, new = tables
    subject, missing = "current", missing_import("sklearn")
    if missing is not None:
        yield not_run(_JOINT, subject, str(MissingExtraError("sklearn", missing)), part="joint")
    try:
        made = shift(
            old,
            new,
            columns=columns,
            label=label,
            time=time,
            jointly=missing is None,
            settings=settings,
            seed=seed,
        )
    except IncompleteError as error:
        yield not_run(_FEATURES, subject, f"{error}.")
        return
    yield from tell_features(made, _FEATURES, subject)
    if missing is None:
        yield from tell_joint(made, _JOINT, subject)
