"""Tells a log which files this interpreter opens, through Python's audit hooks; uses the standard library alone.

Source: PEP 578, sys.addaudithook; the events are those of the table of audit events of the standard library.

A line of the log is a letter, flags and paths as hexadecimal. It is written with one call to a descriptor opened for
appending, so that lines of several processes never mix.
"""

# ruff: noqa: PTH100, PTH110, PTH117, PTH118, PTH120 -- pathlib would be loaded into every interpreter; names may be bytes
from __future__ import annotations  # the interpreter of the run may be older than redan's

import os
import sys

VARIABLE = "REDAN_RECORD_LOG"
_SEEN_LIMIT = 100_000
_LOG_LIMIT_BYTES = 64 << 20
_TRIES = 4


class Hook:
    """One audit hook that writes to one log until it is switched off.

    Args:
        log: path of the log; it exists already.
    """

    def __init__(self, log: str) -> None:
        self.log = log
        self.on = True
        self.descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.seen: set[tuple[object, ...]] = set()
        self.pid = 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Called by the interpreter before each audited operation; never raises."""
        if not self.on:
            return
        react = _EVENTS.get(event)
        if react is None:
            return
        try:
            react(self, arguments)
        except (OSError, ValueError, TypeError, AttributeError, IndexError, RecursionError, MemoryError):
            self.say("x", b"")

    def close(self) -> None:
        """Says nothing more."""
        self.on = False
        os.close(self.descriptor)

    def say(self, kind: str, *parts: bytes, flags: str = "") -> None:
        """Appends a line unless the same was said before by this process or one that it was forked from."""
        key = (kind, flags, *parts)
        if key in self.seen and self.pid == os.getpid():
            return
        if self.pid != os.getpid():
            self.pid = os.getpid()
            self._write(f"p {self.pid}\n")
        if key in self.seen:
            return
        if len(self.seen) >= _SEEN_LIMIT:
            self._write("o\n")
            return
        self.seen.add(key)
        self._write(" ".join([kind, flags or "-", *(part.hex() or "-" for part in parts)]) + "\n")

    def _write(self, line: str) -> None:
        data = line.encode("ascii")
        try:
            if os.fstat(self.descriptor).st_size < _LOG_LIMIT_BYTES:
                os.write(self.descriptor, data)
        except OSError:  # the run closed or reused the descriptor
            self.descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            os.write(self.descriptor, data)


def _path(value: object) -> bytes | None:
    """The absolute path behind an argument without links; None for a descriptor."""
    if isinstance(value, int) or value is None:
        return None
    name = os.fsencode(value)  # type: ignore[arg-type]
    return os.path.realpath(name) if name else None


def _opened(hook: Hook, arguments: tuple[object, ...]) -> None:
    name, mode, flags = arguments[:3]
    if isinstance(name, (str, bytes)) and (mode, flags, name) in hook.seen and os.path.isabs(name):
        return
    path = _path(name)
    if path is None:
        return
    bits = flags if isinstance(flags, int) else 0
    if bits & (getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)):
        return
    kept = bits & 3
    writes, reads = kept in {os.O_WRONLY, os.O_RDWR}, kept != os.O_WRONLY
    try:
        existed = os.stat(path) is not None
    except OSError:
        existed = False
    if not existed and not writes:
        if not os.path.isabs(os.fsencode(name)):  # type: ignore[arg-type]
            hook.say("u", path)  # relative to a descriptor, perhaps: the event does not say to which
        return
    emptied = bool(bits & os.O_TRUNC) or not existed
    letters = ("r" if reads else "") + ("w" if writes else "") + ("e" if emptied and writes else "")
    hook.say("f", path, flags=letters)
    if len(hook.seen) < _SEEN_LIMIT and not writes:
        hook.seen.add((mode, flags, name))


def _moved(hook: Hook, arguments: tuple[object, ...]) -> None:
    source, target = _entry(arguments[0]), _entry(arguments[1])
    if source is not None and target is not None:
        hook.seen.discard(("f", "r", target))
        hook.say("m", source, target)


def _linked(hook: Hook, arguments: tuple[object, ...]) -> None:
    source, target = _entry(arguments[0]), _entry(arguments[1])
    if source is not None and target is not None:
        hook.say("l", source, target)


def _entry(value: object) -> bytes | None:
    """The absolute path of a directory entry itself: its folder without links, its name as it is."""
    if isinstance(value, int) or value is None:
        return None
    name = os.fsencode(value)  # type: ignore[arg-type]
    folder, base = os.path.split(os.path.abspath(name))
    return os.path.join(os.path.realpath(folder), base)


def _cut(hook: Hook, arguments: tuple[object, ...]) -> None:
    path = _path(arguments[0])
    if path is not None:
        hook.say("t", path)


def _database(hook: Hook, arguments: tuple[object, ...]) -> None:
    name = arguments[0]
    text = os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else ""
    if text.startswith("file:"):
        text = text[5:].partition("?")[0]
    path = None if text in {"", ":memory:"} else _path(text)
    if path is not None and path != b":memory:":
        hook.say("f", path, flags="rw" if os.path.exists(path) else "rwe")


def _started(hook: Hook, arguments: tuple[object, ...]) -> None:
    program = arguments[0]
    if isinstance(program, (str, bytes, os.PathLike)):
        hook.say("s", os.fsencode(program))
    words = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], (list, tuple)) else ()
    env = arguments[-1]
    bare = isinstance(env, dict) and not {VARIABLE, VARIABLE.encode()} & set(env)
    if bare or any(str(word) in {"-I", "-E", "-S"} for word in words):
        hook.say("i", b"")


def _shell(hook: Hook, _arguments: tuple[object, ...]) -> None:
    hook.say("s", b"/bin/sh")


def _imported(hook: Hook, arguments: tuple[object, ...]) -> None:
    file = arguments[1] if len(arguments) > 1 else None
    if isinstance(file, str) and file.endswith((".so", ".pyd", ".dylib")):
        path = _path(file)
        if path is not None:
            hook.say("c", path)


def _loaded(hook: Hook, arguments: tuple[object, ...]) -> None:
    if isinstance(arguments[0], (str, bytes)) and os.path.isabs(os.fsencode(arguments[0])):
        path = _path(arguments[0])
        if path is not None:
            hook.say("c", path)


def _contacted(hook: Hook, arguments: tuple[object, ...]) -> None:
    address = arguments[1]
    host = address[0] if isinstance(address, tuple) and address else None
    if isinstance(host, str) and not host.startswith(("127.", "::1", "localhost")):
        hook.say("n", host.encode("utf-8", "surrogateescape"))


_EVENTS = {
    "open": _opened,
    "os.rename": _moved,
    "os.link": _linked,
    "os.truncate": _cut,
    "sqlite3.connect": _database,
    "subprocess.Popen": _started,
    "os.exec": _started,
    "os.posix_spawn": _started,
    "os.spawn": lambda hook, arguments: _started(hook, arguments[1:]),
    "os.system": _shell,
    "import": _imported,
    "ctypes.dlopen": _loaded,
    "socket.connect": _contacted,
}


def _install(log: str) -> None:
    hook = Hook(log)
    hook.say("h", os.fsencode(os.path.realpath(sys.executable or "")))
    sys.addaudithook(hook)


def _next() -> None:
    """Lets a `sitecustomize` of the user's own run as if this one were not there."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    own = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError:
        if own is not None:
            sys.modules["sitecustomize"] = own


if __name__ == "sitecustomize" and VARIABLE in os.environ:
    try:
        _install(os.environ[VARIABLE])
    except OSError:
        sys.stderr.write("redan: this Python cannot be watched\n")
    _next()
