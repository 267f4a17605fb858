"""One recorded run from before its start to after its end: what was there, what happened, what it came to."""

import datetime as dt
import os
import stat
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from redan.recording.digests import Digests
from redan.recording.observation import Watched
from redan.recording.places import LISTED, place
from redan.recording.tally import Tally

Clock = Callable[[], dt.datetime]
_ENTRIES_LIMIT = 200_000
_SKIPPED = frozenset({b".git", b".hg", b".svn", b"node_modules", b"site-packages", b"__pycache__"})


def utc_now() -> dt.datetime:
    """The time, UTC, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that is over, before it is put into words.

    Args:
        watched: what was seen.
        digests: of its inputs.
        started: when it began, UTC.
        finished: when it ended, UTC.
        wall_s: how long it took, tracing included.
        before_s: what redan itself took before it began.
    """

    watched: Watched
    digests: Digests
    started: dt.datetime
    finished: dt.datetime
    wall_s: float
    before_s: float


@dataclass(slots=True)
class Session:
    """Looks at the project before a run, and takes the times around it.

    Args:
        root: the project's folder, absolute and without links.
        expected: files that the run is declared to read; they are digested first.
        home: the user's folder.
        clock: says when.
    """

    root: Path
    expected: Collection[Path] = ()
    home: Path | None = None
    clock: Clock = utc_now
    tally: Tally = field(init=False)
    digests: Digests = field(init=False)
    started: dt.datetime = field(init=False)
    _before_s: float = field(init=False)
    _from: float = field(init=False)

    def __post_init__(self) -> None:
        began = time.monotonic()
        self.digests = Digests(_start_ns())
        present = _present(os.fsencode(self.root))
        base = os.fsencode(self.root).rstrip(b"/") + b"/"
        self.tally = Tally(existed=lambda path: _existed(path, base, present), on_read=self._read)
        for path in self.expected:
            self.digests.want(os.fsencode(path))
        self._standard_input()
        self.started = self.clock()
        self._from = time.monotonic()
        self._before_s = self._from - began

    def finish(self, watched: Watched) -> Ran:
        """Takes the times and waits for the digests that were begun."""
        wall_s = time.monotonic() - self._from
        finished = self.clock()
        self.digests.close()
        return Ran(
            watched=watched,
            digests=self.digests,
            started=self.started,
            finished=finished,
            wall_s=wall_s,
            before_s=self._before_s,
        )

    def _read(self, path: bytes) -> None:
        if place(path, self.root, home=self.home) in LISTED:
            self.digests.want(path)

    def _standard_input(self) -> None:
        """A file that the shell opened as standard input was opened before the run, and is read by it."""
        try:
            if stat.S_ISREG(os.fstat(0).st_mode):
                self.tally.opened(os.fsencode(os.path.realpath("/dev/stdin")), read=True, written=False)
        except OSError:
            return


def _start_ns() -> int:
    """The system's own time, as it stamps files; its clock runs a few milliseconds behind the precise one."""
    with tempfile.NamedTemporaryFile(prefix="redan-start-") as file:
        return os.fstat(file.fileno()).st_ctime_ns


def _present(root: bytes) -> frozenset[bytes] | None:
    """Every file of the project before the run; None when there are too many to look at."""
    found: set[bytes] = set()
    folders = [root]
    while folders:
        for entry in _entries(folders.pop()):
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED:
                    folders.append(entry.path)
            else:
                found.add(entry.path)
            if len(found) + len(folders) > _ENTRIES_LIMIT:
                return None
    return frozenset(found)


def _entries(folder: bytes) -> Iterable[os.DirEntry[bytes]]:
    try:
        with os.scandir(folder) as entries:
            return tuple(entries)
    except OSError:
        return ()


def _existed(path: bytes, base: bytes, present: frozenset[bytes] | None) -> bool | None:
    if present is None or not path.startswith(base) or _SKIPPED.intersection(path[len(base) :].split(b"/")):
        return None
    return path in present
