"""Pseudonyms in whole files: read in batches, written in batches, nothing else changed, and a record beside it."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from redan.canon import Json
from redan.defences.pseudonymise.back import Way
from redan.defences.pseudonymise.fields import Field
from redan.errors import InputError, UsageError
from redan.files import atomic_file, digest_file
from redan.tables import Table, open_table
from redan.tables.encoded import relation_of

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 50_000
SCHEMA = "redan/pseudonyms/v1"
_SUFFIXES = (".csv", ".tsv", ".parquet")
_FLOAT_INTEGER = re.compile(r"([0-9]{1,20})\.0+")


@dataclass(slots=True)
class Count:
    """What became of one column; filled while the file is written.

    Args:
        values: cells that held something.
        changed: places that were replaced, by kind of personal data; of free text only.
        tokens: distinct values per batch that did not have the form of their field and became tokens.
        left: cells that could not be mapped and stay as they are.
        same: distinct values per batch whose pseudonym is the value itself, which encryption does once in a domain.
        originals: hashes of the distinct originals.
        new: hashes of the distinct pseudonyms.
    """

    values: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    left: int = 0
    same: int = 0
    originals: set[int] = field(default_factory=set)
    new: set[int] = field(default_factory=set)

    def to_json(self) -> dict[str, Json]:
        """The counts as the record writes them."""
        return {
            "values": self.values,
            "distinct": len(self.originals),
            "pseudonyms": len(self.new),
            "met": len(self.originals & self.new),
            "tokens": self.tokens,
            "left": self.left,
            "same": self.same,
            "places": {**self.changed},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that was written.

    Args:
        rows: how many.
        columns: what became of each column that was worked on.
        source: SHA-256 of the file that was read.
        target: SHA-256 of the file that was written.
    """

    rows: int
    columns: Mapping[str, Count]
    source: str
    target: str

    def record(self, way: Way, fields: Mapping[str, Field], now: dt.date) -> dict[str, Json]:
        """What was done, without any value or secret: enough to map back, or to prove that it was done."""
        return {
            "schema": SCHEMA,
            "made": now.isoformat(),
            "project": way.ring.project,
            "key": way.ring.key(way.key).id,
            "source": self.source,
            "target": self.target,
            "rows": self.rows,
            "columns": {
                name: {"field": f.name, "form": f.form, "region": f.region, **self.columns[name].to_json()}
                for name, f in fields.items()
            },
        }


def rewrite(source: Path, target: Path, fields: Mapping[str, Field], way: Way) -> Written:
    """Writes a copy of a table in which some columns are replaced.

    Args:
        source: any table that `open_table` reads; text is read as text, so that nothing else changes.
        target: `.csv`, `.tsv` or `.parquet`; readable by its owner only, and a file of that name gives way.
        fields: by column.
        way: there or back, with which key.

    Returns:
        Counts and digests.

    Raises:
        InputError: the source is no table, or lacks a column.
        UsageError: the target cannot be written.
    """
    if target.suffix.lower() not in _SUFFIXES:
        raise UsageError("has no known form", where=str(target), remedy=f"name it {', '.join(_SUFFIXES)}")
    if target.exists() and target.resolve() == source.resolve():
        raise UsageError("would replace what it is read from", where=str(target), remedy="name another file")
    table = open_table(source, typed=False)
    missing = [name for name in fields if name not in table.columns]
    if missing:
        what = f"there is no column {', '.join(map(repr, missing))}"
        remedy = f"choose from {', '.join(map(repr, table.columns[:20]))}"
        raise InputError(what, where=str(source), remedy=remedy)
    counts = {name: Count() for name in fields}
    rows = 0
    with ExitStack() as stack, atomic_file(target, mode=0o600) as file:
        writer: _Writer | None = None
        for batch in _batches(table, stack):
            changed = _changed(batch, fields, way, counts)
            writer = writer or stack.enter_context(_Writer(file, target.suffix.lower(), changed.schema))
            writer.write(changed)
            rows += changed.num_rows
        if writer is not None:
            writer.close()
    return Written(rows=rows, columns=counts, source=digest_file(source).sha256, target=digest_file(target).sha256)


def _batches(table: Table, stack: ExitStack) -> Iterator["pa.RecordBatch"]:
    yield from relation_of(table.frame, stack).to_arrow_reader(BATCH_ROWS)


def _changed(
    batch: "pa.RecordBatch", fields: Mapping[str, Field], way: Way, counts: Mapping[str, Count]
) -> "pa.RecordBatch":
    import pyarrow as pa

    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name, one in fields.items():
        cells = [None if v is None else _plain(str(v)) for v in columns[name].to_pylist()]
        columns[name] = pa.array(_replaced(cells, one, way, counts[name]), pa.string())
    return pa.RecordBatch.from_pydict(columns)


def _replaced(cells: list[str | None], one: Field, way: Way, count: Count) -> list[str | None]:
    filled = [c for c in cells if c is not None and c.strip()]
    mapped = way.mapped(filled, one)
    count.values += len(filled)
    count.tokens += mapped.tokens
    count.changed.update(mapped.places)
    count.left += sum(c not in mapped.values for c in filled)
    count.same += sum(old == new for old, new in mapped.values.items()) if one.form != "text" else 0
    count.originals.update(map(hash, mapped.values))
    count.new.update(map(hash, mapped.values.values()))
    return [c if c is None else mapped.values.get(c, c) for c in cells]


def _plain(value: str) -> str:
    whole = _FLOAT_INTEGER.fullmatch(value)  # a column of integers with gaps is often stored as floats
    return whole.group(1) if whole else value


class _Writer:
    """Writes batches to an open file as CSV or Parquet."""

    def __init__(self, file: BinaryIO, suffix: str, schema: "pa.Schema") -> None:
        from pyarrow import csv, parquet

        self._writer: csv.CSVWriter | parquet.ParquetWriter
        if suffix == ".parquet":
            self._writer = parquet.ParquetWriter(file, schema)
        else:
            options = csv.WriteOptions(delimiter="\t" if suffix == ".tsv" else ",", quoting_style="needed")
            self._writer = csv.CSVWriter(file, schema, write_options=options)
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, batch: "pa.RecordBatch") -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._writer.close()
