"""Monitors beside the answers: a bounded queue, a thread that looks at what passed, and measures that hold later.

Nothing here is on the way of an answer. What does not fit into the queue is not looked at, and counted.

Source: design.md ("monitors change the client's next budget"); arXiv 2405.20641 (no instant signal).
"""

import asyncio
import contextlib
import inspect
import logging
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from redan.canon import Json
from redan.errors import RedanError
from redan.exchange import encode
from redan.exchange.flow import Flow
from redan.exchange.message import Response
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.gateway.steps import Decided
from redan.gateway.watching_model import Labelled, Monitors, Passed
from redan.guards.contract import Measure
from redan.guards.later import Later
from redan.guards.limits import scale_key

Scale: TypeAlias = Callable[[str, float, float, float], Awaitable[None] | None]
_LOG = logging.getLogger("redan.gateway")
_GUARD: Final = "feedback"
_TAKEN: Final = Response(202, (encode.JSON,), b'{"taken":true}')
_ASKED: Final = 20_000  # answers of one model whose labels may still come
_AGAIN_S: Final = 1.0
_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    RedanError,
    RefusedError,
)


class Asked(OrderedDict[str, tuple[str, int]]):
    """Who asked, and how many rows, by the identifier of the answer's event."""


@dataclass(slots=True, kw_only=True)
class Watching:
    """Everything that monitors do.

    Args:
        models: monitors, by the name of their model.
        labels: names of classes by their number, of models that take labels.
        scale: lowers the budgets of a client; of the store.
        happened: writes into the ledger what concerns the service.
        pseudonym: of a principal, as the ledger names it.
        later: measures on their way.
        holds_s: seconds for which a measure holds.
        batch: answers that are looked at together.
        every_s: seconds after which fewer are.
        most: answers that wait to be looked at.
        most_bytes: of their questions together.
        clock: seconds since the epoch.
        dropped: answers that nobody looked at.
        failed: batches in which a monitor broke.
        force: measures that hold, with the time of their end.
        asked: answers whose labels may come, by model.
        lock: held while monitors look, so that what is kept is whole; the event loop never waits for it.
    """

    models: Mapping[str, Monitors]
    labels: Mapping[str, tuple[str, ...]]
    scale: Scale
    happened: Callable[[str, str, dict[str, Json]], None]
    pseudonym: Callable[[str], str]
    later: Later
    holds_s: float = 86_400.0
    batch: int = 128
    every_s: float = 0.25
    most: int = 4096
    most_bytes: int = 64 << 20
    clock: Callable[[], float] = time.time
    dropped: int = 0
    failed: int = 0
    force: dict[tuple[str, str], float] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _queue: deque[Passed | Labelled] = field(default_factory=deque)
    _held: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def waiting(self) -> int:
        """Answers that were not looked at yet."""
        return len(self._queue)

    def valid(self, model: str) -> bool:
        """Whether the inputs of a model come as its reference did, as far as is known."""
        found = self.models.get(model)
        return found is None or found.valid

    def take(self, one: Decided, event: str) -> None:
        """Takes a decision in; costs a few microseconds, and never raises."""
        flow, refused = one
        asked = flow.inference
        if asked is None or (refused is not None and refused.problem is not Problem.OUTSIDE):
            return
        found = self.models.get(flow.model)
        if found is None:
            return
        generation = found.service.current
        before = flow.around is not None and flow.around.model is not generation.model
        if before or flow.generation not in {"", generation.model.version}:
            return  # answered before an exchange: the evidence about that generation has ended
        principal = "" if flow.identity is None else flow.identity.principal
        if refused is None and flow.model in self.labels:
            events = self.asked.setdefault(flow.model, Asked())
            events[event] = principal, asked.rows
            if len(events) > _ASKED:
                events.popitem(last=False)
        size = len(flow.request.body)
        if len(self._queue) >= self.most or self._held + size > self.most_bytes:
            self.dropped += 1
            return
        outputs = flow.outputs if refused is None else ()
        self._queue.append(
            Passed(principal, flow.model, event, asked.inputs, outputs, generation, flow.request.now, size)
        )
        self._held += size
        if len(self._queue) >= self.batch:
            self._wake.set()

    def labelled(self, flow: Flow) -> Response:
        """Takes labels in that the guards let pass.

        An answer that nobody got, that somebody else got, or whose labels came already is one and the same: unknown.

        Raises:
            RefusedError: there is no such answer, or the labels are not of its rows or of no class.
        """
        labels, identity = flow.labels, flow.identity
        names = self.labels.get(flow.model)
        if labels is None or identity is None or names is None:
            raise RefusedError(Refusal(Problem.UNKNOWN, _GUARD))
        events = self.asked.get(flow.model) or Asked()
        held = events.get(labels.event)
        if held is None or held[0] != identity.principal:
            raise RefusedError(Refusal(Problem.UNKNOWN, _GUARD))
        known = {name: number for number, name in enumerate(names)}
        numbers = [known.get(one, -1) if isinstance(one, str) else one for one in labels.labels]
        if len(numbers) != held[1] or min(numbers) < 0 or (names and max(numbers) >= len(names)):
            raise RefusedError(Refusal(Problem.SCHEMA, _GUARD, "labels are one class for each row of the answer"))
        if len(self._queue) >= 2 * self.most:
            raise RefusedError(Refusal(Problem.UNREADY, _GUARD, retry_after=_AGAIN_S))
        del events[labels.event]
        self._queue.append(Labelled(flow.model, labels.event, np.array(numbers, dtype=np.int64)))
        return _TAKEN

    async def run(self) -> None:
        """Looks at what passed until it is cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.every_s)
            self._wake.clear()
            await self.turn()

    async def turn(self) -> None:
        """Looks at what waits, and lets measures take hold whose time has come."""
        while self._queue:
            found = self.taken()
            await asyncio.to_thread(self.look, found)
            if len(self._queue) < self.batch:
                break
        await self.hold(self.clock())

    def taken(self) -> list[Passed | Labelled]:
        """One batch off the queue."""
        found = [self._queue.popleft() for _ in range(min(self.batch, len(self._queue)))]
        self._held -= sum(one.size for one in found if isinstance(one, Passed))
        return found

    def look(self, batch: list[Passed | Labelled]) -> None:
        """Looks at a batch; a monitor that breaks takes no other with it."""
        now = self.clock()
        with self.lock:
            for name, found in self.models.items():
                mine = [one for one in batch if one.model == name]
                if not mine:
                    continue
                try:
                    self._add(found.after([one for one in mine if isinstance(one, Passed)]), now)
                    for label in mine:
                        if isinstance(label, Labelled):
                            found.label(label)
                    for alarm in found.alarms():
                        self.happened(alarm.model, alarm.what, alarm.about)
                except _FAULTS:  # answers go on without the monitor, and an operator sees it
                    self.failed += 1
                    _LOG.exception("a monitor of %s broke", name)

    def _add(self, measures: list[Measure], now: float) -> None:
        for one in measures:
            self.happened(
                one.model,
                "measure",
                {
                    "factor": f"{one.factor:.3g}",
                    "monitor": one.reason,
                    "evidence": f"{one.value:.4g}",
                    "principal": self.pseudonym(one.principal),
                    "lasts_s": int(self.holds_s),
                },
            )
        self.later.add(measures, now)

    async def hold(self, now: float) -> None:
        """Lets measures take hold whose time has come, and begins anew with clients whose measure has ended."""
        due = self.later.due(now)
        ended = [key for key, until in self.force.items() if until <= now]
        for place, one in enumerate(due):
            try:
                found = self.scale(scale_key(one.principal, one.model), one.factor, now, self.holds_s)
                if inspect.isawaitable(found):
                    await found
            except RefusedError:  # the store does not answer: nothing is answered either
                self.later.again(due[place:], now + _AGAIN_S)
                break
            self.force[one.principal, one.model] = now + self.holds_s
        for key in ended:
            if self.force.get(key, math.inf) <= now:
                del self.force[key]
                watch = self.models[key[1]].watch if key[1] in self.models else None
                if watch is not None:
                    watch.forget(key[0])

    def drain(self) -> None:
        """Looks at everything that waits, at the end."""
        while self._queue:
            self.look(self.taken())
