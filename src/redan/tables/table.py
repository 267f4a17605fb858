"""Table: a lazy, frozen view of columns; the engine aggregates, and rows leave it only through bounded samples."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.tables import aggregates
from redan.tables.aggregates import Covariance, Edges, GroupMoments, Moments
from redan.tables.answers import answered, answering
from redan.tables.cells import Cells
from redan.tables.encoded import Batch, Coded, batches, coded, picked, texts
from redan.tables.joins import Shared, shared_keys
from redan.tables.kinds import Kind, kind_of

if TYPE_CHECKING:
    import pyarrow as pa

Value: TypeAlias = Any  # a cell as Python gives it: bool, int, float, str, date, datetime or None
Period: TypeAlias = Literal["1h", "1d", "1mo", "1q", "1y"]
GROUP_LIMIT = 1_000_000  # more groups than this are rows, not an aggregate
SAMPLE_LIMIT = 1_000_000
KEYED_ROWS = 200_000  # a sample of more sorts one column that tells rows apart, if there is one, instead of all


class Duplicates(NamedTuple):
    """Rows that occur more than once.

    Args:
        groups: distinct rows that occur at least twice.
        rows: rows in those groups, first occurrences included.
        distinct: distinct rows of the whole table.
    """

    groups: int
    rows: int
    distinct: int


@dataclass(frozen=True)
class Table:
    """Columns of one dataset in one engine.

    Missing means null, or NaN in a column of floats; primitives leave missing values out unless they say otherwise.

    Args:
        frame: a lazy Narwhals frame.
        keeps: whatever must live as long as the table, such as its connection.
        place: the file it was read from, for messages.
        near: the same rows in an engine that rows are read from; this one when None.
    """

    frame: nw.LazyFrame[Any]
    keeps: tuple[object, ...] = field(default=(), repr=False)
    place: str | None = None
    near: "Table | None" = field(default=None, repr=False)

    @property
    def streamed(self) -> nw.LazyFrame[Any]:
        """The frame that rows are read from: a file lies nearer than the cluster that counts its values."""
        return self.frame if self.near is None else self.near.frame

    @cached_property
    def schema(self) -> Mapping[str, nw.dtypes.DType]:
        """Engine types by column."""
        with answering(self.place):
            return dict(self.frame.collect_schema())

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """What each column holds."""
        return {name: kind_of(dtype) for name, dtype in self.schema.items()}

    @cached_property
    def cells(self) -> Cells:
        """Its columns in a question to its engine."""
        return Cells(self.frame, self.schema, self.place)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(self.schema)

    @cached_property
    def rows(self) -> int:
        """Number of rows."""
        with answering(self.place):
            return int(self._one(n=nw.len())["n"])

    def dtype(self, column: str) -> Kind:
        """What a column holds.

        Raises:
            InputError: there is no such column.
        """
        self.cells.known([column])
        return self.kinds[column]

    def select(self, columns: Sequence[str]) -> "Table":
        """The same rows with some columns only.

        Raises:
            InputError: there is no such column.
        """
        self.cells.known(columns)
        return self.changed(lambda cells: cells.frame.select(*(cells.cell(c).alias(c) for c in columns)))

    def changed(self, change: Callable[[Cells], nw.LazyFrame[Any]]) -> "Table":
        """The table after a change, in every engine that holds it.

        Args:
            change: from the columns of a frame to another frame of its engine.
        """
        with answering(self.place):
            near = None if self.near is None else self.near.changed(change)
            return Table(change(self.cells), self.keeps, self.place, near)

    def first(self, count: int) -> "Table":
        """Some `count` rows, whichever the engine gives first: no sample, but enough to rule things out cheaply."""
        return self.changed(lambda cells: cells.frame.head(count))

    def renamed(self, column: str, to: str) -> "Table":
        """The same table with one column under another name."""
        self.cells.known([column])
        names = [(c, to if c == column else c) for c in self.columns]
        return self.changed(lambda cells: cells.frame.select(*(cells.cell(old).alias(new) for old, new in names)))

    def as_days(self, column: str) -> "Table":
        """The same table with one column of moments cut to days."""
        if self.dtype(column) != "datetime":
            return self
        return self.changed(lambda cells: cells.frame.with_columns(cells.value(column).cast(nw.Date).alias(column)))

    def complete(self, columns: Sequence[str]) -> "Table":
        """The rows in which none of some columns is missing.

        Raises:
            InputError: there is no such column.
        """
        self.cells.known(columns)
        return self.changed(lambda cells: cells.frame.filter(*(~cells.value(c).is_null() for c in columns)))

    @answered
    def between(self, column: str, low: Value, high: Value) -> int:
        """Rows whose value lies in [low, high]; low and high are values of the column's own type."""
        self.cells.known([column])
        value, least, most = self.cells.value(column), self.cells.literal(low), self.cells.literal(high)
        found = self._one(n=((value >= least) & (value <= most)).cast(nw.Int64).sum())
        return int(found["n"] or 0)

    @answered
    def null_counts(self) -> dict[str, int]:
        """Missing values by column."""
        found = self._one(
            **{f"c{i}": self.cells.value(c).is_null().cast(nw.Int64).sum() for i, c in enumerate(self.columns)}
        )
        return {c: int(found[f"c{i}"] or 0) for i, c in enumerate(self.columns)}

    @answered
    def distinct_counts(self) -> dict[str, int]:
        """Distinct values by column."""
        return {c: _length(self._distinct(c)) for c in self.columns}

    @answered
    def value_counts(self, column: str, limit: int) -> list[tuple[Value, int]]:
        """The most frequent values of a column, most frequent first, ties by value."""
        self.cells.known([column])
        counted = self._present(column).group_by("v").agg(nw.len().alias("n"))
        top = counted.sort("n", "v", descending=[True, False]).head(limit).collect("pyarrow")
        return [(row["v"], int(row["n"])) for row in top.to_arrow().to_pylist()]

    @answered
    def quantiles(self, column: str, qs: Sequence[float]) -> NDArray[np.float64]:
        """Exact quantiles of a numeric column, linear between order statistics; NaN when there is no value."""
        value = self.cells.number(column)
        found = self._one(**{f"q{i}": value.quantile(q, interpolation="linear") for i, q in enumerate(qs)})
        return np.array([math.nan if found[f"q{i}"] is None else float(found[f"q{i}"]) for i in range(len(qs))])

    def quantiles_many(self, columns: Sequence[str], qs: Sequence[float]) -> dict[str, NDArray[np.float64]]:
        """`quantiles` of many columns; DuckDB sorts each column once, whatever the number of quantiles.

        Raises:
            InputError: there is no such column, or one is not numeric.
        """
        found = {c: self.cells.number(c) for c in columns}
        in_duckdb = aggregates.duckdb_quantiles(self.frame, found, qs)
        return {c: self.quantiles(c, qs) for c in columns} if in_duckdb is None else in_duckdb

    @answered
    def edge_counts(self, column: str, edges: Sequence[float]) -> NDArray[np.int64]:
        """Values in (-inf, e0), [e0, e1), ..., [ek, inf): one count more than there are edges."""
        return self.edge_counts_many({column: edges})[column]

    @answered
    def bounds(self, column: str) -> tuple[Value, Value]:
        """Smallest and largest value; (None, None) when there is none."""
        self.cells.known([column])
        found = self._one(low=self.cells.value(column).min(), high=self.cells.value(column).max())
        return found["low"], found["high"]

    @answered
    def group_counts(self, columns: Sequence[str], limit: int = GROUP_LIMIT) -> list[tuple[tuple[Value, ...], int]]:
        """Rows per combination of values, missing ones included, most frequent first.

        Raises:
            InputError: there is no such column, or there are more than `limit` groups.
        """
        counted = self._grouped(columns).head(limit + 1).collect("pyarrow").to_arrow()
        self._few(counted.num_rows <= limit, columns, limit)
        groups = zip(*(counted[f"k{i}"].to_pylist() for i in range(len(columns))), strict=True)
        pairs = zip(groups, counted["n"].to_pylist(), strict=True)
        return sorted(((g, int(n)) for g, n in pairs), key=lambda p: (-p[1], repr(p[0])))

    @answered
    def edge_counts_many(self, edges: Edges) -> dict[str, NDArray[np.int64]]:
        """`edge_counts` of many columns in one pass.

        Args:
            edges: rising edges by numeric column.

        Raises:
            InputError: there is no such column, or one is not numeric.
        """
        return aggregates.edge_counts(self.frame, {c: self.cells.number(c) for c in edges}, edges)

    @answered
    def edge_counts_by(
        self, groups: Sequence[str], edges: Edges, limit: int = GROUP_LIMIT
    ) -> dict[tuple[Value, ...], dict[str, NDArray[np.int64]]]:
        """`edge_counts_many` for each group of rows in one pass; missing is a group of its own.

        Args:
            groups: columns that make up the key, such as a label or a contributor.
            edges: rising edges by numeric column.
            limit: most groups.

        Raises:
            InputError: there is no such column, one of `edges` is not numeric, or there are more groups.
        """
        values = {c: self.cells.number(c) for c in edges}
        found, complete = aggregates.edge_counts_by(self.frame, self._keys(groups), values, edges, limit)
        self._few(complete, groups, limit)
        return found

    @answered
    def level_counts(
        self, columns: Sequence[str] | None = None, limit: int = 1000
    ) -> dict[str, list[tuple[Value, int]] | None]:
        """Rows per value of each column (all when None), missing included, most frequent first.

        Args:
            columns: names.
            limit: most values, missing included.

        Returns:
            None for a column with more values than the limit.
        """
        return {c: self._levels(c, limit) for c in (self.columns if columns is None else columns)}

    @answered
    def moments(self, columns: Sequence[str]) -> dict[str, Moments]:
        """Count, mean, variance and bounds of numeric columns in one pass.

        Raises:
            InputError: there is no such column, or one is not numeric.
        """
        found, _ = aggregates.moments_by(self.frame, {}, {c: self.cells.number(c) for c in columns}, 1)
        return dict(found[()].columns)

    @answered
    def moments_by(
        self, groups: Sequence[str], columns: Sequence[str], limit: int = GROUP_LIMIT
    ) -> dict[tuple[Value, ...], GroupMoments]:
        """Rows and `moments` of each group of rows in one pass; missing is a group of its own.

        Args:
            groups: columns that make up the key, such as a label or a contributor.
            columns: numeric (a bool counts as 0 or 1, so its mean is a rate); may be empty.
            limit: most groups.

        Raises:
            InputError: there is no such column, one is not numeric, or there are more groups.
        """
        values = {c: self.cells.number(c) for c in columns}
        found, complete = aggregates.moments_by(self.frame, self._keys(groups), values, limit)
        self._few(complete, groups, limit)
        return found

    @answered
    def covariance(self, columns: Sequence[str]) -> Covariance:
        """How numeric columns vary together, in two passes, over the rows in which all of them are finite.

        Raises:
            InputError: there is no such column, or one is not numeric.
        """
        return aggregates.covariance(self.frame, {c: self.cells.number(c) for c in columns})

    @answered
    def group_sizes(self, columns: Sequence[str]) -> dict[int, int]:
        """How many combinations of values occur how often: groups by size, smallest first; missing is a value."""
        counted = self._grouped(columns).group_by("n").agg(nw.len().alias("groups")).collect("pyarrow").to_arrow()
        return dict(sorted((int(r["n"]), int(r["groups"])) for r in counted.to_pylist()))

    def binned(self, edges: Edges) -> "Table":
        """The same table with some numeric columns turned into bin numbers: 0 below the first edge, null if missing.

        Args:
            edges: rising edges by numeric column.
        """
        return self.changed(
            lambda cells: cells.frame.with_columns(*(cells.binned(c, es).alias(c) for c, es in edges.items()))
        )

    def bucketed(self, column: str, every: Period, to: str) -> "Table":
        """The same table with one more column: the start of the hour, day, month ... in which a moment lies.

        Args:
            column: of dates or moments.
            every: hour, day, month, quarter or year.
            to: name of the new column.

        Raises:
            InputError: there is no such column, or it holds no times.
        """
        if self.dtype(column) not in {"date", "datetime"}:
            raise InputError(f"column {column!r} holds no times", where=self.place, remedy="choose a column of times")
        return self.changed(
            lambda cells: cells.frame.with_columns(
                cells.moment(column).dt.truncate(every).cast(nw.Datetime("us")).alias(to)
            )
        )

    def where(self, column: str, value: Value) -> "Table":
        """The rows that have one value in a column; None asks for those in which it is missing."""
        self.cells.known([column])
        return self.changed(
            lambda cells: cells.frame.filter(
                cells.value(column).is_null() if value is None else cells.value(column) == cells.literal(value)
            )
        )

    @answered
    def shared_keys(self, other: "Table", on: Sequence[str]) -> Shared:
        """Keys that both tables hold; a key with a missing part is in neither.

        Args:
            other: a table of any engine; keys travel as text when the engines differ.
            on: columns that make up the key, in both tables.
        """
        ours, theirs = self.complete(on), other.complete(on)
        plan = [Coded(f"k{i}", c.form) for i, c in enumerate(coded(ours.kinds, theirs.kinds, on))]
        return shared_keys(ours._key_frame(on), theirs._key_frame(on), plan)  # noqa: SLF001 - of the same class

    def batches(self, columns: Sequence[Coded], numbers: Sequence[str] = ()) -> Iterator[Batch]:
        """All rows in order, as hashes of some columns and values of some numeric ones, in bounded batches."""
        with answering(self.place):
            yield from batches(self.streamed, columns, numbers)

    def texts(self, column: str, longest: int) -> Iterator[list[str | None]]:
        """All values of a column as text, in order, in bounded batches.

        Args:
            column: of any type.
            longest: characters of a value that are read.

        Raises:
            InputError: there is no such column.
        """
        self.cells.known([column])
        with answering(self.place):
            yield from texts(self.streamed, column, longest)

    @answered
    def picked(
        self, columns: Sequence[Coded], numbers: Sequence[str], limit: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.int64]]:
        """Hashes, numbers and row numbers of at most `limit` random rows, in order."""
        return picked(self.streamed, columns, numbers, limit, rng)

    @answered
    def duplicate_rows(self, columns: Sequence[str] | None = None) -> Duplicates:
        """How many rows are alike in the given columns (all when None); missing equals missing."""
        counts = self._grouped(columns or self.columns)
        found = counts.select(
            distinct=nw.len(),
            groups=(nw.col("n") > 1).cast(nw.Int64).sum(),
            rows=nw.when(nw.col("n") > 1).then(nw.col("n")).otherwise(0).cast(nw.Int64).sum(),
        )
        row = found.collect("pyarrow").to_arrow().to_pylist()[0]
        return Duplicates(int(row["groups"] or 0), int(row["rows"] or 0), int(row["distinct"]))

    @answered
    def matching(self, column: str, pattern: str) -> int:
        """Rows whose value, as text, contains a match of a regular expression (RE2 syntax)."""
        self.cells.known([column])
        if self.near is not None:  # engines differ in what a pattern means
            return self.near.matching(column, pattern)
        found = self._one(n=self.cells.cell(column).cast(nw.String).str.contains(pattern).cast(nw.Int64).sum())
        return int(found["n"] or 0)

    @answered
    def distinct_sample(self, column: str, limit: int, seed: int) -> list[str]:
        """At most `limit` distinct values as text, chosen by the seed, the same in every engine."""
        self.cells.known([column])
        if self.near is not None:
            return self.near.distinct_sample(column, limit, seed)
        text = self.frame.select(v=self.cells.cell(column).cast(nw.String)).filter(~nw.col("v").is_null())
        text = text.group_by("v").agg(nw.len().alias("n")).select("v")
        chosen = _thinned(text.with_row_index("i", order_by="v"), _length(text), limit, seed)
        return sorted(chosen.select("v").collect("pyarrow").to_arrow()["v"].to_pylist())

    @answered
    def sample(self, limit: int, seed: int) -> "pa.Table":
        """At most `limit` whole rows, chosen by the seed: the only way to rows.

        Raises:
            InputError: more than a million rows are asked for.
        """
        if limit > SAMPLE_LIMIT:
            raise InputError(f"a sample of {limit:,} rows is too large", remedy=f"ask for at most {SAMPLE_LIMIT:,}")
        if self.near is not None:
            return self.near.sample(limit, seed)
        plain = self.frame.select(**{f"c{i}": self.cells.cell(c) for i, c in enumerate(self.columns)})
        key = self._key() if self.rows > max(limit, KEYED_ROWS) else None
        if key is None:
            counted = plain.with_row_index("row", order_by=[f"c{i}" for i in range(len(self.columns))])
            chosen = _thinned(counted, self.rows, limit, seed, "row").sort("row").drop("row")
        else:
            counted = plain.select(key).with_row_index("row", order_by=[key])
            chosen = plain.join(_thinned(counted, self.rows, limit, seed, "row"), on=key, how="semi").sort(key)
        return chosen.collect("pyarrow").to_arrow().rename_columns(list(self.columns))

    def _key(self) -> str | None:
        """A column of numbers that tells all rows apart, so that a sample need not sort whole rows."""
        few = self.first(KEYED_ROWS // 10)
        for place, column in enumerate(self.columns):
            if self.kinds[column] in {"int", "float"}:
                sides = (side.select([column]) for side in (few, self))
                if all(side.distinct_counts()[column] == side.rows for side in sides):
                    return f"c{place}"
        return None

    def _one(self, **expressions: nw.Expr) -> dict[str, Value]:
        rows = self.frame.select(**expressions).collect("pyarrow").to_arrow().to_pylist()
        return dict(rows[0])

    def _present(self, column: str) -> nw.LazyFrame[Any]:
        return self.frame.select(v=self.cells.value(column)).filter(~nw.col("v").is_null())

    def _distinct(self, column: str) -> nw.LazyFrame[Any]:
        return self._present(column).group_by("v").agg(nw.len().alias("n"))  # unique() would number all rows on Spark

    def _grouped(self, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        keys = {f"k{i}": k for i, k in enumerate(self._keys(columns).values())}
        return self.frame.select(**keys).group_by(*keys).agg(nw.len().alias("n"))

    def _key_frame(self, on: Sequence[str]) -> nw.LazyFrame[Any]:
        table = self.near or self
        return table.frame.select(**{f"k{i}": table.cells.cell(c) for i, c in enumerate(on)})

    def _keys(self, columns: Sequence[str]) -> dict[str, nw.Expr]:
        self.cells.known(columns)
        return {c: self.cells.value(c) for c in columns}

    def _few(self, complete: bool, columns: Sequence[str], limit: int) -> None:
        if not complete:
            raise InputError(
                f"columns {', '.join(columns)} have more than {limit:,} combinations",
                where=self.place,
                remedy="group by columns with fewer values",
            )

    def _levels(self, column: str, limit: int) -> list[tuple[Value, int]] | None:
        found = self._grouped([column]).head(limit + 1).collect("pyarrow").to_arrow().to_pylist()
        if len(found) > limit:
            return None
        return sorted(((row["k0"], int(row["n"])) for row in found), key=lambda p: (-p[1], repr(p[0])))


def _length(frame: nw.LazyFrame[Any]) -> int:
    return int(frame.select(n=nw.len()).collect("pyarrow").item())


def _thinned(frame: nw.LazyFrame[Any], rows: int, limit: int, seed: int, index: str = "i") -> nw.LazyFrame[Any]:
    """At most `limit` rows of an indexed frame: i -> (a i + b) mod rows is a bijection, so exactly `limit` stay."""
    if rows <= limit:
        return frame
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    factor = next(f for f in iter(lambda: rng.randrange(1, min(rows, 1 << 31)), 0) if math.gcd(f, rows) == 1)
    shift = rng.randrange(rows)
    return frame.filter((nw.col(index).cast(nw.Int64) * factor + shift) % rows < limit)
