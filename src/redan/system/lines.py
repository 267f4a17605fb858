"""Finds the line of every table and key of a TOML text, and refuses texts built to exhaust a parser.

Source: TOML 1.0.0. tomllib gives values without places, so this walks the same text once for places alone. It runs
first: its limits on depth and size also bound the parser behind it, which recurses and is quadratic in a key's parts.
"""

import re
import tomllib
from bisect import bisect_right
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]

DEPTH_LIMIT = 16  # redan.toml nests four deep
KEY_LIMIT_CHARS = 1000
SCALAR_LIMIT_CHARS = 1000
ENTRY_LIMIT = 50_000  # keys and array items; a description of a thousand datasets has less than half of that

_SPACE = re.compile(r"[ \t]*+")
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_STRING = re.compile(
    r'"""(?:[^"\\]++|\\[\s\S]|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"
    r'|"(?!"")(?:[^"\\\n]++|\\[^\n])*+"'
    r"|'(?!'')[^'\n]*+'"
)
_KEY = re.compile(r"[A-Za-z0-9_-]++" r'|"(?:[^"\\\n]++|\\[^\n])*+"' r"|'[^'\n]*+'")
_SCALAR = re.compile(r"[0-9A-Za-z_+:.\-]++(?: (?=[0-9]{2}:)[0-9:.+\-Zz]++)?")


class NotTomlError(ValueError):
    """The text stops being TOML, or goes over a limit, at an offset.

    Args:
        what: the fault, in words; empty when the grammar is broken and tomllib knows better words for it.
        at: offset in characters.
        line: line of that offset, from 1.
    """

    def __init__(self, what: str, at: int, line: int) -> None:
        super().__init__(what)
        self.what = what
        self.at = at
        self.line = line


def locate(text: str) -> dict[KeyPath, int]:
    r"""The line of every table, key and array item.

    Args:
        text: TOML with `\n` or `\r\n` line ends.

    Returns:
        Line (from 1) by path, such as `("dataset", 0, "path")`; a table that only its parts spell out has the line
        of the first of them.

    Raises:
        NotTomlError: the grammar is broken, or the text nests or counts beyond the limits.
    """
    return _Locator(text).run()


class _Locator:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._lines: dict[KeyPath, int] = {}
        self._items: dict[KeyPath, int] = {}  # number of [[tables]] so far, by path
        self._entries = 0

    def run(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_BLANK):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table, 0)
            self._line_end()
        return self._lines

    def _header(self) -> KeyPath:
        line = self._line(self._at)
        mark, close = ("[[", "]]") if self._text.startswith("[[", self._at) else ("[", "]")
        self._at += len(mark)
        *parents, last = self._keys()
        self._expect(close)
        path: KeyPath = ()
        for part in parents:
            path = self._newest((*path, part))
            self._lines.setdefault(path, line)
        path = (*path, last)
        if mark == "[":
            return self._note(path, line)
        self._lines.setdefault(path, line)
        self._items[path] = self._items.get(path, 0) + 1
        return self._note(self._newest(path), line)

    def _newest(self, path: KeyPath) -> KeyPath:
        """Within an array of tables a name means its newest table (TOML 1.0.0, Array of Tables)."""
        return (*path, self._items[path] - 1) if path in self._items else path

    def _pair(self, table: KeyPath, depth: int) -> None:
        line = self._line(self._at)
        *parents, last = self._keys()
        self._expect("=")
        self._skip(_SPACE)
        path = table
        for part in parents:
            path = (*path, part)
            self._lines.setdefault(path, line)
        self._value(self._note((*path, last), line), depth)

    def _value(self, path: KeyPath, depth: int) -> None:
        if depth > DEPTH_LIMIT:
            raise self._fault(f"arrays and tables nest deeper than {DEPTH_LIMIT}")
        head = self._text[self._at : self._at + 1]
        if head == "[":
            self._array(path, depth)
        elif head == "{":
            self._inline(path, depth)
        elif head in {'"', "'"}:
            self._match(_STRING)
        elif len(self._match(_SCALAR)) > SCALAR_LIMIT_CHARS:
            raise self._fault(f"a number is longer than {SCALAR_LIMIT_CHARS} characters")

    def _array(self, path: KeyPath, depth: int) -> None:
        self._at += 1
        index = 0
        while self._skip(_BLANK) and self._text[self._at] != "]":
            item = self._note((*path, index), self._line(self._at))
            self._value(item, depth + 1)
            index += 1
            if self._skip(_BLANK) and self._text[self._at] != ",":
                break
            self._at += 1
        self._expect("]")

    def _inline(self, path: KeyPath, depth: int) -> None:
        self._at += 1
        while self._skip(_BLANK) and self._text[self._at] != "}":
            self._pair(path, depth + 1)
            if self._skip(_BLANK) and self._text[self._at] != ",":
                break
            self._at += 1
        self._expect("}")

    def _keys(self) -> list[str]:
        parts = [self._key()]
        while self._skip(_SPACE) and self._text[self._at] == ".":
            self._at += 1
            parts.append(self._key())
            if len(parts) > DEPTH_LIMIT:
                raise self._fault(f"a key has more than {DEPTH_LIMIT} parts")
        return parts

    def _key(self) -> str:
        self._skip(_SPACE)
        start = self._at
        raw = self._match(_KEY)
        if len(raw) > KEY_LIMIT_CHARS:
            raise self._fault(f"a key is longer than {KEY_LIMIT_CHARS} characters", start)
        if raw[0] not in "\"'":
            return raw
        if "\\" not in raw or raw[0] == "'":
            return raw[1:-1]
        try:
            return str(tomllib.loads(f"key = {raw}")["key"])
        except tomllib.TOMLDecodeError as error:
            raise self._fault("", start) from error

    def _note(self, path: KeyPath, line: int) -> KeyPath:
        self._entries += 1
        if self._entries > ENTRY_LIMIT:
            raise self._fault(f"more than {ENTRY_LIMIT:,} keys and items")
        self._lines[path] = line
        return path

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._text)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._fault("")
        self._at = found.end()
        return found.group()

    def _expect(self, mark: str) -> None:
        self._skip(_SPACE)
        if not self._text.startswith(mark, self._at):
            raise self._fault("")
        self._at += len(mark)

    def _line_end(self) -> None:
        if self._skip(_SPACE) and self._text[self._at] not in "#\r\n":
            raise self._fault("")

    def _line(self, at: int) -> int:
        return bisect_right(self._starts, at)

    def _fault(self, what: str, at: int | None = None) -> NotTomlError:
        place = self._at if at is None else at
        return NotTomlError(what, place, self._line(place))
