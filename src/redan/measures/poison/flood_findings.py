"""What the search for floods of copies says, as findings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from redan.canon import Json
from redan.errors import IncompleteError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.columns import is_prose
from redan.measures.leakage import counters
from redan.measures.poison.floods import CLASS_COPIES, TIMES, ClassCopies, Floods, floods
from redan.tables import Table
from redan.terms import Level

UNSEEN = 0.05  # a flood of one row may come to this share of the data before "not found" says nothing
FEW = 20  # copies, likewise
KEY = 0.9  # a whole number or word that differs in this share of the rows names rows, and tells copies apart
NAMED = 50  # classes up to which they are called by name
SHOWN = 10
_ATTACKER = "an attacker who repeats rows exactly"
_DRAWS = ", or draws rows of one class again"
_MORE = Remedy(text="Give more rows, or more columns that tell rows apart.", effort=Level.MEDIUM)


def compared(table: Table, label: str | None, ignored: Sequence[str]) -> tuple[str, ...]:
    """The columns over which rows can be copies: neither declared names of rows nor what looks like them.

    Args:
        table: the data.
        label: column of the class; never left out.
        ignored: identifiers, times, contributors, signatures.
    """
    left = [c for c in table.columns if c not in ignored and c != label]
    names = set(counters(table, left))
    whole = [c for c in left if c not in names and table.dtype(c) != "float"]
    distinct = table.select(whole).distinct_counts() if whole else {}
    names |= {c for c in whole if distinct[c] > KEY * table.rows and not _prose(table, c)}
    return tuple(c for c in left if c not in names) or tuple(left)


def flood_findings(
    table: Table,
    label: str | None,
    *,
    check: str,
    subject: str,
    rng: np.random.Generator,
    ignored: Sequence[str] = (),
    command: str | None = None,
) -> Iterator[Finding]:
    """What a search for floods of copies comes to.

    Args:
        table: the data.
        label: column of the class, if there is one.
        check: full id that the findings carry.
        subject: what they are about.
        rng: of the rows in which copies are planted for a trial.
        ignored: columns that tell copies apart: identifiers, times, contributors, signatures.
        command: a command line that shows more.

    Returns:
        One finding for rows and one per class, or one that says what would have been found.

    Raises:
        InputError: there is no such column.
    """
    try:
        found = floods(table, compared(table, label, ignored), label=label, rng=rng)
    except IncompleteError as error:
        yield not_run(check, subject, f"Copies cannot be searched for: {error.what}.", remedy=_MORE)
        return
    detail = _detail(found)
    if found.rows:
        yield replace(_told(check, subject, found, command), detail=detail)
    flooded = [(i, c) for i, c in enumerate(found.classes) if c.flooded]
    for number, one in flooded:
        yield replace(_class_told(check, subject, (number, one), found, command), detail=detail)
    if not found.rows and not flooded:
        yield replace(_nothing(check, subject, found), detail=detail)


def _told(check: str, subject: str, found: Floods, command: str | None) -> Finding:
    most = found.rows[0]
    measure = Measure(name="copies_of_one_row", value=most.copies, n=found.total, threshold=most.explained, unit="rows")
    many = f"{len(found.rows):,} rows occur" if len(found.rows) > 1 else "One row occurs"
    text = (
        f"{many} far oftener than the data explains: {found.flooding:,} of {found.total:,} rows are their copies; the"
        f" most frequent is there {most.copies:,} times, where its neighbours explain {most.explained:,} at most."
        " Copies give a row weight in training; a state that recurs exactly, such as all zeros, reads the same."
    )
    remedy = Remedy(
        text="Find out who gave the copies; keep one of each, train again and compare.",
        command=command,
        effort=Level.LOW,
    )
    return broken(check, subject, text, remedy, part="rows", measure=measure)


def _class_told(
    check: str, subject: str, numbered: tuple[int, ClassCopies], found: Floods, command: str | None
) -> Finding:
    number, one = numbered
    measure = Measure(
        name="copies_in_class",
        value=one.share,
        interval=one.interval,
        n=one.rows,
        threshold=CLASS_COPIES + TIMES * one.usual,
        unit="share",
    )
    name = f"{one.name!r}" if len(found.classes) <= NAMED else f"number {number + 1}"
    how = f"every row of it occurs a multiple of {one.common} times" if one.common > 1 else "they have no neighbours"
    text = (
        f"Class {name} was copied in bulk: {one.copies:,} of its {one.rows:,} rows are copies ({one.usual:.1%} in the"
        f" other classes), and chance does not explain them: {how}. A team's own oversampling reads the same."
    )
    remedy = Remedy(
        text="Keep one of each row, and weigh the class in training instead of copying it; if nobody of the team did,"
        " find out who gave the copies.",
        command=command,
        effort=Level.LOW,
    )
    part = f"class {one.name}" if len(found.classes) <= NAMED else f"class {number + 1}"
    return broken(check, subject, text, remedy, part=part, measure=measure)


def _nothing(check: str, subject: str, found: Floods) -> Finding:
    most = max(FEW, UNSEEN * found.total)
    seen = f"of {found.tried:,} rows tried, eight in ten would be told from {found.seen_copies:,} copies on"
    if found.seen_copies > most:
        text = f"There is no power to find copies of a row here: {seen}; equal rows are too ordinary in this data."
        return not_run(check, subject, text, remedy=_MORE)
    measure = Measure(
        name="copies_seen", value=found.seen_copies, n=found.total, threshold=float(int(most)), unit="rows"
    )
    text = (
        f"No row of {found.total:,} occurs oftener than its neighbours explain; {seen}.{_classes_seen(found)}"
        f" Assumed is {_attacker(found)}; copies that were changed a little are not seen."
    )
    return holds(check, subject, text, measure=measure)


def _attacker(found: Floods) -> str:
    return _ATTACKER + (_DRAWS if found.classes else "")


def _classes_seen(found: Floods) -> str:
    if not found.classes:
        return ""
    count = len(found.classes)
    small = sum(not one.enough for one in found.classes)
    blind = sum(one.enough and not one.seen for one in found.classes)
    text = " No class was copied in bulk"
    if not small + blind:
        return f"{text}, and any class doubled at random would be told."
    parts = [f"{small} of the {count} classes have too few different rows to be told"] if small else []
    if blind:
        which = "" if blind == count else f"of {blind} of the {count} classes, "
        parts.append(f"{which}rows drawn again at random would not be told, a class copied whole would")
    return f"{text}; {'; '.join(parts)}."


def _detail(found: Floods) -> dict[str, Json]:
    detail: dict[str, Json] = {
        "rows": found.total,
        "distinct_rows": found.distinct,
        "columns": [*found.columns],
        "attacker": _attacker(found),
        "power": {"copies": found.seen_copies, "tried": found.tried},
    }
    if found.rows:
        detail["floods"] = [{"copies": f.copies, "explained": f.explained} for f in found.rows[:SHOWN]]
    if 0 < len(found.classes) <= NAMED:
        picture = Shares(
            title="Copies of other rows in each class",
            names=tuple(one.name for one in found.classes),
            values=tuple(one.share for one in found.classes),
            intervals=tuple(one.interval for one in found.classes),
            flagged=tuple(one.name for one in found.classes if one.flooded),
        )
        return {**pictured([picture]), **detail}
    return detail


def _prose(table: Table, column: str) -> bool:
    return table.dtype(column) == "string" and is_prose(table.distinct_sample(column, 50, 0))
