"""Tables that the user brings: pandas, Polars, pyarrow, DuckDB, Spark and whatever Narwhals or Arrow understands."""

from typing import Any

from redan.errors import InputError
from redan.tables.engine import connect
from redan.tables.table import Table


def table_of(frame: Any) -> Table:  # noqa: ANN401 - whatever the user brings
    """A table over a frame: lazy frames stay in their engine, frames in memory are read by DuckDB without a copy.

    Args:
        frame: pandas, Polars (eager or lazy), pyarrow, a DuckDB relation, a Spark or Ibis table, or any object with
            `__arrow_c_stream__`.

    Raises:
        InputError: nothing here understands the object.
    """
    import narwhals.stable.v2 as nw

    if isinstance(frame, Table):
        return frame
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
        return Table(native)
    return _in_memory(native.to_arrow().select(native.columns))  # a pandas index is no column


def _in_memory(arrow: object) -> Table:
    import narwhals.stable.v2 as nw

    connection = connect()
    relation = connection.from_arrow(arrow)
    return Table(nw.from_native(relation), (connection, arrow))
