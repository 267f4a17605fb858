"""What the cells of a column are in a question to an engine: as they are, without NaN, as numbers, as bins."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from redan.errors import InputError
from redan.tables.engine import named
from redan.tables.kinds import kind_of


@dataclass(frozen=True)
class Cells:
    """The columns of one frame as expressions of its engine.

    Args:
        frame: a lazy Narwhals frame.
        schema: its types by column.
        place: the file it was read from, for messages.
    """

    frame: nw.LazyFrame[Any]
    schema: Mapping[str, nw.dtypes.DType]
    place: str | None

    def known(self, columns: Sequence[str]) -> None:
        """Refuses columns that are not there."""
        missing = [c for c in columns if c not in self.schema]
        if missing:
            raise InputError(
                f"there is no column {', '.join(map(repr, missing))}",
                where=self.place,
                remedy=f"choose from {', '.join(map(repr, list(self.schema)[:20]))}",
            )

    def cell(self, column: str) -> nw.Expr:
        """A column as it is; Spark takes points and backticks in a bare name for something else."""
        spark = self.frame.implementation is nw.Implementation.PYSPARK
        return nw.col(named(column, "`") if spark and {".", "`"} & set(column) else column)

    def value(self, column: str) -> nw.Expr:
        """A column whose NaN is missing and whose moments are in UTC, so that those of all engines can be compared."""
        expression, dtype = self.cell(column), self.schema[column]
        if not isinstance(dtype, nw.Datetime) or dtype.time_zone is None:
            return nw.when(~expression.is_nan()).then(expression) if dtype.is_float() else expression
        if self.frame.implementation is nw.Implementation.POLARS:
            return expression.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return expression.cast(nw.Datetime("us"))  # the sessions' zone is UTC

    def number(self, column: str) -> nw.Expr:
        """A numeric column as floats.

        Raises:
            InputError: there is no such column, or it is not numeric.
        """
        self.known([column])
        if kind_of(self.schema[column]) not in {"int", "float", "bool"}:
            raise InputError(f"column {column!r} is not numeric", where=self.place, remedy="choose a numeric column")
        return self.value(column).cast(nw.Float64)

    def binned(self, column: str, edges: Sequence[float]) -> nw.Expr:
        """How many edges a value has reached; missing when the value is."""
        value = self.number(column)
        reached = sum(((value >= float(edge)).cast(nw.Int64) for edge in edges), start=nw.lit(0, nw.Int64))
        return nw.when(~value.is_null()).then(reached)

    def moment(self, column: str) -> nw.Expr:
        """A column of dates or moments as moments in UTC."""
        return self.value(column).cast(nw.Datetime("us"))

    def literal(self, value: object) -> object:
        """A value of the user to compare with cells; Spark would read a moment in the zones of machine and session."""
        if not isinstance(value, dt.datetime):
            return value
        moment = value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
        if self.frame.implementation is not nw.Implementation.PYSPARK:
            return moment
        return nw.lit(moment.isoformat(sep=" ")).cast(nw.Datetime("us"))
