"""Writes rows as a table file, whole or not at all, in the format that the name asks for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from redan.cli.data.answer import apart
from redan.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


def checked_target(path: Path, *sources: Path) -> None:
    """Refuses a place that rows cannot be written to, before anything expensive is done.

    Raises:
        UsageError: the ending names no format, or the place is a folder or one of the sources.
    """
    if path.suffix.lower() not in _WRITERS:
        raise UsageError("has an ending that names no format", where=str(path), remedy=f"use {', '.join(_WRITERS)}")
    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy="give a file")
    apart(sources, path)


def write_rows(path: Path, rows: "pa.Table") -> None:
    """Writes rows as CSV, TSV, Parquet or Arrow; readable by the owner only, since they are about persons.

    Args:
        path: where, with an ending that `checked_target` accepts.
        rows: all of them.

    Raises:
        UsageError: the place cannot be written.
        InputError: the format cannot hold the rows, such as nested values in CSV.
    """
    from redan.files import atomic_file

    with atomic_file(path, mode=0o600) as file:
        rows_into(file, path, rows)


def rows_into(file: BinaryIO, path: Path, rows: "pa.Table") -> None:
    """The same into a file that is open already.

    Args:
        file: to write to.
        path: its name, with an ending that `checked_target` accepts.
        rows: all of them.

    Raises:
        InputError: the format cannot hold the rows, such as nested values in CSV.
    """
    import pyarrow as pa

    from redan.errors import InputError

    try:
        _WRITERS[path.suffix.lower()](rows, file)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError("the format cannot hold these rows", where=str(path), remedy="write .parquet") from error


def _csv(rows: "pa.Table", file: BinaryIO) -> None:
    _delimited(rows, file, ",")


def _tsv(rows: "pa.Table", file: BinaryIO) -> None:
    _delimited(rows, file, "\t")


def _delimited(rows: "pa.Table", file: BinaryIO, delimiter: str) -> None:
    from pyarrow import csv

    csv.write_csv(rows, file, csv.WriteOptions(delimiter=delimiter, quoting_style="needed"))


def _parquet(rows: "pa.Table", file: BinaryIO) -> None:
    from pyarrow import parquet

    parquet.write_table(rows, file, compression="zstd")


def _arrow(rows: "pa.Table", file: BinaryIO) -> None:
    import pyarrow as pa

    with pa.ipc.new_file(file, rows.schema) as writer:
        writer.write_table(rows)


_WRITERS: Mapping[str, Callable[["pa.Table", BinaryIO], None]] = MappingProxyType(
    {".csv": _csv, ".tsv": _tsv, ".parquet": _parquet, ".arrow": _arrow, ".feather": _arrow}
)
