"""Types of text columns, from every value of the file: the narrowest that loses nothing."""

from collections.abc import Sequence
from enum import StrEnum

from redan.tables.engine import named

MISSING = ("", "NA", "N/A", "NULL", "null", "None", "NaN", "nan")  # beside numbers and dates; in text they are text
MISFIT = "redan: a text does not have the type of its column"
_INTEGER = r"-?(0|[1-9][0-9]{0,17})"  # 18 digits always fit 64 bits; a leading zero or plus is part of an identifier
_FLOAT = r"-?((0|[1-9][0-9]{0,14})(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"  # 15 digits survive a double
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT = rf"{_DATE}[ T][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,9}})?)?( ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?))?"


class TextType(StrEnum):
    """Types that text can be read as, narrow to wide."""

    BOOL = "BOOLEAN"
    INT = "BIGINT"
    FLOAT = "DOUBLE"
    DATE = "DATE"
    MOMENT = "TIMESTAMP"
    TEXT = "VARCHAR"


_SHAPES = {
    TextType.INT: _INTEGER,
    TextType.FLOAT: _FLOAT,
    TextType.DATE: _DATE,
    TextType.MOMENT: _MOMENT,
}
NARROW = tuple(t for t in TextType if t is not TextType.TEXT)


def shaped(value: str, kind: TextType) -> str:
    """SQL that is true when an SQL text has the shape of a type; day and time may still not exist."""
    return f"regexp_full_match({value}, '{_SHAPES[kind]}')"


def missing(value: str) -> str:
    """SQL that is true when a text stands for a missing value in a column that is not text."""
    # Not IN: the engine makes a join of a long list, and a join does not keep the order of the rows.
    return "(" + " OR ".join(f"trim({value}) = '{word}'" for word in MISSING) + ")"


def fits(column: str, kind: TextType) -> str:
    """SQL that is true when a text is a value of the type or missing."""
    value = f"trim({named(column)})"
    if kind is TextType.BOOL:
        return f"coalesce(lower({value}) IN ('true', 'false') OR {missing(named(column))}, true)"
    fitting = f"{shaped(value, kind)} AND {_cast(value, kind)} IS NOT NULL"
    return f"coalesce(({fitting}) OR {missing(named(column))}, true)"


def converted(column: str, kind: TextType) -> str:
    """SQL that turns the text into a value of the type; fails on any text that is not one."""
    name = named(column)
    if kind is TextType.TEXT:
        return name
    value = f"trim({name})"
    fitting = f"lower({value}) IN ('true', 'false')" if kind is TextType.BOOL else shaped(value, kind)
    inner = _cast(value, kind) if kind is TextType.MOMENT else f"CAST({value} AS {kind.value})"
    if kind is TextType.MOMENT:  # a day that does not exist fails here as it does in the other casts
        inner = f"coalesce({inner}, CAST(error('{MISFIT}') AS TIMESTAMP))"
    fails = f"CAST(error('{MISFIT}') AS {kind.value})"
    if kind is TextType.FLOAT:
        fitting = f"({_plain(name)}) OR {fitting}"
        inner = f"TRY_CAST({name} AS DOUBLE)"
    empty = f"{name} IS NULL OR {missing(name)}"
    return f"CASE WHEN {fitting} THEN {inner} WHEN {empty} THEN NULL ELSE {fails} END AS {name}"


def _plain(name: str) -> str:
    """SQL that is true of most numbers and cheaper than their shape: a first digit that is no zero, a cast that fits.

    What begins so and casts to less than 10**15 has the shape too, but for digits grouped by underscores.
    """
    return f"{name} >= '1' AND {name} < ':' AND abs(TRY_CAST({name} AS DOUBLE)) < 1e15 AND NOT contains({name}, '_')"


def _cast(value: str, kind: TextType) -> str:
    if kind is TextType.MOMENT:  # without an offset the time is taken as UTC; the session's zone is UTC
        return f"TRY_CAST({value} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    return f"TRY_CAST({value} AS {kind.value})"


def counting(columns: Sequence[str], candidates: Sequence[Sequence[TextType]]) -> str:
    """SQL aggregates that say, per column and candidate, whether every value fits, and whether there is any value."""
    terms = ["count(*)"]
    for column, kinds in zip(columns, candidates, strict=True):
        terms.append(f"count_if(coalesce(NOT {missing(named(column))}, false))")
        terms += [f"bool_and({fits(column, kind)})" for kind in kinds]
    return ", ".join(terms)


def narrowest(answers: Sequence[int | bool | None], candidates: Sequence[Sequence[TextType]]) -> list[TextType]:
    """The first candidate of each column that fits all values; text for a column without any value."""
    found, place = [], 1
    for kinds in candidates:
        values, told = answers[place], answers[place + 1 : place + 1 + len(kinds)]
        place += 1 + len(kinds)
        fitting = [kind for kind, fit in zip(kinds, told, strict=True) if fit]
        found.append(fitting[0] if values and fitting else TextType.TEXT)
    return found
