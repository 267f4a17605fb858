"""`redan data anonymise`: how a table about persons stands, or the same table in which nobody stands out."""

import datetime as dt
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from redan.cli.data.answer import Format, Page, Quiet, Seed, give
from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.defences.anonymise import Anonymised
    from redan.findings import Finding
    from redan.measures.anonymity.assess import Parts
    from redan.tables import Table


Quasi = Annotated[
    list[str] | None, typer.Option("--quasi", metavar="COLUMN", help="What outsiders may know; may be repeated.")
]
Sensitive = Annotated[
    list[str] | None, typer.Option("--sensitive", metavar="COLUMN", help="What nobody may learn; may be repeated.")
]
Person = Annotated[
    str | None, typer.Option("--person", metavar="COLUMN", help="Tells persons apart who have several rows.")
]
Drop = Annotated[list[str] | None, typer.Option("--drop", metavar="COLUMN", help="Leave it out; may be repeated.")]
Least = Annotated[int, typer.Option("--k", min=1, metavar="N", help="Persons per group at least.")]
Variety = Annotated[int, typer.Option("--l", min=1, metavar="N", help="Distinct sensitive values per group at least.")]
Closeness = Annotated[
    float | None, typer.Option("--t", min=0.0, max=1.0, metavar="X", help="Largest distance of a group from all.")
]
Target = Annotated[
    Path | None, typer.Option("--output", "-o", "--out", metavar="FILE", help="Where to write; nothing if left out.")
]


class Wanted(NamedTuple):
    """What each group must have.

    Args:
        k: persons.
        least: distinct sensitive values.
        t: largest distance of its sensitive values from everybody's; None for any.
    """

    k: int
    least: int
    t: float | None


_CLOSE = 0.3  # a first try where none was asked; distinct values alone do not keep one of them from standing out


def data_anonymise(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table about persons.")],
    quasi: Quasi = None,
    sensitive: Sensitive = None,
    person: Person = None,
    drop: Drop = None,
    k: Least = 5,
    variety: Variety = 2,
    t: Closeness = None,
    target: Target = None,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Generalise rows until nobody stands out, and say what that costs.

    Without --output nothing is written: the answer says how the table stands now. Columns that name a person by
    themselves are not generalised; leave them out with --drop.

    Args:
        path: the file.
        quasi: columns that outsiders may know.
        sensitive: columns whose value nobody should be able to tell of a person.
        person: column that tells persons apart.
        drop: columns to leave out.
        k: persons per group.
        variety: distinct sensitive values per group.
        t: largest distance of a group's sensitive values from everybody's.
        target: where to write.
        output: `text` or `json`.
        page: where to draw what was measured.
        seed: of every random choice.
        quiet: only what is broken or could not be told.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: the file cannot be read as a table, or lacks a column.
        IncompleteError: even one group of all rows is not large or varied enough.
    """
    from redan.measures.anonymity.assess import Parts

    parts = Parts(quasi_identifiers=tuple(quasi or ()), sensitive=tuple(sensitive or ()), person=person)
    wanted = Wanted(k, variety if sensitive else 1, t)
    table = _opened(path, parts, drop or [], target)
    loss: list[Finding] = []
    if target is not None:
        table, cost = _written(path, table, parts, wanted, target)
        loss.append(cost)
    command = shlex.join(_command(path, parts, wanted))
    found = [*_standing(table, parts, path.name, wanted, seed, command), *loss]
    give("anonymise", [path], found, output=output, page=page, quiet=quiet)


def _opened(path: Path, parts: "Parts", drop: list[str], target: Path | None) -> "Table":
    """The table without the columns to leave out; everything is checked before the expensive part.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: the file cannot be read as a table, or lacks a column.
    """
    from redan.cli.data.rows_out import checked_target
    from redan.tables import open_table

    if not parts.quasi_identifiers:
        raise UsageError("no quasi-identifier is named", where=str(path), remedy="give --quasi for each")
    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy="give a file")
    if target is not None:
        checked_target(target, path)
    table = open_table(path)
    _checked(table, parts, drop)
    return table.select([name for name in table.columns if name not in drop])


def _written(path: Path, table: "Table", parts: "Parts", wanted: Wanted, target: Path) -> "tuple[Table, Finding]":
    """The anonymised rows, once they are written, and what they cost."""
    from redan.cli.data.rows_out import write_rows
    from redan.defences.anonymise import anonymise
    from redan.tables import table_of

    done = anonymise(
        table,
        parts.quasi_identifiers,
        k=wanted.k,
        sensitive=parts.sensitive,
        least=wanted.least,
        t=wanted.t,
        person=parts.person,
    )
    write_rows(target, done.rows)
    return table_of(done.rows), _cost(path.name, done)


def _checked(table: "Table", parts: "Parts", drop: list[str]) -> None:
    """Refuses what contradicts itself before the expensive part.

    Raises:
        UsageError: a column has two parts.
        InputError: there is no such column.
    """
    named = [*parts.quasi_identifiers, *parts.sensitive, *([parts.person] if parts.person else [])]
    table.select([*named, *drop])
    twice = {name for name in (*named, *drop) if [*named, *drop].count(name) > 1}
    if twice:
        raise UsageError(f"column {min(twice)!r} has two parts", remedy="name each column once")


def _standing(
    table: "Table", parts: "Parts", subject: str, wanted: Wanted, seed: int, command: str
) -> Iterator["Finding"]:
    """How the rows stand, and whether one of their columns names persons by itself."""
    import numpy as np

    from redan.findings import Remedy, broken
    from redan.measures.anonymity.assess import groups, risk, variety
    from redan.measures.anonymity.findings import GROUPS
    from redan.measures.identifying import identifying
    from redan.terms import Level

    rng = np.random.default_rng(seed)
    yield groups(table, parts, subject, k=wanted.k, command=command)
    closer = command if wanted.t is not None else f"{command} --t {_CLOSE}"
    yield from variety(table, parts, subject, rng, least=wanted.least, t=wanted.t, command=closer)
    yield risk(table, parts, subject, k=wanted.k, command=command)
    others = [name for name in table.columns if name not in parts.quasi_identifiers]
    for name, why in identifying(table, others, today=dt.datetime.now(dt.UTC).date(), seed=seed).items():
        advice = Remedy(text="Leave it out or replace it.", command=f"--drop {shlex.quote(name)}", effort=Level.LOW)
        yield broken(GROUPS, subject, f"Column {name} names a person or row alone: {why.reason}.", advice, part=name)


def _cost(subject: str, done: "Anonymised") -> "Finding":
    """What generalising cost."""
    from redan.findings import Measure, holds
    from redan.findings.pictures import Shares, pictured
    from redan.measures.anonymity.findings import GROUPS

    loss = done.loss
    text = (
        f"Generalising cost {loss.whole:.1%} of what the quasi-identifiers told (100 % is all of it); "
        f"{loss.groups:,} groups are {loss.average:.2f} times as large as they need to be; "
        f"{done.suppressed + done.wiped:,} of {done.rows.num_rows:,} rows have no quasi-identifier left."
    )
    measure = Measure(name="information_loss", value=loss.whole, n=done.rows.num_rows, unit="share")
    columns: dict[str, Json] = dict(loss.columns)
    drawn = Shares(
        title="Information lost by quasi-identifier", names=tuple(loss.columns), values=tuple(loss.columns.values())
    )
    detail: dict[str, Json] = {
        "loss_by_column": columns,
        "groups": loss.groups,
        "average_group_over_k": loss.average,
        "discernibility": loss.discernibility,
        "suppressed_before": done.suppressed,
        "wiped": done.wiped,
        **pictured([drawn]),
    }
    return replace(holds(GROUPS, subject, text, part="loss", measure=measure), detail=detail)


def _command(path: Path, parts: "Parts", wanted: Wanted) -> list[str]:
    words = ["redan", "data", "anonymise", path.name]
    for option, names in (("--quasi", parts.quasi_identifiers), ("--sensitive", parts.sensitive)):
        words += [word for name in names for word in (option, name)]
    words += ["--person", parts.person] if parts.person else []
    words += ["--k", str(wanted.k), *(["--l", str(wanted.least)] if parts.sensitive else [])]
    return [*words, *(["--t", f"{wanted.t:g}"] if wanted.t is not None else []), "--out", "anonymised.parquet"]
