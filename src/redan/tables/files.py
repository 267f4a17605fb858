"""Opens a dataset file as a Table: CSV, TSV, JSON lines, Parquet, Arrow (Feather), DuckDB.

Text is read once, strictly, and kept as typed Parquet in a temporary folder, so that every later question is fast and
no type rests on a sample; Parquet is read where it lies.
"""

import os
import shutil
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import narwhals.stable.v2 as nw

from redan.errors import InputError
from redan.files import open_regular
from redan.seal.age_header import begins_as_age
from redan.tables.arrow_file import keep_arrow
from redan.tables.delimited import keep_delimited, keep_text
from redan.tables.duckdb_file import keep_duckdb
from redan.tables.engine import connect, explained, quoted
from redan.tables.json_lines import keep_json_lines
from redan.tables.kept import Kept, Spool
from redan.tables.names import check_names
from redan.tables.table import Table

if TYPE_CHECKING:
    import duckdb

REMEMBERED = 8  # files kept converted at a time, so that ten checks of one dataset parse it once

READERS: MappingProxyType[str, Callable[[Path, Spool], Kept]] = MappingProxyType(
    {
        ".parquet": Kept,
        ".pq": Kept,
        ".csv": keep_delimited,
        ".tsv": keep_delimited,
        ".tab": keep_delimited,
        ".txt": keep_delimited,
        ".data": keep_delimited,
        ".jsonl": keep_json_lines,
        ".ndjson": keep_json_lines,
        ".arrow": keep_arrow,
        ".feather": keep_arrow,
        ".ipc": keep_arrow,
        ".duckdb": keep_duckdb,
        ".db": keep_duckdb,
    }
)
START_BYTES = 256
FOOTER_BYTES = 32 << 20  # ten thousand columns in a hundred row groups need less; parsing more takes minutes
WILD = frozenset("*?[")  # DuckDB expands these in any path, so such a file is read from a copy
PARQUET = frozenset({".parquet", ".pq"})


class Identity(NamedTuple):
    """What tells one state of a file from another."""

    path: str
    device: int
    inode: int
    size: int
    changed_ns: int


def open_table(path: Path, engine: Literal["duckdb", "spark"] = "duckdb", *, typed: bool = True) -> Table:
    """A table over a file.

    Text columns become bool, int, float, date or datetime when every value of the whole file is one, and stay text
    otherwise; a column with a leading zero, a leading plus sign or more digits than a number holds stays text.

    Args:
        path: `.csv`, `.tsv`, `.parquet`, `.arrow`, `.feather`, `.jsonl`, `.ndjson` or `.duckdb`; anything else is
            read as CSV.
        engine: what counts its values; columns, types and rows are the same in both.
        typed: whether values of delimited text get types; every value stays the text that it is otherwise.

    Raises:
        InputError: the file is absent, empty, damaged, ragged or not UTF-8, or has no, nameless or doubled columns,
            or a column of a type that Spark lacks.
        MissingExtraError: Spark is asked for and not installed.
        IncompleteError: Spark does not start.
    """
    identity = _identity(path)
    if not identity.size:
        raise InputError("is empty", where=str(path), remedy="give a file with a header line and rows")
    _refuse_encrypted(path)
    if path.suffix.lower() in PARQUET:
        _check_footer(path)
    in_place = path.suffix.lower() in PARQUET and not WILD & set(str(path))
    kept = Kept(path) if in_place else _kept(identity, typed)
    table = _table(kept, path)
    if engine == "duckdb":
        return table
    from redan.tables.spark import spark_table

    return spark_table(kept, table)


def _table(kept: Kept, path: Path) -> Table:
    try:
        connection = connect(kept.file)
        relation = connection.sql(f"SELECT * FROM read_parquet({quoted(str(kept.file))})")  # noqa: S608 - quoted
        names = _own_names(connection, kept.file)
    except _duckdb_error() as error:
        raise explained(error, path) from error
    check_names(names, str(path))
    table = Table(nw.from_native(relation), (connection, kept), str(path))
    if not _rows(table, path):
        raise InputError("has columns but no rows", where=str(path), remedy="give a file with at least one row")
    return table


def _own_names(connection: "duckdb.DuckDBPyConnection", file: Path) -> list[str]:
    """The names that the file gives its columns; the engine renames the second of two alike."""
    question = f"SELECT name, num_children FROM parquet_schema({quoted(str(file))})"  # noqa: S608 - quoted
    described = connection.execute(question).fetchall()
    names, inside = [], [int(described[0][1] or 0)] if described else []
    for name, children in described[1:]:
        if len(inside) == 1:
            names.append(str(name))
        inside[-1] -= 1
        inside.append(int(children or 0))
        while inside and not inside[-1]:
            inside.pop()
    return names


def _refuse_encrypted(path: Path) -> None:
    with os.fdopen(open_regular(path), "rb") as file:
        if begins_as_age(file.read(START_BYTES)):
            raise InputError("is encrypted", where=str(path), remedy="open it with 'redan unlock' first")


def _check_footer(path: Path) -> None:
    """The length of a Parquet footer stands before the closing magic number (Apache Parquet, file format)."""
    with os.fdopen(open_regular(path), "rb") as file:
        file.seek(max(os.fstat(file.fileno()).st_size - 8, 0))
        length = int.from_bytes(file.read(4), "little")
    if length > FOOTER_BYTES:
        what = f"its description of columns and row groups is larger than {FOOTER_BYTES:,} bytes"
        raise InputError(what, where=str(path), remedy="give fewer columns, or write larger row groups")


def _rows(table: Table, path: Path) -> int:
    try:
        return table.rows
    except _duckdb_error() as error:
        raise explained(error, path) from error


def _identity(path: Path) -> Identity:
    descriptor = open_regular(path)
    try:
        state = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(state.st_mode):
        raise InputError("is not a regular file", where=str(path), remedy="give a regular file")
    return Identity(str(path), state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=REMEMBERED)
def _kept(identity: Identity, typed: bool) -> Kept:
    """The converted file; its folder goes when the last table over it does."""
    path = Path(identity.path)
    spool = Spool.new()
    plain = path
    if WILD & set(identity.path):
        plain = spool.file.with_name(f"plain{path.suffix}")
        shutil.copyfile(path, plain)
    reader = READERS.get(path.suffix.lower(), keep_delimited)
    kept = (keep_text if reader is keep_delimited and not typed else reader)(plain, spool)
    if _identity(path) != identity:
        raise InputError("changed while it was read", where=str(path), remedy="run again when nothing writes to it")
    return kept


def _duckdb_error() -> "type[duckdb.Error]":
    import duckdb

    found: type[duckdb.Error] = duckdb.Error
    return found
