"""Reads what strace prints: calls, possibly in two halves, and the ends of processes.

Source: strace(1) 6.1, "The Trace Format"; read with -f -y -xx, so that no name can look like syntax.
"""

import re
from typing import NamedTuple

LINE_LIMIT_BYTES = 1 << 16  # two paths of 4,096 bytes as hexadecimal, four characters each, stay below
_PENDING_LIMIT = 1 << 16  # processes between two halves of a call; pid_max is 4 million, real runs have hundreds
_PREFIX = re.compile(rb"(\d{1,10})\s+(.*)", re.DOTALL)
_CALL = re.compile(rb"(\w{1,40})\((.*)\)\s+= (\?|-?\d{1,20})(?:<([^<>]*)>(\(deleted\))?)?([^<>]*)", re.DOTALL)
_RESUMED = re.compile(rb"<\.\.\. (\w{1,40}) resumed>(.*)", re.DOTALL)
_ENDED = re.compile(rb"\+\+\+ (?:exited with (\d{1,3})|killed by (SIG\w{1,20}).*) \+\+\+", re.DOTALL)
_UNFINISHED = b"<unfinished ...>"
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_DESCRIPTOR = re.compile(rb"(?:AT_FDCWD|-?\d+)(?:<([^<>]*)>)?(?:\(deleted\))?")
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?', re.DOTALL)


class Call(NamedTuple):
    """A system call that returned.

    Args:
        pid: the thread that made it.
        name: such as `openat`.
        arguments: as strace prints them.
        result: None where strace could not tell.
        path: of the descriptor that it returned; None when there is none.
    """

    pid: int
    name: bytes
    arguments: bytes
    result: int | None
    path: bytes | None


class End(NamedTuple):
    """A process or thread ended: exit status, or the negative of the name's number as `signal` gives it."""

    pid: int
    status: int | None
    signal: str | None


class Lines:
    """Joins the halves of calls that others interrupted; holds at most one half per thread."""

    def __init__(self) -> None:
        self._halves: dict[int, bytes] = {}
        self.unreadable = 0
        self.first: int | None = None

    def read(self, line: bytes) -> Call | End | None:
        """What one line says.

        Args:
            line: without its line feed, from a tracer whose output a hostile program may have caused.

        Returns:
            None for signals, first halves and what is no line of strace; `unreadable` counts the last.
        """
        found = _PREFIX.fullmatch(line.rstrip())
        if found is None or len(line) > LINE_LIMIT_BYTES:
            self.unreadable += bool(line.strip())
            return None
        pid, rest = int(found[1]), found[2]
        if self.first is None:  # the tracer's first line is that of the command itself
            self.first = pid
        if rest.startswith(b"---"):
            return None
        if rest.startswith(b"+++"):
            return self._end(pid, rest)
        return self._call(pid, rest)

    def _end(self, pid: int, rest: bytes) -> End | None:
        self._halves.pop(pid, None)
        ended = _ENDED.fullmatch(rest)
        if ended is None:
            return None  # superseded by execve in another thread: the process goes on
        status = None if ended[1] is None else int(ended[1])
        return End(pid, status, None if ended[2] is None else ended[2].decode())

    def _call(self, pid: int, rest: bytes) -> Call | None:
        if rest.endswith(_UNFINISHED):
            if len(self._halves) < _PENDING_LIMIT:
                self._halves[pid] = rest[: -len(_UNFINISHED)].rstrip()
            else:
                self.unreadable += 1
            return None
        resumed = _RESUMED.fullmatch(rest)
        if resumed is not None:
            rest = self._halves.pop(pid, resumed[1] + b"(") + resumed[2].lstrip()
        whole = _CALL.fullmatch(rest)
        if whole is None:
            self.unreadable += b") = ?" not in rest.replace(b")  ", b") ") and b"exit" not in rest
            return None
        result = None if whole[3] == b"?" else int(whole[3])
        path = None if whole[4] is None else unescaped(whole[4])
        return Call(pid, whole[1], whole[2], result, path)


def unescaped(text: bytes) -> bytes:
    r"""The bytes behind strace's notation: `\\xhh`, up to three octal digits, or C's letters."""
    if text.count(b"\\x") * 4 == len(text):  # all of it hexadecimal, as -xx writes it
        try:
            return bytes.fromhex(text.replace(b"\\x", b"").decode("ascii"))
        except ValueError:
            return _ESCAPE.sub(_byte, text)
    return _ESCAPE.sub(_byte, text)


def escaped(data: bytes) -> bytes:
    """The notation of bytes that `unescaped` undoes."""
    return b"".join(b"\\x%02x" % byte for byte in data)


def _byte(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes([int(found[1], 16)])
    if found[2] is not None:
        return bytes([int(found[2], 8) & 0xFF])
    return _LETTERS.get(found[3], found[3])


def texts(arguments: bytes) -> tuple[bytes, ...]:
    """The quoted arguments of a call, in order."""
    return tuple(unescaped(found) for found in _TEXT.findall(arguments))


def folders(arguments: bytes) -> tuple[bytes | None, ...]:
    """The paths of the descriptors among a call's arguments, in order; None for one without a path."""
    bare = _TEXT.sub(b'""', arguments)
    found = (_DESCRIPTOR.fullmatch(part.strip()) for part in bare.split(b","))
    return tuple(None if f[1] is None else unescaped(f[1]) for f in found if f is not None)
