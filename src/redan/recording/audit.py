"""Watches a run through Python's audit hooks: every file that Python code opens, in this and in child interpreters.

Source: PEP 578. What compiled code opens by itself is not seen; what of that ran is named in the record's gaps.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from redan.errors import IncompleteError
from redan.recording.notices import Notices
from redan.recording.observation import Method, Watched
from redan.recording.processes import Started
from redan.recording.tally import Tally
from redan.recording.watcher.sitecustomize import VARIABLE, Hook

FOLDER = Path(__file__).parent / "watcher"
_LINE_LIMIT_BYTES = 1 << 15
_NAMED_LIMIT = 1_000  # packages and programs that a record names


@dataclass(slots=True)
class Told:
    """What the log says, filled line by line.

    Args:
        tally: of files.
    """

    tally: Tally
    processes: set[bytes] = field(default_factory=set)
    loaded: dict[bytes, None] = field(default_factory=dict)
    addresses: int = 0
    unresolved: int = 0
    overflow: int = 0
    isolated: int = 0
    interpreters: int = 0
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
        self.tally.executed(names[0])

    def _interpreter(self, _flags: bytes, names: list[bytes]) -> None:
        self.interpreters += 1
        self.tally.executed(_absolute(names[0]))

    def _compiled(self, _flags: bytes, names: list[bytes]) -> None:
        if len(self.loaded) < self.tally.limit:
            self.loaded[_absolute(names[0])] = None
        self.tally.opened(names[0], read=True, written=False)

    def _network(self, _flags: bytes, _names: list[bytes]) -> None:
        self.addresses += 1

    def _relative(self, _flags: bytes, _names: list[bytes]) -> None:
        self.unresolved += 1

    def _bare(self, _flags: bytes, _names: list[bytes]) -> None:
        self.isolated += 1

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
        b"i": Told._bare,  # noqa: SLF001
        b"x": Told._failed,  # noqa: SLF001
    }
)


def watch(
    command: Sequence[str],
    tally: Tally,
    *,
    root: Path,
    env: Mapping[str, str],
    output: int | None = None,
    fallback: str = "",
) -> Watched:
    """Runs a command whose Python interpreters tell what they open.

    Args:
        command: words; the first is a program that exists.
        tally: filled after the command has ended.
        root: the project's folder; the file system tells which files in it compiled code opens.
        env: the whole environment.
        output: descriptor that its standard output goes to; the caller's own when None.
        fallback: why strace was not used; empty when it was not asked for.

    Returns:
        What was seen; `gaps` names what ran and could not be watched.

    Raises:
        IncompleteError: the command is no Python that loads the watcher.
    """
    with tempfile.TemporaryDirectory(prefix="redan-record-") as folder:
        log = _log(Path(folder))
        notices = Notices(root)
        listening = notices.start()
        with closing(notices), Started(command, env={**env, **_variables(log, env)}, output=output) as started:
            started.wait(_never)
        told = _read(log, tally)
        _add(tally, notices)
        status = started.process.returncode
    if not told.interpreters:
        raise IncompleteError(
            "the command started no Python that could be watched",
            remedy="use strace where it is allowed; without it, run a Python that is not in isolated mode (-I, -E, -S)",
        )
    return _watched(told, status, fallback, notices if listening else None)


@contextmanager
def watching(tally: Tally, root: Path) -> Iterator[list[Watched]]:
    """Watches this very process, and the Python processes that it starts, until the block ends.

    Args:
        tally: filled when the block ends.
        root: the project's folder; the file system tells which files in it compiled code opens.

    Yields:
        An empty list that holds what was seen once the block has ended.
    """
    seen: list[Watched] = []
    with tempfile.TemporaryDirectory(prefix="redan-record-") as folder:
        log = _log(Path(folder))
        notices = Notices(root)
        listening = notices.start()
        hook = Hook(str(log))
        before = {name: os.environ.get(name) for name in ("PYTHONPATH", VARIABLE)}
        os.environ.update(_variables(log, os.environ))
        hook.say("h", os.fsencode(os.path.realpath(sys.executable)))
        sys.addaudithook(hook)  # stays for good: the interpreter forgets none; switched off it returns at once
        try:
            yield seen
        finally:
            hook.close()
            notices.close()
            _restore(before)
            said = _read(log, tally)
            _add(tally, notices)
            told = _watched(said, 0, "", notices if listening else None)
            seen.append(replace(told, gaps=("what this process had read before the recorded block", *told.gaps)))


def _log(folder: Path) -> Path:
    log = folder / "log"
    log.touch(mode=0o600)
    return log


def _variables(log: Path, env: Mapping[str, str]) -> dict[str, str]:
    behind = env.get("PYTHONPATH")
    return {VARIABLE: str(log), "PYTHONPATH": os.pathsep.join([str(FOLDER), *([behind] if behind else [])])}


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _never() -> bool:
    return False


def _read(log: Path, tally: Tally) -> Told:
    told = Told(tally)
    with log.open("rb") as lines:
        while line := lines.readline(_LINE_LIMIT_BYTES):
            told.line(line.rstrip(b"\n"))
    return told


def _add(tally: Tally, notices: Notices) -> None:
    """What the file system told of and no hook did; of what both saw, the hooks know more."""
    for path, access in notices.files.items():
        if path not in tally.files:
            tally.opened(path, read=access.read, written=access.written)


def _watched(told: Told, status: int, fallback: str, notices: Notices | None) -> Watched:
    tally = told.tally
    lost: tuple[str, ...] = ()
    if notices is None and told.loaded:
        lost = ("files inside the project that compiled code opened by itself (there is no inotify here)",)
    elif notices is not None and notices.lost:
        lost = ("files inside the project: notices of the file system were lost",)
    return Watched(
        method=Method.AUDIT,
        tool=f"Python {sys.version_info.major}.{sys.version_info.minor} audit hooks" + (", inotify" if notices else ""),
        files=tally.files,
        programs=tuple(tally.programs),
        kernel=tally.kernel,
        threads=max(1, len(told.processes)),
        addresses=told.addresses,
        gaps=(*_gaps(told), *lost),
        unwatched=_unwatched(told),
        status=status,
        fallback=fallback,
    )


def _gaps(told: Told) -> Iterator[str]:
    if told.isolated:
        yield "a program was started without the watcher (isolated mode, or an environment of its own)"
    if told.unresolved:
        yield f"{told.unresolved:,} names relative to an open folder could not be resolved"
    if told.overflow or told.tally.dropped:
        yield "more files were opened than are kept"
    if told.unreadable:
        yield f"{told.unreadable:,} lines of the watcher's log could not be read"


def _unwatched(told: Told) -> tuple[str, ...]:
    names = (name.rpartition(b"/")[2].decode("utf-8", "backslashreplace") for name in told.tally.programs)
    programs = sorted({name for name in names if not name.startswith("python")})
    return (*_packages(told.loaded), *programs)[:_NAMED_LIMIT]


def _packages(loaded: Mapping[bytes, None]) -> list[str]:
    """Packages and libraries that are no part of Python itself and whose compiled code was loaded."""
    names = set()
    for path in loaded:
        parts = path.decode("utf-8", "replace").split("/")
        place = next((i for i, part in enumerate(parts) if part in {"site-packages", "dist-packages"}), None)
        if place is not None:
            names.add(parts[place + 1].partition(".")[0])
        elif "lib-dynload" not in parts:
            names.add(parts[-1])
    return sorted(names)
