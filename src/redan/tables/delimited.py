"""CSV and TSV, strictly: RFC 4180 quoting, one header line, every row as wide as the header, UTF-8 without NUL."""

import codecs
import csv
import io
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from redan.errors import InputError
from redan.tables.engine import connect, explained, quoted
from redan.tables.kept import Kept, Spool
from redan.tables.types import NARROW, TextType, converted, counting, narrowest

if TYPE_CHECKING:
    import duckdb

HEADER_BYTES = 1 << 20
LINE_BYTES = 4 << 20  # a row longer than this is an attack or another kind of file
COLUMNS = 10_000
CHUNK = 1 << 20
FIRST_ROWS = 4_000  # rules out types cheaply; the whole file then confirms what is left
DELIMITERS = ",;\t|"
_ZIP = b"PK\x03\x04"
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


def keep_delimited(path: Path, spool: Spool) -> Kept:
    """Converts a delimited text file to typed Parquet.

    Raises:
        InputError: with the line, what is wrong in it and what to do.
    """
    import duckdb

    _text(path)
    delimiter, columns = header(path)
    connection = connect(path, spool.file.parent)
    source = _source(path, delimiter, columns)
    try:
        likely = _likely(connection, source, columns)
        if NARROW in likely or not _copied(connection, source, columns, likely, spool.file):
            types = narrowest(_answers(connection, source, columns, likely), likely)
            _copy(connection, source, columns, types, spool.file)
    except duckdb.Error as error:
        raise _fault(error, path) from error
    finally:
        connection.close()
    return Kept(spool.file, spool)


def keep_text(path: Path, spool: Spool) -> Kept:
    """Converts a delimited text file to Parquet and leaves every value the text that it is.

    Raises:
        InputError: with the line, what is wrong in it and what to do.
    """
    import duckdb

    _text(path)
    delimiter, columns = header(path)
    connection = connect(path, spool.file.parent)
    try:
        source = _source(path, delimiter, columns)
        _copy(connection, source, columns, [TextType.TEXT] * len(columns), spool.file)
    except duckdb.Error as error:
        raise _fault(error, path) from error
    finally:
        connection.close()
    return Kept(spool.file, spool)


def header(path: Path) -> tuple[str, list[str]]:
    """The delimiter and the column names of a delimited file.

    Raises:
        InputError: the first line is missing, too long, not UTF-8, or has nameless or doubled columns.
    """
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", where=f"{path}:1", remedy="save it as UTF-8") from error
    if not re.search(r"[\r\n]", text) and len(start) == HEADER_BYTES:
        raise InputError("its first line is longer than 1 MB", where=f"{path}:1", remedy="give a table with a header")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = _delimiter(path, first)
    try:
        names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise InputError("its header is not valid CSV", where=f"{path}:1", remedy="close every quote") from error
    _sound(names, path)
    return delimiter, names


def _delimiter(path: Path, first: str) -> str:
    if path.suffix.lower() in {".tsv", ".tab"}:
        return "\t"
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=lambda d: (bare.count(d), -DELIMITERS.index(d)))


def _sound(names: list[str], path: Path) -> None:
    where, seen = f"{path}:1", set()
    if not names:
        raise InputError("has no header line", where=where, remedy="give the columns names in the first line")
    if len(names) > COLUMNS:
        raise InputError(f"has {len(names):,} columns", where=where, remedy=f"give at most {COLUMNS:,} columns")
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise InputError(f"column {place} has no name", where=where, remedy="give every column a name")
        if name.casefold() in seen:
            advice = "give every column a name of its own; if the first line holds data, put a header line above it"
            raise InputError(f"column {name[:80]!r} occurs twice", where=where, remedy=advice)
        seen.add(name.casefold())


def _text(path: Path) -> None:
    """Refuses NUL, whatever is not UTF-8, and endless lines, with the line: the engine drops an endless last one."""
    decoder, line, unbroken = codecs.getincrementaldecoder("utf-8")(), 1, 0
    with path.open("rb") as file:
        if file.read(len(_ZIP)) == _ZIP:
            raise InputError(
                "is an archive, as .npz and .xlsx files are, and no table",
                where=str(path),
                remedy="save it as CSV or Parquet",
            )
        file.seek(0)
        while chunk := file.read(CHUNK):
            if (place := chunk.find(b"\0")) >= 0:
                raise InputError(
                    "holds a NUL byte", where=_at(path, line, chunk, place), remedy="save it as plain UTF-8 text"
                )
            try:
                if decoder.getstate()[0] or not chunk.isascii():  # most files are ASCII, and asking is cheap
                    decoder.decode(chunk)
            except UnicodeDecodeError as error:
                where = _at(path, line, chunk, max(error.start, 0))
                raise InputError("is not UTF-8 text", where=where, remedy="save it as UTF-8") from error
            first, last = _ends(chunk)
            if unbroken + first > LINE_BYTES:
                raise InputError(
                    f"the row is longer than {LINE_BYTES:,} bytes", where=f"{path}:{line}", remedy="give shorter rows"
                )
            unbroken = unbroken + len(chunk) if last < 0 else len(chunk) - last - 1
            line += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", where=f"{path}:{line}", remedy="save it as UTF-8") from error


def _ends(chunk: bytes) -> tuple[int, int]:
    """Where the first line of a chunk ends, its length when it does not, and where the last end is, or -1."""
    marks = [place for mark in (b"\n", b"\r") if (place := chunk.find(mark)) >= 0]
    return min(marks, default=len(chunk)), max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))


def _at(path: Path, line: int, chunk: bytes, place: int) -> str:
    return f"{path}:{line + chunk.count(bytes([10]), 0, place)}"


def _source(path: Path, delimiter: str, columns: list[str]) -> str:
    struct = ", ".join(f"{quoted(c)}: 'VARCHAR'" for c in columns)
    return (
        f"read_csv({quoted(str(path))}, auto_detect=false, header=true, columns={{{struct}}}, "
        f"delim={quoted(delimiter)}, "
        "quote='\"', escape='\"', strict_mode=true, null_padding=false, ignore_errors=false, "
        f"max_line_size={LINE_BYTES}, compression='none')"
    )


def _copy(
    connection: "duckdb.DuckDBPyConnection", source: str, columns: list[str], types: list[TextType], target: Path
) -> None:
    """Writes the table; fails on the first text that does not have the type of its column."""
    selected = ", ".join(converted(c, t) for c, t in zip(columns, types, strict=True))
    target_sql = quoted(str(target))
    connection.execute(
        f"COPY (SELECT {selected} FROM {source}) TO {target_sql} (FORMAT parquet, COMPRESSION snappy)"  # noqa: S608
    )


def _copied(
    connection: "duckdb.DuckDBPyConnection",
    source: str,
    columns: list[str],
    likely: list[tuple[TextType, ...]],
    target: Path,
) -> bool:
    """Whether the likeliest types were right, and the table is written."""
    import duckdb

    try:
        _copy(connection, source, columns, [kinds[0] if kinds else TextType.TEXT for kinds in likely], target)
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        if _LINE.search(str(error)):
            raise
        return False
    return True


def _likely(connection: "duckdb.DuckDBPyConnection", source: str, columns: list[str]) -> list[tuple[TextType, ...]]:
    """Types that the first rows leave possible, the likeliest first; every value of the file is tried later."""
    every: list[tuple[TextType, ...]] = [NARROW for _ in columns]
    told = _answers(connection, f"(FROM {source} LIMIT {FIRST_ROWS})", columns, every)
    return [_possible(t, v) for t, v in zip(narrowest(told, every), _values(told, every), strict=True)]


def _possible(first: TextType, values: int) -> tuple[TextType, ...]:
    """What a column whose first rows are of a type may turn out to be."""
    if not values:
        return NARROW
    return {
        TextType.INT: (TextType.INT, TextType.FLOAT),
        TextType.DATE: (TextType.DATE, TextType.MOMENT),
        TextType.TEXT: (),
    }.get(first, (first,))


def _values(told: list[int | bool | None], candidates: list[tuple[TextType, ...]]) -> list[int]:
    places = list(islice(range(1, len(told), 1 + len(NARROW)), len(candidates)))
    return [int(told[place] or 0) for place in places]


def _answers(
    connection: "duckdb.DuckDBPyConnection", source: str, columns: list[str], candidates: list[tuple[TextType, ...]]
) -> list[int | bool | None]:
    row = connection.execute(f"SELECT {counting(columns, candidates)} FROM {source}").fetchone()  # noqa: S608 - quoted
    return list(row or ())


def _physical(path: Path, record: int) -> int:
    """The line on which a record starts, when quoted line breaks come before it; the engine counts records."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            before = sum(1 for row in islice((row for row in reader if row), record - 1))
        except csv.Error:
            return record
        return reader.line_num + 1 if before == record - 1 else record


def _fault(error: "duckdb.Error", path: Path) -> InputError:
    """The engine's complaint as one line; its text quotes the row, so only the line number and widths are taken."""
    text = str(error)
    line = _LINE.search(text)
    if line is None:
        return explained(error, path)
    where = f"{path}:{_physical(path, int(line.group(1)))}"
    if width := _WIDTH.search(text):
        return InputError(
            f"the row has {width.group(2)} values, the header has {width.group(1)} columns",
            where=where,
            remedy="quote values that hold the delimiter, and give every row all columns",
        )
    if "aximum line size" in text:
        return InputError(f"the row is longer than {LINE_BYTES:,} bytes", where=where, remedy="give shorter rows")
    if "unterminated quote" in text:
        return InputError(
            "a quoted value is not closed", where=where, remedy='close it with ", and write "" for " inside'
        )
    return InputError("the row cannot be read as CSV", where=where, remedy="write it as RFC 4180 says")
