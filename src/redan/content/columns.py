"""What each column holds, and the SQL that gives its values in canonical form; docs/spec/content.md has the rules."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from redan.errors import InputError
from redan.tables.engine import named
from redan.tables.types import NARROW, TextType, counting, missing, narrowest, shaped

if TYPE_CHECKING:
    import duckdb

Kind: TypeAlias = Literal["number", "bool", "time", "text", "bytes"]
Form: TypeAlias = Literal["number", "float32", "bool", "time", "nanoseconds", "text", "bytes"]

FIRST_ROWS = 4_000  # rules most types of a text column out before the whole column is asked
_EXACT = 1 << 53  # integers up to here are doubles without rounding
_DIGITS = 15  # decimals of so many digits survive a double and back
_LARGE = frozenset({"bigint", "ubigint", "hugeint", "uhugeint", "bignum"})
_SMALL = frozenset({"tinyint", "smallint", "integer", "utinyint", "usmallint", "uinteger"})
_STORED: Mapping[Kind, frozenset[str]] = {
    "number": _LARGE | _SMALL | {"double", "float", "decimal"},
    "bool": frozenset({"boolean"}),
    "time": frozenset({"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}),
    "text": frozenset({"time", "time_ns", "time with time zone", "uuid", "enum", "null"}),
    "bytes": frozenset({"blob"}),
}
_OF_TEXT: Mapping[TextType, Kind] = {
    TextType.BOOL: "bool",
    TextType.INT: "number",
    TextType.FLOAT: "number",
    TextType.DATE: "time",
    TextType.MOMENT: "time",
    TextType.TEXT: "text",
}


class Part(NamedTuple):
    """One way in which values of a column are written; of all parts of a column at most one is not null in a row.

    Args:
        form: how the value is encoded.
        sql: gives the value, or null where another part has it or the value is missing.
    """

    form: Form
    sql: str


class Column(NamedTuple):
    """A column as its content is read.

    Args:
        name: in the table.
        kind: what it holds.
        parts: its values in canonical form.
    """

    name: str
    kind: Kind
    parts: tuple[Part, ...]


def columns_of(
    relation: "duckdb.DuckDBPyRelation", place: str | None, kinds: Mapping[str, Kind] | None = None
) -> tuple[Column, ...]:
    """The columns of a relation, sorted by name.

    Args:
        relation: of the whole table.
        place: its file, for messages.
        kinds: what columns held when they were sealed; texts are read as that where they can be. What every value of
            the column fits when None, or for a column that is not named.

    Raises:
        InputError: a column holds values that have no canonical form, such as lists.
    """
    types = dict(zip(relation.columns, relation.types, strict=True))
    texts = [name for name, kind in types.items() if kind.id == "varchar" and name not in (kinds or {})]
    said: dict[str, Kind] = {**narrowed(relation, texts), **(kinds or {})}
    return tuple(_column(name, types[name], said.get(name), place) for name in sorted(types))


def narrowed(relation: "duckdb.DuckDBPyRelation", columns: Sequence[str]) -> dict[str, Kind]:
    """What text columns hold: the narrowest kind that every value of the column fits, and text without any value."""
    first = _told(relation.limit(FIRST_ROWS), dict.fromkeys(columns, NARROW))
    likely = {
        name: tuple(kind for kind, fit in zip(NARROW, fits, strict=True) if fit) if values else NARROW
        for name, (values, fits) in first.items()
    }
    asked = {name: kinds for name, kinds in likely.items() if kinds}
    found = {
        name: narrowest([None, values, *fits], [asked[name]])[0]
        for name, (values, fits) in _told(relation, asked).items()
    }
    return {name: _OF_TEXT[found.get(name, TextType.TEXT)] for name in columns}


def _told(
    relation: "duckdb.DuckDBPyRelation", asked: Mapping[str, tuple[TextType, ...]]
) -> dict[str, tuple[int, tuple[bool | None, ...]]]:
    """Per column the number of values, and which types all of them fit."""
    if not asked:
        return {}
    answers = relation.aggregate(counting(list(asked), list(asked.values()))).fetchall()[0]
    told, place = {}, 1
    for name, kinds in asked.items():
        told[name] = (int(answers[place] or 0), tuple(answers[place + 1 : place + 1 + len(kinds)]))
        place += 1 + len(kinds)
    return told


def _column(name: str, type_: "duckdb.sqltypes.DuckDBPyType", kind: Kind | None, place: str | None) -> Column:
    id_, value = str(type_.id), named(name)
    if id_ == "varchar":
        said = kind or "text"
        return Column(name, said, tuple(_read(value, said)))
    native = _native(id_, value, type_)
    if native is None:
        what = f"column {name!r} holds {str(type_)[:40].lower()} values, which have no canonical form"
        raise InputError(what, where=place, remedy="flatten it into plain columns, or seal the file without content")
    return Column(name, kind or native[0], native[1])


def _native(id_: str, value: str, type_: "duckdb.sqltypes.DuckDBPyType") -> tuple[Kind, tuple[Part, ...]] | None:
    """A column that is not text; None when its values have no canonical form."""
    kind: Kind | None = next((kind for kind, ids in _STORED.items() if id_ in ids), None)
    if kind is None:
        return None
    parts: dict[str, Callable[[], Iterable[Part]]] = {
        "float": lambda: (Part("float32", value),),
        "decimal": lambda: _decimal(value, dict(type_.children)["precision"]),
        "boolean": lambda: (Part("bool", value),),
        "timestamp_ns": lambda: (Part("nanoseconds", f"epoch_ns({value})"),),
        "blob": lambda: (Part("bytes", value),),
    }
    if id_ in parts:
        return kind, tuple(parts[id_]())
    if kind == "number":
        return kind, tuple(_integer(value)) if id_ in _LARGE else (Part("number", f"CAST({value} AS DOUBLE)"),)
    if kind == "time":
        return kind, tuple(_time(id_, value))
    return kind, (Part("text", _filled(f"CAST({value} AS VARCHAR)")),)


def _integer(value: str) -> Iterator[Part]:
    exact = f"{value} BETWEEN -{_EXACT} AND {_EXACT}"
    yield Part("number", f"CASE WHEN {exact} THEN CAST({value} AS DOUBLE) END")
    yield Part("text", f"CASE WHEN NOT ({exact}) THEN CAST({value} AS VARCHAR) END")


def _decimal(value: str, precision: object) -> Iterator[Part]:
    if int(str(precision)) <= _DIGITS:
        yield Part("number", f"CAST({value} AS DOUBLE)")
        return
    text = f"CAST({value} AS VARCHAR)"
    plain = f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
    digits = f"length(trim(replace(replace({plain}, '.', ''), '-', ''), '0'))"
    whole = f"(NOT contains({plain}, '.') AND abs(CAST({value} AS HUGEINT)) <= {_EXACT})"
    short = f"({digits} <= {_DIGITS} AND contains({plain}, '.')) OR {whole}"
    yield Part("number", f"CASE WHEN {short} THEN CAST({plain} AS DOUBLE) END")
    yield Part("text", f"CASE WHEN NOT ({short}) THEN {plain} END")


def _time(id_: str, value: str) -> Iterator[Part]:
    moment = f"CAST({value} AS TIMESTAMP)" if id_ in {"date", "timestamp_s", "timestamp_ms"} else value
    yield Part("time", f"CASE WHEN isfinite({value}) THEN epoch_us({moment}) END")
    yield Part("text", f"CASE WHEN NOT isfinite({value}) THEN CAST({value} AS VARCHAR) END")


def _read(value: str, kind: Kind) -> Iterator[Part]:
    """A column of texts under a kind: what does not fit stays the text that it is, so that it is seen as changed."""
    text = f"trim({value})"
    if kind in {"text", "bytes"}:
        yield Part("text", _filled(value))
        return
    if kind == "number":
        whole, real = shaped(text, TextType.INT), shaped(text, TextType.FLOAT)
        small = f"{whole} AND abs(TRY_CAST({text} AS BIGINT)) <= {_EXACT}"
        yield Part("number", f"CASE WHEN {real} OR ({small}) THEN TRY_CAST({text} AS DOUBLE) END")
        fits = f"(({real} OR ({small})) AND TRY_CAST({text} AS DOUBLE) IS NOT NULL)"
        yield Part("text", _misfit(f"CASE WHEN {whole} THEN {text} ELSE {value} END", value, fits))
        return
    if kind == "bool":
        yield Part("bool", f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END")
        yield Part("text", _misfit(value, value, f"lower({text}) IN ('true', 'false')"))
        return
    moment = f"TRY_CAST({text} AS TIMESTAMPTZ)"
    fits = f"(({shaped(text, TextType.DATE)} OR {shaped(text, TextType.MOMENT)}) AND {moment} IS NOT NULL)"
    yield Part("time", f"CASE WHEN {fits} THEN epoch_us({moment}) END")
    yield Part("text", _misfit(value, value, fits))


def _filled(value: str) -> str:
    return f"nullif({value}, '')"


def _misfit(shown: str, value: str, fits: str) -> str:
    return f"CASE WHEN {fits} OR {missing(value)} THEN NULL ELSE {shown} END"
