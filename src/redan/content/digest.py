"""Digests of a table's content, the same for every file format, layout, engine and number of threads."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from redan.canon import canonical
from redan.content.cells import Bytes, Cells, cells, digests, joined
from redan.content.columns import Column, Kind, columns_of
from redan.errors import InputError
from redan.tables import Table, open_table
from redan.tables.encoded import relation_of
from redan.tables.engine import connect, named

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DOMAIN = b"redan content v1\n"
DIGEST_BYTES = 32
_BATCH_BYTES = 64 << 20
_MOST_ROWS, _FEWEST_ROWS = 1 << 16, 1 << 8
_CELL_BYTES = 16
_SORTED_IN_MEMORY = 1 << 22  # rows; 128 MB of digests


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentDigest:
    """What a table says, as two digests; see docs/spec/content.md.

    Args:
        ordered: SHA-256 over the rows in their order, 64 hex digits.
        unordered: the same over the rows as a multiset: the order counts for nothing, copies do.
        rows: how many.
        kinds: what each column holds, by name, sorted by name.
    """

    ordered: str
    unordered: str
    rows: int
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive rows.

    Args:
        digests: SHA-256 of each row, rows x 32.
        hints: one byte per cell, rows x columns in the order of their names.
        identities: SHA-256 of each row's identifiers, rows x 32; None without identifiers.
    """

    digests: Bytes
    hints: Bytes
    identities: Bytes | None


@dataclass(frozen=True)
class Reading:
    """A table opened for its content.

    Args:
        relation: of the whole table.
        columns: sorted by name.
        place: its file, for messages.
    """

    relation: "duckdb.DuckDBPyRelation"
    columns: tuple[Column, ...]
    place: str | None

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds."""
        return {column.name: column.kind for column in self.columns}

    def blocks(self, identifiers: Sequence[str] = ()) -> Iterator[Block]:
        """All rows in order.

        Args:
            identifiers: columns that tell rows apart.

        Raises:
            InputError: there is no such column, or the engine cannot read a value.
        """
        import duckdb

        names = [column.name for column in self.columns]
        unknown = [name for name in identifiers if name not in names]
        if unknown:
            raise InputError(f"there is no column {unknown[0]!r}", where=self.place, remedy="name columns of the table")
        terms = [
            f"{part.sql} AS p{i}_{j}" for i, column in enumerate(self.columns) for j, part in enumerate(column.parts)
        ]
        try:
            for batch in self.relation.project(", ".join(terms)).to_arrow_reader(self._batch_rows()):
                yield self._block(batch, [names.index(name) for name in sorted(identifiers)])
        except duckdb.OutOfMemoryException as error:
            raise InputError("needs more memory than its reader may use", where=self.place) from error
        except duckdb.Error as error:
            what = "holds a value that cannot be brought into its canonical form"
            raise InputError(what, where=self.place, remedy="write the file again; it may be damaged") from error

    def _block(self, batch: "pa.RecordBatch", identifiers: Sequence[int]) -> Block:
        arrays = iter(batch.columns)
        found: list[Cells] = [cells(column, [next(arrays) for _ in column.parts]) for column in self.columns]
        encoded = [cell.encoded for cell in found]
        chosen = [encoded[place] for place in identifiers]
        return Block(
            digests(joined(encoded)),
            np.column_stack([cell.hints for cell in found]),
            digests(joined(chosen)) if chosen else None,
        )

    def _batch_rows(self) -> int:
        """Rows of a batch that is bounded in bytes even when one text of the table is long."""
        ids = dict(zip(self.relation.columns, self.relation.types, strict=True))
        lengths = {"varchar": "strlen", "blob": "octet_length"}
        terms = [f"max({lengths[str(t.id)]}({named(n)}))" for n, t in ids.items() if str(t.id) in lengths]
        longest = self.relation.aggregate(", ".join(terms)).fetchall()[0] if terms else ()
        width = _CELL_BYTES * len(self.columns) + sum(size or 0 for size in longest)
        return int(min(max(_BATCH_BYTES // width, _FEWEST_ROWS), _MOST_ROWS))


def reading(
    source: Path | Table,
    stack: ExitStack,
    kinds: Mapping[str, Kind] | None = None,
    names: Mapping[str, str] | None = None,
) -> Reading:
    """A file's or a frame's content, to be read.

    Args:
        source: a file that `open_table` reads, or a table.
        stack: holds what the reading needs.
        kinds: what columns held when they were sealed; see `columns_of`.
        names: the columns that are wanted, each with the name that it has in the table; all when None.

    Raises:
        InputError: it is no table, or a column holds nested values.
    """
    table = open_table(source, typed=kinds is None) if isinstance(source, Path) else source
    stack.callback(lambda: table.keeps)  # the connection lives as long as its relation is read
    relation = relation_of(table.frame, stack)
    if names is not None:
        relation = relation.project(", ".join(f"{named(now)} AS {named(name)}" for name, now in names.items()))
    return Reading(relation, columns_of(relation, table.place, kinds), table.place)


def content_digest(source: Path | Table) -> ContentDigest:
    """The digests of a file's or a frame's content.

    Raises:
        InputError: it is no table, or a column holds nested values.
    """
    with ExitStack() as stack:
        read = reading(source, stack)
        found = [block.digests for block in read.blocks()]
        return digest_of_rows(read.kinds, np.concatenate([np.empty((0, DIGEST_BYTES), np.uint8), *found]))


def digest_of_rows(kinds: Mapping[str, Kind], rows: Bytes) -> ContentDigest:
    """The digests of a table from those of its rows.

    Args:
        kinds: what each column holds, by name.
        rows: SHA-256 of each row, rows x 32, in order; may lie in a file.
    """
    names = sorted(kinds)
    return ContentDigest(
        ordered=_over(names, len(rows), "given", _slices(rows)),
        unordered=_over(names, len(rows), "sorted", _sorted(rows)),
        rows=len(rows),
        kinds={name: kinds[name] for name in names},
    )


def _over(names: list[str], rows: int, order: str, parts: Iterator[bytes]) -> str:
    state = hashlib.sha256(DOMAIN + canonical({"columns": tuple(names), "order": order, "rows": rows}) + b"\n")
    for part in parts:
        state.update(part)
    return state.hexdigest()


def _slices(rows: Bytes) -> Iterator[bytes]:
    for first in range(0, len(rows), _MOST_ROWS):
        yield rows[first : first + _MOST_ROWS].tobytes()


def _sorted(rows: Bytes) -> Iterator[bytes]:
    """The digests in ascending order; many are sorted by the engine, which spills to disk."""
    if len(rows) <= _SORTED_IN_MEMORY:
        words = np.ascontiguousarray(rows).view(">u8")
        yield rows[np.lexsort([words[:, place] for place in (3, 2, 1, 0)])].tobytes()
        return
    import pyarrow as pa

    kind = pa.binary(DIGEST_BYTES)
    batches = (
        pa.record_batch(
            [pa.Array.from_buffers(kind, len(part) // DIGEST_BYTES, [None, pa.py_buffer(part)])], names=["d"]
        )
        for part in _slices(rows)
    )
    connection = connect()
    try:
        given = connection.from_arrow(pa.RecordBatchReader.from_batches(pa.schema([("d", kind)]), batches))
        for batch in given.order("d").to_arrow_reader(_MOST_ROWS):
            yield b"".join(batch.column(0).to_pylist())
    finally:
        connection.close()
