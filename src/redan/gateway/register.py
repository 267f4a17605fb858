"""Every decision, once: counted, written down, and handed to whoever looks at what has passed."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from redan.canon import Json
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.gateway.events import Clerk
from redan.gateway.journal import Journal
from redan.gateway.metrics import INFER, Metrics
from redan.gateway.steps import Decided

_RANDOM: Final = 4096
_ID: Final = 12  # bytes of an identifier


@dataclass(slots=True)
class Register:
    """Where every decision ends.

    Refusals of senders that nobody knows are written down only so many a second, and counted beyond: who has no
    credentials can neither fill the disk nor, by a full queue, shut out those who have.

    Args:
        metrics: that count.
        clerk: writes.
        journal: of the ledger; None where no ledger is kept.
        version: of a model in service; the empty string for one that is not there.
        durable: whether an answer waits until its event is on the disk.
        strangers: refusals of unknown senders that are written down a second.
        watchers: are handed each decision with the identifier of its event; what they raise blocks the answer.
    """

    metrics: Metrics
    clerk: Clerk
    journal: Journal | None
    version: Callable[[str], str]
    durable: bool = False
    strangers: int = 50
    watchers: tuple[Callable[[Decided, str], None], ...] = ()
    clock: Callable[[], float] = time.time
    skipped: int = 0
    _second: int = 0
    _left: int = 0
    _random: bytes = b""
    _at: int = field(default=_RANDOM)

    def decided(self, one: Decided) -> "str | asyncio.Future[str]":
        """Takes a decision in; see `DataPlane.decided`.

        Raises:
            RefusedError: it cannot be written down, so nothing is answered.
        """
        flow, refused = one
        now = self.clock()
        metrics = self.metrics
        status = 200 if refused is None else refused.problem.status
        if refused is None:
            metrics.statuses[flow.model, 200] += 1
        else:
            self._count(flow.model if flow.identity is not None else "", refused)
        kind = str(flow.notes.get("asked", INFER)) if flow.notes else INFER
        metrics.took(kind, status, now - flow.request.now, len(flow.request.body))
        key = self.identifier()
        for watch in self.watchers:
            watch(one, key)
        if self.journal is None or (flow.identity is None and refused is not None and not self._stranger(now)):
            return key
        entry = self.clerk.event(one, key, flow.generation or self.version(flow.model), now, self.skipped)
        self.skipped = 0
        if self.durable:
            return self.journal.committed(entry, key)
        self.journal.append(entry)
        return key

    def passed(self, refused: Refusal, key: str) -> None:
        """Takes a refusal in that no guard of the pipeline saw."""
        self._count("", refused)
        now = self.clock()
        if self.journal is None:
            return
        if refused.problem is not Problem.BROKEN and not self._stranger(now):
            return
        self._append(self.clerk.refusal(refused, key, now))

    def happened(self, model: str, what: str, about: dict[str, Json]) -> None:
        """Takes something in that concerns the service; may be called from any thread."""
        plain = {name: value if isinstance(value, (str, int)) else None for name, value in about.items()}
        if self.journal is not None:
            self._append(self.clerk.happening(model, what, plain, os.urandom(_ID).hex(), self.clock()))

    def identifier(self) -> str:
        """A fresh identifier that tells nothing."""
        if self._at + _ID > len(self._random):
            self._random, self._at = os.urandom(_RANDOM), 0
        found = self._random[self._at : self._at + _ID].hex()
        self._at += _ID
        return found

    def _count(self, model: str, refused: Refusal) -> None:
        self.metrics.decisions[refused.guard, refused.problem.slug] += 1
        self.metrics.statuses[model, refused.problem.status] += 1

    def _append(self, entry: bytes) -> None:
        try:
            if self.journal is not None:
                self.journal.append(entry)
        except RefusedError:
            self.skipped += 1

    def _stranger(self, now: float) -> bool:
        """Whether one more refusal of an unknown sender is written down in this second."""
        second = int(now)
        if second != self._second:
            self._second, self._left = second, self.strangers
        if self._left > 0:
            self._left -= 1
            return True
        self.skipped += 1
        return False
