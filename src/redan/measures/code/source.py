"""Python source from scripts and notebooks, with the line of the file for every line of code; nothing is imported.

Source: nbformat 4 (notebooks); PEP 263 (encodings of source files).
"""

import ast
import io
import json
import re
import tokenize
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from redan.canon import digest, parse_strict

LIMIT_BYTES = 4 << 20  # no hand-written script is near this; a notebook with pictures is cleared of its output first
_PYTHON = frozenset({".py", ".pyw", ".pyi", ".pyx"})
_CONFIGURATION = frozenset(
    {
        ".yaml", ".yml", ".json", ".toml", ".ini", ".cfg", ".conf", ".env", ".properties",
        ".txt", ".md", ".rst", ".csv", ".tsv", ".lock", ".xml", ".html",
    }
)  # fmt: skip
_ODD_LINES = 100  # lines of a notebook that are spelled so oddly that they are not looked for any more
_SHEBANG = re.compile(rb"#![^\n]*\bpython[0-9.]*\b")
_MAGIC = re.compile(r"(?P<indent>\s*)(?P<start>[\w, ]+=\s*)?(?P<magic>%(?!%)|!|\?)")
_CELL_MAGIC = re.compile(r"\s*%%(?P<name>[\w!]+)?")
_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "pypy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of Python code.

    Args:
        name: path as `redan.toml` gives it.
        tree: parsed.
        text: the code that was parsed.
        lines: line in the file, from 1, of each line of `text`.
        unread: parts that are no Python, as clauses; they were not looked at.
    """

    name: str
    tree: ast.Module
    text: str
    lines: tuple[int, ...]
    unread: tuple[str, ...] = ()

    def line(self, number: int) -> int:
        """The line in the file of a line of the code, both from 1."""
        return self.lines[min(max(number, 1), len(self.lines)) - 1] if self.lines else 1

    def mark(self, number: int) -> str:
        """Eight hex digits that stay the same when a line of the code moves, and change when it is edited."""
        every = self.text.split("\n")
        text = every[number - 1] if 0 < number <= len(every) else ""
        return digest(" ".join(text.split()).encode("utf-8", "surrogatepass"))[:8]


def read_source(name: str, data: bytes) -> Source | None:
    """The code of a file.

    Args:
        name: path as `redan.toml` gives it; its suffix only tells notebooks and configuration apart from scripts.
        data: the whole file.

    Returns:
        None when the file is configuration and holds no code.

    Raises:
        ValueError: the file is too large, no text, in another language, or no Python that parses; a clause with a line
            where there is one.
    """
    if len(data) > LIMIT_BYTES:
        raise ValueError(f"is larger than {LIMIT_BYTES:,} bytes")
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".ipynb":
        return _notebook(name, data)
    if suffix in _PYTHON or _SHEBANG.match(data):
        return _script(name, data)
    if suffix in _CONFIGURATION or PurePosixPath(name).name.startswith("."):
        return _hidden(name, data)
    found = _hidden(name, data)  # a script of R may parse as Python too; an import or a definition hardly does
    if found is None or not _defines(found.tree):
        raise ValueError("is not Python, and nothing here reads its language")
    return found


def _defines(tree: ast.Module) -> bool:
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) for node in ast.walk(tree))


def parsed(text: str, lines: Sequence[int] = ()) -> ast.Module:
    """The tree of some code.

    Args:
        text: the code.
        lines: line in the file of each line of the code; the same lines when empty.

    Raises:
        ValueError: it does not parse; names the line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes that Python deprecates are the code's own affair
            return ast.parse(text)
    except SyntaxError as error:
        at = error.lineno or 0
        line = lines[min(at, len(lines)) - 1] if lines and at > 0 else at
        raise ValueError(f"does not parse as Python at line {line}" if line else "does not parse as Python") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError("does not parse as Python: it is nested too deeply, or holds NUL") from error


def _script(name: str, data: bytes) -> Source:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        raise ValueError("is not text in the encoding that it declares") from error
    return Source(name=name, tree=parsed(text), text=text, lines=tuple(range(1, text.count("\n") + 2)))


def _hidden(name: str, data: bytes) -> Source | None:
    """Code in a file that is called configuration; what parses and imports or calls something is code."""
    try:
        found = _script(name, data)
    except ValueError:
        return None
    speaks = any(isinstance(node, ast.Import | ast.ImportFrom | ast.Call) for node in ast.walk(found.tree))
    return found if speaks else None


def _notebook(name: str, data: bytes) -> Source:
    try:
        value = parse_strict(data, limit_bytes=LIMIT_BYTES)
    except ValueError as error:
        raise ValueError("is no notebook: it is not JSON") from error
    cells = value.get("cells") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(cells, list):
        raise ValueError("is no notebook of version 4")  # noqa: TRY004 -- one kind of refusal
    language = _language(value.get("metadata"))
    if language not in {None, "python", "ipython"}:
        raise ValueError("is a notebook in another language than Python")
    return _joined(name, data.decode("utf-8-sig"), cells)


def _language(metadata: object) -> str | None:
    about = metadata if isinstance(metadata, dict) else {}
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        entry = about.get(key)
        found = entry.get(field) if isinstance(entry, dict) else None
        if isinstance(found, str):
            return found.lower()
    return None


def _joined(name: str, raw: str, cells: list[Any]) -> Source:
    """All code cells as one module: a name that one cell imports is used in the next."""
    code: list[str] = []
    unread: list[str] = []
    written: list[str] = []
    for number, cell in enumerate(cells, 1):
        text = _code(cell)
        if text is None:
            continue
        kept, foreign = _python(text)
        if foreign:
            unread.append(f"cell {number} is {foreign}")
        code.extend(kept)
        written.extend(text.split("\n"))
    lines = _places(raw, written)
    whole = "\n".join(code)
    return Source(name=name, tree=parsed(whole, lines), text=whole, lines=lines, unread=tuple(unread))


def _code(cell: object) -> str | None:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source")
    text = "".join(s for s in source if isinstance(s, str)) if isinstance(source, list) else source
    return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else None


def _places(raw: str, written: list[str]) -> tuple[int, ...]:
    """The line of the notebook's file on which each line of its cells stands."""
    cursor, row, odd = 0, 1, 0
    lines: list[int] = []
    for line in written:
        at = _found(raw, line, cursor) if line.strip() and odd < _ODD_LINES else None
        if at is None:
            odd += bool(line.strip())
        else:
            row += raw.count("\n", cursor, at)
            cursor = at
        lines.append(row)
    return tuple(lines)


def _found(raw: str, line: str, cursor: int) -> int | None:
    """Where a line of a cell stands in the notebook's JSON, at or after the last one; None when it is spelled oddly."""
    for plain in (False, True):
        at = raw.find(json.dumps(line, ensure_ascii=plain)[1:-1], cursor)
        if at >= 0:
            return at
    return None


def _python(text: str) -> tuple[list[str], str | None]:
    """The Python of a cell, line by line, magics blanked; and what the cell is when it is none."""
    every = text.split("\n")
    if _parses(text):
        return every, None
    first = next((i for i, line in enumerate(every) if line.strip()), 0)
    magic = _CELL_MAGIC.match(every[first])
    if magic and (magic["name"] or "") not in _PYTHON_CELLS:
        return [""] * len(every), "in another language than Python"
    kept = [_blanked(line) for line in every]
    if magic:
        kept[first] = ""
    return kept, None


def _parses(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def _blanked(line: str) -> str:
    """A line of a cell with IPython's own syntax replaced by something that parses."""
    found = _MAGIC.match(line)
    if found is None:
        bare = line.rstrip()
        help_line = bare.endswith("?") and re.fullmatch(r"\s*[\w.]+\?\??", bare)
        return line[: len(line) - len(line.lstrip())] + "pass" if help_line else line
    return f"{found['indent']}{found['start'] or ''}" + ("None" if found["start"] else "pass")
