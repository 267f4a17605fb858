"""Recognises tables by their bytes and looks at the first rows of each; the rows are forgotten at once."""

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from redan.errors import InputError
from redan.files import open_regular
from redan.system.discover.found import ColumnFacts, ColumnKind, TableFile
from redan.system.discover.walk import head

HEAD_BYTES = 1 << 20
ROWS = 2_000
_COLUMNS = 2_000
_NAME_CHARS = 200
_GROUP_BYTES = 256 << 20  # a row group larger than this is not opened for a look
_SEEN_ROWS = 3  # fewer consistent lines are prose or a listing, not a table
_NOT_DATA = frozenset(
    {
        "py", "md", "rst", "toml", "yaml", "yml", "json", "html", "htm", "js", "ts", "css", "ini", "cfg", "lock", "sh",
        "ipynb", "xml", "svg", "tex", "bib", "java", "c", "h", "cpp", "go", "rs", "sql", "r", "log",
    }
)  # fmt: skip
_TOKENS = frozenset({"", "na", "n/a", "nan", "null", "none"})
_INT = re.compile(r"[+-]?[0-9]{1,18}")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(
    r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}(?:[T ][0-9:.]{4,18}(?:Z|[+-][0-9:]{2,6})?)?"
    r"|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}"
)
_BOOL = frozenset({"true", "false"})


def table(root: Path, path: str) -> TableFile | None:
    """The table that a file holds, or None when its bytes are no table.

    Args:
        root: the folder.
        path: relative to it.
    """
    start = head(root, path, 16)
    if start.startswith(b"PAR1"):
        return TableFile(path=path, format="Parquet", columns=_opened(root, path, _parquet))
    if start.startswith((b"ARROW1\0\0", b"FEA1")):
        return TableFile(path=path, format="Arrow", columns=_opened(root, path, _arrow))
    if start[8:12] == b"DUCK":
        return TableFile(path=path, format="DuckDB")
    suffix = path.rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""
    if suffix in _NOT_DATA or not start:
        return None
    text = _text(head(root, path, HEAD_BYTES))
    return (_json_lines(path, text) or _delimited(path, text)) if text else None


def facts(columns: Mapping[str, Iterable[object]]) -> tuple[ColumnFacts, ...]:
    """What the sampled values of each column show.

    Args:
        columns: values by column name; None and the usual words for missing are left out.
    """
    return tuple(_facts(name, values) for name, values in columns.items())


def _facts(name: str, values: Iterable[object]) -> ColumnFacts:
    texts = [text for value in values if (text := _plain(value)).lower() not in _TOKENS]
    spaced = any(" " in text for text in texts)
    return ColumnFacts(name=name, kind=_kind(texts), sampled=len(texts), distinct=len(set(texts)), spaced=spaced)


def _plain(value: object) -> str:
    return "" if value is None else str(value)[:1000].strip()


def _kind(texts: Sequence[str]) -> ColumnKind:
    if not texts:
        return "empty"
    if all(text.lower() in _BOOL for text in texts):
        return "bool"
    if all(_INT.fullmatch(text) for text in texts):
        return "int"
    if all(_FLOAT.fullmatch(text) for text in texts):
        return "float"
    return "date" if all(_DATE.fullmatch(text) for text in texts) else "text"


def _text(data: bytes) -> str:
    """The text up to its last whole line; empty when the bytes are not UTF-8 text."""
    if b"\0" in data or not data.strip():
        return ""
    whole = data if len(data) < HEAD_BYTES else data[: data.rfind(b"\n") + 1]
    try:
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _json_lines(path: str, text: str) -> TableFile | None:
    if not text.startswith("{"):
        return None
    columns: dict[str, list[object]] = {}
    rows = 0
    for line in text.splitlines()[:ROWS]:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict) or len(columns) > _COLUMNS:
            return None
        rows += 1
        for key, value in row.items():
            columns.setdefault(key, []).append(None if isinstance(value, (dict, list)) else value)
    return TableFile(path=path, format="JSON lines", columns=facts(columns)) if rows and columns else None


def _delimited(path: str, text: str) -> TableFile | None:
    first = text.partition("\n")[0]
    delimiter = max(",\t;|", key=first.count)
    rows = _rows(text, delimiter)
    if len(rows) < 2 or not _is_header(rows[0]):  # noqa: PLR2004 -- a header and a row
        return None
    width = len(rows[0])
    body = [row for row in rows[1:] if len(row) == width]
    if len(body) * 10 < len(rows[1:]) * 9 or (len(body) < _SEEN_ROWS and not path.lower().endswith((".csv", ".tsv"))):
        return None
    columns = {name.strip(): [row[index] for row in body] for index, name in enumerate(rows[0])}
    return TableFile(path=path, format="TSV" if delimiter == "\t" else "CSV", columns=facts(columns))


def _rows(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > ROWS:
                break
    except csv.Error:
        return []
    return rows


def _is_header(names: Sequence[str]) -> bool:
    """Column names are short, different from each other and not numbers."""
    bare = [name.strip() for name in names]
    if not 2 <= len(bare) <= _COLUMNS or len(set(bare)) != len(bare):  # noqa: PLR2004 -- one column is a list of words
        return False
    unnamed = bare.count("")  # pandas leaves its index without a name
    return unnamed <= 1 and all(len(name) <= _NAME_CHARS and not _FLOAT.fullmatch(name) for name in bare)


def _opened(
    root: Path, path: str, look: Callable[[io.BufferedReader], tuple[ColumnFacts, ...]]
) -> tuple[ColumnFacts, ...]:
    """What `look` sees in a file; nothing when the file is damaged."""
    import pyarrow as pa

    try:
        with os.fdopen(open_regular(root / path), "rb") as file:
            return look(file)
    except (InputError, OSError, ValueError, MemoryError, NotImplementedError, pa.ArrowException):
        return ()


def _parquet(file: io.BufferedReader) -> tuple[ColumnFacts, ...]:
    import pyarrow.parquet as pq

    limit = 64 << 20
    opened = pq.ParquetFile(file, thrift_string_size_limit=limit, thrift_container_size_limit=1 << 20)
    names = opened.schema_arrow.names[:_COLUMNS]
    small = opened.num_row_groups and opened.metadata.row_group(0).total_byte_size <= _GROUP_BYTES
    if not small:
        return facts(dict.fromkeys(names, ()))
    batch = next(opened.iter_batches(batch_size=ROWS, row_groups=[0], columns=names), None)
    return facts(dict.fromkeys(names, ()) if batch is None else batch.to_pydict())


def _arrow(file: io.BufferedReader) -> tuple[ColumnFacts, ...]:
    import pyarrow as pa

    opened = pa.ipc.open_file(file)
    names = opened.schema.names[:_COLUMNS]
    if not opened.num_record_batches or os.fstat(file.fileno()).st_size > _GROUP_BYTES:
        return facts(dict.fromkeys(names, ()))
    whole = opened.get_batch(0)
    whole.validate(full=True)  # the format is trusted memory: offsets of a hostile file point anywhere
    batch = whole.slice(0, ROWS)
    return facts({name: batch.column(name).to_pylist() for name in names})
