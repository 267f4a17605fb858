"""Watches a run through Python's audit hooks: every file that Python code opens, in this and in child interpreters.

Source: PEP 578. What compiled code opens by itself is not seen; what of that ran is named in the record's gaps.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from redan.errors import IncompleteError
from redan.recording.observation import Method, Watched
from redan.recording.processes import Started
from redan.recording.tally import Tally
from redan.recording.watcher.sitecustomize import VARIABLE, Hook

FOLDER = Path(__file__).parent / "watcher"
_LINE_LIMIT_BYTES = 1 << 15
_NAMED = 12  # packages that a gap names


@dataclass(slots=True)
class Told:
    """What the log says, filled line by line.

    Args:
        tally: of files.
    """

    tally: Tally
    processes: set[bytes] = field(default_factory=set)
    started: int = 0
    loaded: dict[bytes, None] = field(default_factory=dict)
    addresses: int = 0
    unresolved: int = 0
    overflow: int = 0
    unreadable: int = 0

    def line(self, line: bytes) -> None:
        """Takes one line; a hostile run can write into the log, so anything may stand there."""
        kind, *rest = line.split(b" ")
        try:
            self._take(kind, rest)
        except (ValueError, IndexError, KeyError):
            self.unreadable += 1

    def _take(self, kind: bytes, rest: list[bytes]) -> None:
        if kind == b"p":
            self.processes.add(rest[0])
        elif kind == b"o":
            self.overflow += 1
        else:
            flags, *names = rest
            _TELL[kind](self, flags, [bytes.fromhex(name.decode()) if name != b"-" else b"" for name in names])

    def _file(self, flags: bytes, names: list[bytes]) -> None:
        self.tally.opened(_absolute(names[0]), read=b"r" in flags, written=b"w" in flags, emptied=b"e" in flags)

    def _moved(self, _flags: bytes, names: list[bytes]) -> None:
        self.tally.renamed(_absolute(names[0]), _absolute(names[1]))

    def _linked(self, _flags: bytes, names: list[bytes]) -> None:
        self.tally.linked(_absolute(names[0]), _absolute(names[1]))

    def _cut(self, _flags: bytes, names: list[bytes]) -> None:
        self.tally.truncated(_absolute(names[0]))

    def _program(self, _flags: bytes, names: list[bytes]) -> None:
        self.started += 1
        self.tally.executed(names[0])

    def _interpreter(self, _flags: bytes, names: list[bytes]) -> None:
        self.tally.executed(_absolute(names[0]))

    def _compiled(self, _flags: bytes, names: list[bytes]) -> None:
        if len(self.loaded) < self.tally.limit:
            self.loaded[_absolute(names[0])] = None
        self.tally.opened(names[0], read=True, written=False)

    def _network(self, _flags: bytes, _names: list[bytes]) -> None:
        self.addresses += 1

    def _relative(self, _flags: bytes, _names: list[bytes]) -> None:
        self.unresolved += 1

    def _failed(self, _flags: bytes, _names: list[bytes]) -> None:
        self.unresolved += 1


def _absolute(name: bytes) -> bytes:
    if not name.startswith(b"/") or b"\0" in name:
        raise ValueError("not an absolute path")
    return name


_TELL: Mapping[bytes, Callable[[Told, bytes, list[bytes]], None]] = MappingProxyType(
    {
        b"f": Told._file,  # noqa: SLF001 -- the table of its own methods
        b"m": Told._moved,  # noqa: SLF001
        b"l": Told._linked,  # noqa: SLF001
        b"t": Told._cut,  # noqa: SLF001
        b"s": Told._program,  # noqa: SLF001
        b"h": Told._interpreter,  # noqa: SLF001
        b"c": Told._compiled,  # noqa: SLF001
        b"n": Told._network,  # noqa: SLF001
        b"u": Told._relative,  # noqa: SLF001
        b"x": Told._failed,  # noqa: SLF001
    }
)
