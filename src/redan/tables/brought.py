"""Tables that the user brings: pandas, Polars, pyarrow, DuckDB, Spark and whatever Narwhals or Arrow understands."""

from typing import Any

import narwhals.stable.v2 as nw

from redan.errors import InputError
from redan.tables.answers import answering
from redan.tables.engine import connect, named
from redan.tables.names import check_names
from redan.tables.table import Table


def table_of(frame: Any) -> Table:  # noqa: ANN401 - whatever the user brings
    """A table over a frame: lazy frames stay in their engine, frames in memory are read by DuckDB without a copy.

    Moments with a zone are taken in UTC, whatever the zone of the engine's session is.

    Args:
        frame: pandas, Polars (eager or lazy), pyarrow, a DuckDB relation, a Spark or Ibis table, or any object with
            `__arrow_c_stream__`.

    Raises:
        InputError: nothing here understands the object, or its columns have no names of their own or no one type.
        IncompleteError: its Spark session has ended.
    """
    if isinstance(frame, Table):
        return frame
    with answering(None):
        _check_columns(frame)
        try:
            native = nw.from_native(frame)
        except TypeError as error:
            if not hasattr(frame, "__arrow_c_stream__"):
                raise InputError(
                    f"a {type(frame).__name__} is not a table",
                    remedy="give a pandas, Polars, pyarrow, DuckDB or Spark frame",
                ) from error
            import pyarrow as pa

            return _in_memory(pa.table(frame))
        if isinstance(native, nw.LazyFrame):
            return _lazy(native)
        return _in_memory(_arrow(native))


def _check_columns(frame: object) -> None:
    """Doubled names are looked for before Narwhals looks, since some frames show only one of two alike."""
    columns = getattr(frame, "column_names", None)  # pyarrow; its `columns` are the data
    if columns is None and not hasattr(frame, "collect_schema"):  # Polars' lazy frame has no two alike
        columns = getattr(frame, "columns", None)
    if columns is not None and not callable(columns):
        check_names([str(name) if isinstance(name, int) else name for name in columns], None)  # pandas counts columns


def _arrow(frame: nw.DataFrame[Any]) -> object:
    """The frame as Arrow, column by column, so that one without a type of its own is named."""
    import pyarrow as pa

    columns = {}
    for name in frame.columns:  # a pandas index is no column
        try:
            columns[str(name)] = frame.get_column(name).to_arrow()
        except (pa.ArrowException, TypeError, ValueError) as error:
            remedy = "give every column one type"
            raise InputError(f"column {name!r} holds values of several types", remedy=remedy) from error
    return pa.table(columns)


def _in_memory(arrow: Any) -> Table:  # noqa: ANN401 - pyarrow ships no types
    check_names(arrow.column_names, None)
    connection = connect()
    relation = connection.from_arrow(arrow)
    return Table(nw.from_native(relation), (connection, arrow))


def _lazy(frame: nw.LazyFrame[Any]) -> Table:
    check_names(frame.collect_schema().names(), None)
    zoned = [c for c, kind in frame.collect_schema().items() if isinstance(kind, nw.Datetime) and kind.time_zone]
    if zoned and frame.implementation is nw.Implementation.DUCKDB:
        relation = frame.to_native()
        terms = [f"{named(c)} AT TIME ZONE 'UTC' AS {named(c)}" if c in zoned else named(c) for c in frame.columns]
        return Table(nw.from_native(relation.project(", ".join(terms))), (frame,))
    if zoned and frame.implementation is nw.Implementation.PYSPARK:
        from pyspark.sql import functions

        shifted = {
            c: functions.convert_timezone(
                None, functions.lit("UTC"), functions.col(named(c, "`")).cast("timestamp_ntz")
            )
            for c in zoned
        }
        return Table(nw.from_native(frame.to_native().withColumns(shifted)), (frame,))
    return Table(frame)
