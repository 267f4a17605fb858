"""Group commit: many threads append one entry each, and share one durable transaction."""

import threading

from redan.errors import RedanError, UsageError
from redan.ledger.store import Ledger, check_entries

GROUP_LIMIT = 4096  # entries in one commit: bounds memory and the time that the others wait


class _Ticket:
    """One entry on its way; the thread that commits its group sets the outcome."""

    __slots__ = ("done", "entry", "error", "index")

    def __init__(self, entry: bytes) -> None:
        self.entry = entry
        self.index = -1
        self.done = False
        self.error: RedanError | None = None


class Batcher:
    """Appends single entries from many threads at the price of one commit per group, without a thread of its own.

    Whoever gets the commit lock first commits everything that waits; the others find their entry done.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: list[_Ticket] = []
        self._queue = threading.Lock()
        self._commit = threading.Lock()

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
        ticket = _Ticket(entry)
        with self._queue:
            self._waiting.append(ticket)
        while not ticket.done:
            with self._commit:
                if not ticket.done:
                    self._commit_group()
        if ticket.error is not None:
            raise ticket.error
        return ticket.index

    def _commit_group(self) -> None:
        with self._queue:
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
