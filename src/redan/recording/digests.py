"""Digests of what a run read and wrote: inputs as early as possible, outputs when it is over.

An input counts as unchanged only when nothing touched its inode since before the run began: its time of change, which
only the system sets, lies before the start (POSIX, sys/stat.h, st_ctim). A digest at both ends would not be enough.
"""

import os
import queue
import stat
import threading
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from redan.errors import InputError
from redan.files import digest_file
from redan.recording.tally import Access

_QUEUE_LIMIT = 50_000
EARLY_LIMIT_BYTES = 2 << 30  # read while the run reads them too; more would cost it time


class State(StrEnum):
    """What is known about the bytes of a file that was read or written."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    GONE = "gone"
    UNREADABLE = "unreadable"
    WRITTEN = "written"


class Settled(NamedTuple):
    """A file at the end of a run.

    Args:
        state: for an input, whether the digest is certainly that of the bytes that were read.
        sha256: 64 hex digits; None where there was nothing to digest.
        size: in bytes.
    """

    state: State
    sha256: str | None = None
    size: int | None = None


class _Early(NamedTuple):
    sha256: str
    size: int
    changed_ns: int


class Digests:
    """Digests inputs in a thread of its own while the run goes on.

    Args:
        start_ns: the system's time of change for a file made just before the run.
        limit_bytes: how much is read early in all.
    """

    def __init__(self, start_ns: int, *, limit_bytes: int = EARLY_LIMIT_BYTES) -> None:
        self._start_ns = start_ns
        self._left = limit_bytes
        self._early: dict[bytes, _Early] = {}
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._queued = 0
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def want(self, path: bytes) -> None:
        """Asks for the digest of an input that is being read, or soon will be."""
        if self._queued < _QUEUE_LIMIT:
            self._queued += 1
            self._queue.put(path)

    def close(self) -> None:
        """Finishes what was asked for; may be called again."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (path := self._queue.get()) is not None:
            if path in self._early:
                continue
            found = _digested(path, self._left)
            if found is not None:
                self._early[path] = found
                self._left -= found.size

    def settle(self, path: bytes, access: Access) -> Settled | None:
        """What a file came to; call it when the run is over and `close` has returned.

        Args:
            path: absolute.
            access: what the run did to it.

        Returns:
            None for what is no file: a folder, a device, a pipe.
        """
        early = self._early.get(path)
        try:
            now = os.lstat(path)
        except OSError:
            return Settled(State.GONE, *self._before(early)) if access.read else Settled(State.GONE)
        if not stat.S_ISREG(now.st_mode):
            return None
        if not access.read:
            return _final(path, State.WRITTEN)
        if now.st_ctime_ns < self._start_ns:
            if early is not None and early.changed_ns == now.st_ctime_ns:
                return Settled(State.UNCHANGED, early.sha256, early.size)
            return _final(path, State.UNCHANGED)
        sha256, size = self._before(early)
        return Settled(State.CHANGED, sha256, size) if sha256 else _final(path, State.CHANGED)

    def _before(self, early: _Early | None) -> tuple[str | None, int | None]:
        """The digest of what was there before the run; nothing when it was digested too late."""
        if early is None or early.changed_ns >= self._start_ns:
            return None, None
        return early.sha256, early.size


def _digested(path: bytes, left: int) -> _Early | None:
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > left:
            return None
        made = digest_file(Path(os.fsdecode(path)))
        after = os.lstat(path)
    except (OSError, InputError, ValueError):
        return None
    if (found.st_ino, found.st_ctime_ns) != (after.st_ino, after.st_ctime_ns):
        return None
    return _Early(made.sha256, made.size, after.st_ctime_ns)


def _final(path: bytes, state: State) -> Settled:
    try:
        made = digest_file(Path(os.fsdecode(path)))
    except (InputError, ValueError):
        return Settled(State.UNREADABLE)
    return Settled(state, made.sha256, made.size)
