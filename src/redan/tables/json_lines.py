"""JSON lines: one flat object a line, all with the same kind of value under a key."""

import codecs
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from redan.errors import InputError
from redan.tables.kept import Kept, Spool

LINE_BYTES = 4 << 20
BATCH = 20_000
COLUMNS = 10_000


def keep_json_lines(path: Path, spool: Spool) -> Kept:
    """Converts JSON lines to typed Parquet.

    Raises:
        InputError: a line is not a flat JSON object, or a key holds values of several kinds.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = _kinds(path)
    schema = pa.schema([(name, _arrow(found)) for name, found in kinds.items()])
    records = _records(path)
    with pq.ParquetWriter(spool.file, schema) as writer:
        while batch := list(islice(records, BATCH)):
            columns = {name: [_plain(row.get(name), found) for _, row in batch] for name, found in kinds.items()}
            writer.write_table(pa.table(columns, schema=schema))
    return Kept(spool.file, spool)


def _kinds(path: Path) -> dict[str, set[type]]:
    kinds: dict[str, set[type]] = {}
    for line, row in _records(path):
        for name, value in row.items():
            if isinstance(value, (dict, list)):
                raise _bad(path, line, f"key {name[:80]!r} holds a nested value", "give one plain value per key")
            found = kinds.setdefault(name, set())
            if value is not None:
                found.add(type(value))
                if type(value) is int and abs(value) >= 1 << 63:
                    found.add(str)
        if len(kinds) > COLUMNS:
            raise _bad(path, line, f"has more than {COLUMNS:,} keys", "give a table with fewer columns")
    if not kinds:
        raise InputError("has no rows", where=str(path), remedy="give a file with at least one object")
    return kinds


def _records(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES + 1):
            number += 1
            if len(line) > LINE_BYTES:
                raise _bad(path, number, f"the line is longer than {LINE_BYTES:,} bytes", "give shorter lines")
            if line.strip():
                yield number, _object(path, number, line)


def _object(path: Path, number: int, line: bytes) -> dict[str, object]:
    try:
        value = json.loads(line.removeprefix(codecs.BOM_UTF8).decode(), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise _bad(path, number, "is not UTF-8 text", "save it as UTF-8") from error
    except _DoubledKeyError as error:
        raise _bad(path, number, f"key {str(error)[:80]!r} occurs twice", "give every key once") from error
    except (ValueError, RecursionError) as error:
        raise _bad(path, number, "the line is not JSON", "write one JSON object per line") from error
    if not isinstance(value, dict):
        raise _bad(path, number, "the line is not a JSON object", "write one JSON object per line")
    return value


class _DoubledKeyError(Exception):
    """A key occurs twice in one object."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _DoubledKeyError(name)
        found[name] = value
    return found


def _arrow(found: set[type]) -> object:
    import pyarrow as pa

    if found == {bool}:
        return pa.bool_()
    if found == {int}:
        return pa.int64()
    return pa.float64() if found and found <= {int, float} else pa.string()


def _plain(value: object, found: set[type]) -> object:
    if value is None or len(found) == 1:
        return value
    if found <= {int, float} and isinstance(value, (int, float)):
        return float(value)
    return value if isinstance(value, str) else json.dumps(value)


def _bad(path: Path, line: int, what: str, remedy: str) -> InputError:
    return InputError(what, where=f"{path}:{line}", remedy=remedy)
