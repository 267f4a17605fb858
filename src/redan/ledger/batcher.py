"""Group commit: many threads append one entry each, and share one durable transaction."""

import threading

from redan.errors import RedanError, UsageError
from redan.ledger.store import Ledger, check_entries

GROUP_LIMIT = 4096  # entries in one commit: bounds memory and the time that the others wait


class _Ticket:
    """One entry on its way; its thread sleeps on `turn` until the entry is done or the thread has to lead."""

    __slots__ = ("done", "entry", "error", "index", "leads", "turn")

    def __init__(self, entry: bytes, *, leads: bool) -> None:
        self.entry = entry
        self.index = -1
        self.leads = leads
        self.done = False
        self.error: RedanError | None = None
        self.turn = threading.Semaphore(0)


class Batcher:
    """Appends single entries from many threads at the price of one commit per group, without a thread of its own.

    One of the waiting threads leads: it commits everything that waits, wakes those threads together, and hands the
    lead to a thread that came meanwhile. So a group is as large as one commit is long.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._led = False

    def append(self, entry: bytes) -> int:
        """Appends one entry.

        Args:
            entry: opaque bytes, at most 65,535.

        Returns:
            Its index; the entry is on disk when this returns.

        Raises:
            RedanError: whatever `Ledger.append` raised for the group; nothing of the group was appended.
        """
        check_entries((entry,))
        with self._lock:
            ticket = _Ticket(entry, leads=not self._led)
            self._waiting.append(ticket)
            self._led = True
        if not ticket.leads:
            self._sleep(ticket)
        if not ticket.done:
            self._commit()
        if ticket.error is not None:
            raise ticket.error
        return ticket.index

    def _sleep(self, ticket: _Ticket) -> None:
        woken = False
        try:
            ticket.turn.acquire()
            woken = True
        finally:
            if not woken:  # interrupted: nobody may wait for this thread
                self._leave(ticket)

    def _leave(self, ticket: _Ticket) -> None:
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                if ticket.leads:
                    self._hand_over()

    def _commit(self) -> None:
        with self._lock:
            group, self._waiting = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]
        error: RedanError | None = UsageError("the commit was interrupted; the ledger says what was appended")
        indexes = range(0)
        try:
            indexes = self._ledger.append([ticket.entry for ticket in group])
            error = None
        except RedanError as failed:
            error = failed
        finally:
            for place, ticket in enumerate(group):
                ticket.index = indexes[place] if error is None else -1
                ticket.error = error
                ticket.done = True
            with self._lock:
                self._hand_over()
            for ticket in group:
                ticket.turn.release()

    def _hand_over(self) -> None:
        """The lead goes to who waits longest, or to nobody; only under the lock."""
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].turn.release()
