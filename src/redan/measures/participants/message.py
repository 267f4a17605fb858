"""What a contributor signs: one row's canonical cells, for one context, under one name.

Cells are those of docs/spec/content.md, so a signature outlives every change of file format. The kind of each column
comes from the register, never from the file: one stray text in a column of numbers must not void everybody's rows.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from redan.canon import canonical
from redan.content.cells import Bytes, cells, digests, joined
from redan.content.columns import Kind, columns_of
from redan.errors import InputError
from redan.tables import Table, open_table
from redan.tables.encoded import relation_of
from redan.tables.engine import named

DOMAIN = b"redan contribution v1\n"
_BATCH_ROWS = 1 << 13
_WORD = 4096  # longer than any id or signature; what is longer is neither


@dataclass(frozen=True, slots=True)
class Rows:
    """Some consecutive rows.

    Args:
        digests: SHA-256 of each row's canonical cells, rows x 32.
        words: further columns as text, by name; None where missing.
        days: of the time column, as `YYYY-MM-DD`; None where missing or when there is none.
    """

    digests: Bytes
    words: Mapping[str, list[str | None]]
    days: list[str | None]


def signed_bytes(row: bytes, participant: str, context: str, columns: Mapping[str, Kind]) -> bytes:
    """The bytes that a signature is over.

    Args:
        row: SHA-256 of the row's canonical cells, 32 bytes.
        participant: who signs.
        context: of the register.
        columns: kinds by column, of the register.
    """
    head = canonical({"columns": dict(columns), "context": context, "participant": participant})
    return DOMAIN + hashlib.sha256(head).digest() + row


def opened(source: Path | Table) -> Table:
    """The table itself, or the file's values as the texts that they are, so that the register's kinds decide."""
    return open_table(source, typed=False) if isinstance(source, Path) else source


def message_rows(
    table: Table, columns: Mapping[str, Kind], *, words: tuple[str, ...] = (), time: str | None = None
) -> Iterator[Rows]:
    """All rows in order, in bounded batches.

    Args:
        table: of any engine.
        columns: what a message holds, kind by column.
        words: columns that are wanted as text, whatever their type.
        time: column of dates or moments whose days are wanted.

    Raises:
        InputError: there is no such column, or a value has no canonical form.
    """
    import duckdb

    unknown = [name for name in (*columns, *words, *([time] if time else [])) if name not in table.columns]
    if unknown:
        raise InputError(f"there is no column {unknown[0]!r}", where=table.place, remedy="name columns of the table")
    with ExitStack() as stack:
        relation = relation_of(table.frame, stack)
        chosen = relation.project(
            ", ".join(
                f"CAST({named(c)} AS VARCHAR) AS {named(c)}"
                if kind == "text" and table.kinds[c] in {"int", "bool"}
                else named(c)
                for c, kind in columns.items()
            )
        )
        read = columns_of(chosen, table.place, columns)
        terms = [f"{part.sql} AS p{i}_{j}" for i, column in enumerate(read) for j, part in enumerate(column.parts)]
        terms += [f"{_word(table, name)} AS w{i}" for i, name in enumerate(words)]
        terms += [f"CAST(TRY_CAST({named(time)} AS DATE) AS VARCHAR) AS day"] if time else []
        try:
            for batch in relation.project(", ".join(terms)).to_arrow_reader(_BATCH_ROWS):
                arrays = iter(batch.columns)
                found = [cells(column, [next(arrays) for _ in column.parts]).encoded for column in read]
                texts = {name: next(arrays).to_pylist() for name in words}
                days = next(arrays).to_pylist() if time else [None] * batch.num_rows
                yield Rows(digests(joined(found)), texts, days)
        except duckdb.Error as error:
            what = "holds a value that cannot be brought into its canonical form"
            raise InputError(what, where=table.place, remedy="write the file again; it may be damaged") from error


def _word(table: Table, name: str) -> str:
    """A cell as the register writes it: 7 and not 7.0, which a missing cell makes of a column of whole numbers."""
    value = named(name)
    if table.dtype(name) == "float":
        whole = f"{value} = floor({value}) AND abs({value}) < 1e15"
        return f"CASE WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE CAST({value} AS VARCHAR) END"
    return f"left(trim(CAST({value} AS VARCHAR)), {_WORD})"
