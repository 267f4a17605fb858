"""`redan data load`: volume, class shares and silence of what arrived, judged before anything learns from it."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.cli.data.answer import Format, Page, Quiet, give
from redan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redan.findings import Finding
    from redan.measures.load import Days
    from redan.tables import Table


def data_load(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table of rows as they arrived.")],
    time: Annotated[str, typer.Option("--time", metavar="COLUMN", help="When a row arrived.")],
    label: Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="The class of a row.")] = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="DURATION", help="How often the source delivers, such as '1 days'.")
    ] = None,
    low: Annotated[int | None, typer.Option("--low", min=0, metavar="N", help="Fewest rows of one interval.")] = None,
    high: Annotated[int | None, typer.Option("--high", min=0, metavar="N", help="Most rows of one interval.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Most rows of one interval that are used.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="FILE", help="A table whose class shares are right.")
    ] = None,
    today: Annotated[
        dt.datetime | None,
        typer.Option("--today", metavar="DAY", formats=["%Y-%m-%d"], help="Also judge the silence until that day."),
    ] = None,
    output: Format = "text",
    page: Page = None,
    quiet: Quiet = False,
) -> None:
    """Judge volume, class shares and silence of sources before anything learns.

    What is usual follows from the data itself unless it is declared; the chance of a false alarm on a stable source is
    one in a hundred for each question.

    Args:
        path: the file.
        time: column of dates, moments, or seconds since 1970.
        label: column of classes.
        every: length of an interval; the usual distance between days with rows when it is left out.
        low: fewest rows of an interval that are within range; goes with `high`.
        high: most rows.
        limit: above it, a sample is taken.
        reference: class shares are compared with it instead of with the other intervals.
        today: for data that is still arriving.
        output: `text` or `json`.
        page: where to draw what was found.
        quiet: leave out what holds.

    Raises:
        UsageError: an option does not fit another, or a column is not there.
    """
    from redan.tables import open_table

    declared = _range(low, high)
    if reference is not None and label is None:
        raise UsageError("--reference needs --label", where="--reference", remedy="name the column of classes")
    _duration(every)
    table = open_table(path)
    other = None if reference is None else open_table(reference)
    _known(table, path, [time, *([label] if label else [])])
    if other is not None and reference is not None and label is not None:
        _known(other, reference, [label])
    until = None if today is None else today.date()
    found = list(_judged(table, path, time, label, every, declared, limit, other, until))
    give("load", [path], found, output=output, page=page, quiet=quiet)


def _judged(
    table: "Table",
    path: Path,
    time: str,
    label: str | None,
    every: str | None,
    declared: tuple[float, float] | None,
    limit: int | None,
    reference: "Table | None",
    today: dt.date | None,
) -> "Iterator[Finding]":
    from redan.errors import IncompleteError
    from redan.findings import not_run
    from redan.measures.load import arrivals, days_of, over_limit
    from redan.measures.load import findings as say

    about = say.About(path.name, "the file")
    try:
        days = days_of(table, time)
    except IncompleteError as error:
        for check in (say.VOLUME, say.STALLED, *([say.FLOODS] if label else []), *([say.SAMPLED] if limit else [])):
            yield not_run(check, about.subject, f"Its load cannot be judged: {error.what}.")
        return
    yield say.volume_finding(about, days, every, declared)
    yield say.stall_finding(about, days, every, today)
    if label is not None:
        yield _classes(about.subject, table, time, label, every, reference)
    if limit is not None:
        yield say.overload_finding(about, over_limit(arrivals(days, every), limit))


def _classes(
    subject: str, table: "Table", time: str, label: str, every: str | None, reference: "Table | None"
) -> "Finding":
    from redan.errors import IncompleteError
    from redan.findings import not_run
    from redan.measures.load import days_of
    from redan.measures.load import findings as say
    from redan.measures.load.arrivals import classes_of

    about = say.About(subject, "the file")
    try:
        if reference is not None:
            return say.reference_finding(about, classes_of(table, label), classes_of(reference, label), "the reference")
        labelled: Days = days_of(table, time, label)
    except IncompleteError as error:
        return not_run(say.FLOODS, subject, f"Whether a class floods the file cannot be told: {error.what}.")
    return say.flood_finding(about, labelled, every)


def _known(table: "Table", path: Path, columns: list[str]) -> None:
    for column in columns:
        if column not in table.columns:
            known = ", ".join(table.columns[:20])
            raise UsageError(f"there is no column {column!r}", where=str(path), remedy=f"choose from {known}")


def _range(low: int | None, high: int | None) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    if low is None or high is None or low > high:
        raise UsageError("--low and --high go together, the lower one first", where="--low")
    return float(low), float(high)


def _duration(text: str | None) -> None:
    from redan.system.retention import parse_duration

    try:
        parse_duration(text or "1 days")
    except ValueError as error:
        raise UsageError("is no duration", where="--every", remedy="write '1 days', '2 weeks' or 'P1M'") from error
