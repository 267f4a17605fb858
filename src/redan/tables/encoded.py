"""Columns as numbers, streamed: equal values have equal hashes in every table, and no frame is ever held whole.

The engine hashes and casts; only bounded batches of 64-bit hashes and floats reach Python.
"""

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from redan.tables.engine import connect, named, quoted
from redan.tables.kinds import Kind

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Words: TypeAlias = NDArray[np.uint64]
Form: TypeAlias = Literal["integer", "number", "time", "bool", "text"]
TEXT_ROWS = 2_000
BATCH_CELLS = 2_000_000  # 16 MB of 64-bit words


class Coded(NamedTuple):
    """One column of both tables and the form in which its values are compared.

    Args:
        left: its name in the table it is read from.
        form: how values are made comparable before they are hashed.
    """

    name: str
    form: Form


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows.

    Args:
        first: number of the first row, from 0.
        hashes: uint64, rows x columns; a missing value has a hash of its own.
        numbers: float64, rows x numeric columns asked for; NaN where missing.
    """

    first: int
    hashes: NDArray[np.uint64]
    numbers: NDArray[np.float64]

    @property
    def row_hashes(self) -> NDArray[np.uint64]:
        """One hash per row over all columns."""
        return combine(self.hashes)


def combine(hashes: NDArray[np.uint64], columns: Sequence[int] | None = None) -> NDArray[np.uint64]:
    """One hash per row from the hashes of some columns (all when None)."""
    return mixed(hashes, [range(hashes.shape[1]) if columns is None else columns])[:, 0]


def mixed(hashes: NDArray[np.uint64], sets: Sequence[Sequence[int]]) -> NDArray[np.uint64]:
    """One hash per row and set of columns: multilinear hashing modulo 2**64 with a fixed odd word per column.

    Source: Lemire and Kaser (2014), "Strongly universal string hashing is fast", section 3; the words must not stand in
    a simple relation, or rows with exchanged values would meet.
    """
    words = scattered(np.arange(1, hashes.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
    weights = np.zeros((hashes.shape[1], len(sets)), dtype=np.uint64)
    for to, columns in enumerate(sets):
        chosen = list(columns)
        weights[chosen, to] = words[chosen]
    return np.asarray(hashes @ weights)


def scattered(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Small numbers spread over 64 bits, one to one (the finaliser of SplitMix64; Steele et al., 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def coded(left: Mapping[str, Kind], right: Mapping[str, Kind], columns: Sequence[str]) -> tuple[Coded, ...]:
    """How columns of two tables are compared: numbers as numbers, times as times, all else as text."""
    return tuple(Coded(c, form_of(left[c], right[c])) for c in columns)


def form_of(left: Kind, right: Kind) -> Form:
    """The form in which values of two columns can be equal."""
    both = {left, right}
    if both == {"int"}:
        return "integer"
    if both <= {"int", "float"}:
        return "number"
    if both <= {"date", "datetime"}:
        return "time"
    return "bool" if both == {"bool"} else "text"


def batches(frame: nw.LazyFrame[Any], columns: Sequence[Coded], numbers: Sequence[str] = ()) -> Iterator[Batch]:
    """All rows in order, in batches of about 16 MB.

    Args:
        frame: of any engine; other engines than DuckDB write a temporary Parquet file first.
        columns: to hash.
        numbers: numeric columns whose values are wanted as well.
    """
    size = max(BATCH_CELLS // max(len(columns) + len(numbers), 1), 1000)
    with ExitStack() as stack:
        first = 0
        for block in relation_of(frame, stack).project(_terms(columns, numbers)).to_arrow_reader(size):
            yield Batch(first, *_arrays(block, len(columns), len(numbers)))
            first += block.num_rows


def _terms(columns: Sequence[Coded], numbers: Sequence[str]) -> str:
    terms = [f"{_hash(c)} AS h{i}" for i, c in enumerate(columns)]
    return ", ".join(terms + [f"CAST({named(c)} AS DOUBLE) AS x{i}" for i, c in enumerate(numbers)])


def _arrays(block: "pa.RecordBatch | pa.Table", words: int, reals: int) -> tuple[Words, NDArray[np.float64]]:
    hashes = np.empty((block.num_rows, words), dtype=np.uint64)
    values = np.empty((block.num_rows, reals), dtype=np.float64)
    for i in range(words):
        hashes[:, i] = block.column(i).to_numpy()
    for i in range(reals):
        values[:, i] = block.column(words + i).to_numpy(zero_copy_only=False)
    values[~np.isfinite(values)] = np.nan
    return hashes, values


def picked(
    frame: nw.LazyFrame[Any], columns: Sequence[Coded], numbers: Sequence[str], limit: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.int64]]:
    """Hashes, numbers and row numbers of `limit` random rows (all when there are no more), in order.

    The engine keeps row i when (a i + b) mod rows < limit, a bijection, so only the chosen rows are hashed.
    """
    with ExitStack() as stack:
        relation = relation_of(frame, stack)
        rows = int(relation.count("*").fetchall()[0][0])
        place = named("row" + "_" * (1 + max((len(c) for c in relation.columns), default=0)))
        counted = relation.project(f"*, row_number() OVER () - 1 AS {place}")
        if rows > limit:
            factor = next(
                f for f in iter(lambda: int(rng.integers(1, min(rows, 1 << 31))), 0) if math.gcd(f, rows) == 1
            )
            counted = counted.filter(f"({place} * {factor} + {int(rng.integers(rows))}) % {rows} < {limit}")
        found = counted.project(f"{_terms(columns, numbers)}, {place} AS place").to_arrow_table()
    order = np.argsort(found["place"].to_numpy())
    hashes, values = _arrays(found, len(columns), len(numbers))
    return hashes[order], values[order], found["place"].to_numpy()[order]


def texts(frame: nw.LazyFrame[Any], column: str, longest: int) -> Iterator[list[str | None]]:
    """The first characters of all values of a column as text, in order, in bounded batches."""
    with ExitStack() as stack:
        relation = relation_of(frame, stack).project(f"left(CAST({named(column)} AS VARCHAR), {int(longest)}) AS v")
        for block in relation.to_arrow_reader(TEXT_ROWS):
            yield block.column(0).to_pylist()


def relation_of(frame: nw.LazyFrame[Any], stack: ExitStack) -> "duckdb.DuckDBPyRelation":
    """The frame as a DuckDB relation; other engines write a temporary Parquet file, which the stack removes."""
    import duckdb

    native = frame.to_native()
    if isinstance(native, duckdb.DuckDBPyRelation):
        return native
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redan-")))
    target = folder / "table.parquet"
    frame.sink_parquet(str(target))
    connection = connect(folder)
    stack.callback(connection.close)
    files = target / "*.parquet" if target.is_dir() else target  # Spark writes a folder of parts
    return connection.sql(f"SELECT * FROM read_parquet({quoted(str(files))})")  # noqa: S608 - quoted


def _hash(column: Coded) -> str:
    """SQL for the 64-bit hash of a value in its form."""
    value = named(column.name)
    match column.form:
        case "number":  # adding zero makes -0.0 and 0.0 alike
            number = f"CAST({value} AS DOUBLE)"
            return f"hash(CASE WHEN isnan({number}) THEN NULL ELSE {number} + 0.0 END)"
        case "integer":  # not as HUGEINT: DuckDB gives -1 and 0 of that type one hash
            short = f"TRY_CAST({value} AS BIGINT)"
            return f"CASE WHEN {short} IS NULL THEN hash(CAST({value} AS VARCHAR)) ELSE hash({short}) END"
        case "time":
            return f"hash(CAST({value} AS TIMESTAMP))"
        case "bool":
            return f"hash(CAST({value} AS BOOLEAN))"
        case _:
            return f"hash(CAST({value} AS VARCHAR))"
