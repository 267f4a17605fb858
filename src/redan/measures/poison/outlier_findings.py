"""What the search for outlying rows says, as findings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.canon import Json
from redan.errors import IncompleteError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Distributions, pictured
from redan.measures.columns import Column, encode, numbers
from redan.measures.poison.flood_findings import compared
from redan.measures.poison.outlier_power import RowPower, planted_power
from redan.measures.poison.outliers import LEAST_ROWS, MOST, Strange, strange
from redan.measures.poison.rows import drawn_rows, texts
from redan.measures.poison.tails import MOST as FAR_MOST
from redan.measures.poison.tails import ROWS, TRIED, FarOut, far_out
from redan.stats.binomial import clopper_pearson
from redan.tables import Table
from redan.terms import Level

if TYPE_CHECKING:
    import pyarrow as pa

FOREST_ROWS = 3_000
SHOWN = 6
_BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_MORE = Remedy(text="Give more rows, or columns that depend on each other.", effort=Level.MEDIUM)


class End(NamedTuple):
    """A numeric column with what its ends say."""

    name: str
    far: FarOut


def outlier_findings(
    table: Table,
    label: str | None,
    *,
    check: str,
    subject: str,
    rng: np.random.Generator,
    ignored: Sequence[str] = (),
    command: str | None = None,
) -> Iterator[Finding]:
    """What a search for planted rows outside the distribution comes to.

    Args:
        table: the data.
        label: column of the class; it is left out, a changed label is another question.
        check: full id that the findings carry.
        subject: what they are about.
        rng: of samples, forests and plants.
        ignored: columns that no model reads: identifiers, times, contributors, signatures.
        command: a command line that shows more.

    Returns:
        One finding about values, if there are numbers, and one about what binds columns together.

    Raises:
        InputError: there is no such column.
        MissingExtraError: scikit-learn is not installed.
    """
    if label is not None:
        table.dtype(label)
    read = [c for c in table.columns if c not in ignored and c != label]
    if not read or table.rows < ROWS:
        text = f"Outlying rows cannot be searched for: {table.rows:,} rows of {len(read)} columns are not enough data."
        yield not_run(check, subject, text, remedy=_MORE)
        return
    drawn = drawn_rows(table, read, rng)
    ends = _ends(drawn)
    if ends:
        yield _values_told(check, subject, ends, drawn.num_rows, command)
    bound = [c for c in compared(table, label, ignored) if c in read]
    kept = drawn.take(np.sort(rng.permutation(drawn.num_rows)[:FOREST_ROWS]))
    columns = [c for name in bound if (c := encode(name, kept[name])).kind != "prose"]
    try:
        yield _rows_told(check, subject, columns, (kept.num_rows, table.rows), rng=rng, command=command)
    except IncompleteError as error:
        text = f"Odd combinations of values cannot be searched for: {error.what}."
        yield not_run(check, subject, text, remedy=_MORE, part="combinations")


def _ends(drawn: "pa.Table") -> list[End]:
    found = [(name, values) for name in drawn.column_names if (values := _numbers(drawn[name])) is not None]
    told = [(name, far_out(values, len(found))) for name, values in found]
    return [End(name, far) for name, far in told if far is not None]


def _numbers(cells: "pa.ChunkedArray") -> NDArray[np.float64] | None:
    import pyarrow as pa

    kind = cells.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return np.asarray(cells.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return numbers([None if text is None else text.strip() for text in texts(cells)])
    return None


def _values_told(check: str, subject: str, ends: Sequence[End], rows: int, command: str | None) -> Finding:
    told = [end for end in ends if end.far.rows or end.far.endless]
    seen = sum(end.far.seen for end in ends)
    detail: dict[str, Json] = {
        "rows_searched": rows,
        "columns": [end.name for end in ends],
        "power": {"columns": len(ends), "seen": seen, "times": TRIED, "values": min(end.far.planted for end in ends)},
    }
    if told:
        most = max(end.far.rows + end.far.endless for end in told)
        measure = Measure(name="rows_far_out", value=most, n=rows, unit="rows")
        text = (
            f"Values lie far outside the rest in {_named([end.name for end in told])}: {_furthest(told, rows)}."
            " A code for a missing value reads the same."
        )
        remedy = Remedy(
            text="Look at these rows and at who gave them; declare codes as missing values, take out what is wrong.",
            command=command,
            effort=Level.LOW,
        )
        detail["told"] = [
            {"column": end.name, "rows": end.far.rows, "times": end.far.times, "infinite": end.far.endless}
            for end in told
        ]
        return replace(broken(check, subject, text, remedy, part="values", measure=measure), detail=detail)
    fewest, most = min(end.far.planted for end in ends), max(end.far.planted for end in ends)
    many = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    what = f"{many} values {TRIED:.0f} times further out than all others would be told in {seen} of {len(ends)} columns"
    if not seen:
        text = f"There is no power to find far values here: the tails are too heavy or the values too few; {what}."
        return replace(not_run(check, subject, text, part="values"), detail=detail)
    measure = Measure(name="columns_seen", value=seen, n=len(ends), threshold=1.0, comparator=">=", unit="columns")
    text = (
        f"No column of {rows:,} rows has values further out than its own tail reaches; {what}. What more than"
        f" {FAR_MOST:.0%} of the rows hold is taken for a part of the column."
    )
    return replace(holds(check, subject, text, part="values", measure=measure), detail=detail)


def _furthest(told: Sequence[End], rows: int) -> str:
    endless = max(told, key=lambda end: end.far.endless)
    if endless.far.endless:
        return f"in {endless.name}, {endless.far.endless:,} of {rows:,} rows hold infinity"
    first = max(told, key=lambda end: end.far.times)
    return (
        f"in {first.name}, {first.far.rows:,} of {rows:,} rows are {first.far.times:,.1f} times further out than all"
        " others, and the column's own tail does not reach there"
    )


def _rows_told(
    check: str,
    subject: str,
    columns: Sequence[Column],
    rows: tuple[int, int],
    *,
    rng: np.random.Generator,
    command: str | None,
) -> Finding:
    searched, total = rows
    if searched < LEAST_ROWS or len(columns) < 2:  # noqa: PLR2004 -- a combination
        what = f"{searched:,} rows of {len(columns)} columns are not enough data"
        raise IncompleteError(what, remedy=f"give {LEAST_ROWS} rows with two features")
    x = np.column_stack([c.values for c in columns])
    nominal = np.array([c.kind == "nominal" for c in columns])
    found = strange(x, nominal, rng)
    detail: dict[str, Json] = {
        "rows_searched": searched,
        "rows_total": total,
        "columns": [c.name for c in columns],
    }
    if len(found.rows):
        return _strange_told(check, subject, found, detail, command)
    power = planted_power(x, nominal, rng) if found.bound else ()
    detail["power"] = [{"plant": p.kind, "share": p.share, "planted": p.planted, "found": p.found} for p in power]
    what = "; ".join(
        f"of {p.planted} trials with {p.kind} in {p.share:.0%} of the rows {p.found} were told" for p in power
    )
    strong = [p for p in power if p.strong]
    if not strong:
        why = what or "the columns bind each other too little"
        text = f"There is no power to find rows whose values do not go together: {why}."
        return replace(not_run(check, subject, text, remedy=_MORE, part="combinations"), detail=detail)
    text = (
        f"No more rows than the data explains hold values that do not go together, in {searched:,} of {total:,} rows;"
        f" {what}.{_unseen(power)} Rows that imitate the data are not seen, nor more than {MOST:.0%} of all together."
    )
    measure = Measure(
        name="plants_told",
        value=strong[0].found / strong[0].planted,
        interval=clopper_pearson(strong[0].found, strong[0].planted),
        n=strong[0].planted,
        threshold=0.8,
        comparator=">=",
        unit="share",
    )
    return replace(holds(check, subject, text, part="combinations", measure=measure), detail=detail)


def _unseen(power: Sequence[RowPower]) -> str:
    weak = [p.kind for p in power if not p.strong]
    return f" There is no power against {' or '.join(weak)}." if weak else ""


def _strange_told(check: str, subject: str, found: Strange, detail: dict[str, Json], command: str | None) -> Finding:
    count, searched = len(found.rows), len(found.scores)
    measure = Measure(name="rows_out_of_distribution", value=count, n=searched, threshold=found.expected, unit="rows")
    text = (
        f"{count:,} of {searched:,} rows hold values that do not go together in this data, where {found.expected:.1f}"
        " are explained by how such rows fall off. Each value may be ordinary. A rare kind of honest rows reads the"
        " same."
    )
    remedy = Remedy(
        text="Look at the rows and at who gave them; take them out, train again and compare.",
        command=command,
        effort=Level.MEDIUM,
    )
    odd = np.isin(np.arange(searched), found.rows)
    picture = Distributions(
        title="How shuffled rows look",
        bins=tuple(f"{low:.1f} to {high:.1f}" for low, high in pairwise(_BINS)),
        reference=_shares(found.scores[~odd]),
        current=_shares(found.scores[odd]),
    )
    finding = broken(check, subject, text, remedy, part="combinations", measure=measure)
    return replace(finding, detail={**pictured([picture]), **detail})


def _shares(scores: NDArray[np.float64]) -> tuple[float, ...]:
    counts = np.histogram(scores, _BINS)[0]
    return tuple(float(count) / max(len(scores), 1) for count in counts)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more columns" if len(names) > SHOWN else ""
    return ("column " if len(names) == 1 else "columns ") + ", ".join(names[:SHOWN]) + more
