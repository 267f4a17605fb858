"""Decisions on their way into the ledger: the event loop hands bytes over, a thread commits them in groups.

What was answered and not committed when the process dies is lost: at most what came in the last window and the commit
under way. Where that is too much, `committed` is waited for before the answer goes out, and nothing is lost.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from redan.errors import RedanError
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.files import write_atomic
from redan.ledger.store import Ledger

_LOG = logging.getLogger("redan.gateway")
_GROUP: Final = 4096
_RETRY_S: Final = 1.0


class _Item(NamedTuple):
    entry: bytes
    waiting: "asyncio.Future[str] | None"
    key: str


class Journal:
    """A bounded queue before a ledger, and the thread that empties it.

    Args:
        ledger: open for writing; the journal closes it.
        window_s: how long a group collects.
        most: entries that may wait; beyond it requests are refused.
        published: file that the signed checkpoint is written to after a commit; None for nowhere.
        publish_s: least seconds between two of them.
        failed: told when a commit fails, and again when one succeeds after that.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        window_s: float = 0.05,
        most: int = 20_000,
        published: Path | None = None,
        publish_s: float = 1.0,
        failed: Callable[[bool], None] = lambda failed: None,  # noqa: ARG005
    ) -> None:
        self._ledger = ledger
        self._window_s = window_s
        self._most = most
        self._published = published
        self._publish_s = publish_s
        self._failed = failed
        self._queue: deque[_Item] = deque()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._broken = False
        self._published_at = 0.0
        self.size = ledger.size
        self.written = 0.0  # seconds since the epoch; 0 before the first commit
        self._thread = threading.Thread(target=self._write, name="redan-journal", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> bool:
        """Whether the last commit failed; then nothing new is taken."""
        return self._broken

    @property
    def waiting(self) -> int:
        """Entries that are not committed."""
        return len(self._queue)

    def append(self, entry: bytes) -> None:
        """Hands an entry over.

        Raises:
            RefusedError: too much waits already, or the ledger cannot be written.
        """
        self._put(_Item(entry, None, ""))

    def committed(self, entry: bytes, key: str) -> "asyncio.Future[str]":
        """Hands an entry over; the future holds `key` when it is on the disk.

        Raises:
            RefusedError: too much waits already, or the ledger cannot be written.
        """
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._put(_Item(entry, future, key))
        return future

    def _put(self, item: _Item) -> None:
        if self._broken or len(self._queue) >= self._most or self._stop.is_set():
            raise RefusedError(Refusal(Problem.UNREADY, "ledger", retry_after=1.0))
        self._queue.append(item)
        if not self._wake.is_set():
            self._wake.set()

    def close(self) -> None:
        """Commits what waits, publishes the last checkpoint, and closes the ledger."""
        self._stop.set()
        self._wake.set()
        self._thread.join()
        self._published_at = 0.0
        self._publish()
        self._ledger.close()

    def _write(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            self._stop.wait(self._window_s)
            while self._queue and self._commit() and len(self._queue) >= _GROUP:
                pass
            if self._queue:
                self._wake.set()
        while self._queue and self._commit(last=True):
            pass

    def _commit(self, *, last: bool = False) -> bool:
        """Commits one group; it goes back to its place when that fails."""
        group = [self._queue.popleft() for _ in range(min(_GROUP, len(self._queue)))]
        try:
            self.size = self._ledger.append([item.entry for item in group]).stop
        except RedanError as error:
            self._queue.extendleft(reversed(group))
            if not self._broken:
                _LOG.error("the ledger cannot be written: %s", error)
                self._broken = True
                self._failed(True)
            if not last:
                self._stop.wait(_RETRY_S)
            return False
        self.written = time.time()
        if self._broken:
            self._broken = False
            self._failed(False)
        _release([item for item in group if item.waiting is not None])
        self._publish()
        return True

    def _publish(self) -> None:
        now = time.monotonic()
        if self._published is None or now - self._published_at < self._publish_s:
            return
        self._published_at = now
        try:
            write_atomic(self._published, self._ledger.checkpoint().encode())
        except RedanError as error:
            _LOG.warning("the checkpoint cannot be published: %s", error)


def _release(items: list[_Item]) -> None:
    """Answers go out that waited for a commit; one call into the event loop for all of them."""
    if not items:
        return
    first = items[0].waiting
    if first is None:
        return

    def wake() -> None:
        for item in items:
            if item.waiting is not None and not item.waiting.done():
                item.waiting.set_result(item.key)

    try:
        first.get_loop().call_soon_threadsafe(wake)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return
