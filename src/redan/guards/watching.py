"""Evidence against clients: how often what a detector looks for happens, beside how often that is tolerated.

Detectors leak when their answer is seen at once (arXiv 2405.20641), so evidence becomes a factor on later budgets, with
delay and jitter, and never a different answer to the request that gave it.

Source: research notes of the gateway; Ville's inequality, see `redan.stats.e_values`.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.contract import Measure, Seen
from redan.stats.e_values import Process, share_above

EVERYONE = ""


class Detector(Protocol):
    """Says of each row of one client whether it is what is looked for, and remembers what it needs for the next."""

    @property
    def name(self) -> str:
        """Of what it looks for."""
        ...

    def hits(self, state: "object | None", rows: Array) -> tuple["object", Array]:
        """Looks at the rows of one client in their order.

        Args:
            state: what it gave last time; None for a client that is new.
            rows: shape (n, columns).

        Returns:
            What it wants back next time, of bounded size, and a truth value for each row.
        """
        ...


class Grade(NamedTuple):
    """One step of the response.

    Args:
        evidence: e-value from which it holds.
        factor: that budgets are multiplied by.
    """

    evidence: float
    factor: float


class _Client(NamedTuple):
    state: object
    process: Process
    factor: float
    told: float


@dataclass(slots=True)
class Watch:
    """A detector over all clients, and over everyone together, so that many names do not hide one attacker.

    The evidence is that more than a tolerated share of a client's rows are hits; at any time, the chance that an honest
    client is ever answered with a factor below one is at most one over the evidence of the first grade.

    Args:
        detector: what is looked for.
        tolerated: share of rows that honest clients may have at most.
        grades: of the response, the mildest first.
        most: clients that are remembered; the one that was not seen for longest is forgotten.
        clients: by principal.
    """

    detector: Detector
    tolerated: float
    grades: tuple[Grade, ...] = (Grade(1e3, 0.5), Grade(1e5, 0.1), Grade(1e8, 0.0))
    most: int = 1_000_000
    clients: "OrderedDict[tuple[str, str], _Client]" = field(default_factory=OrderedDict)

    @property
    def name(self) -> str:
        """Of the detector."""
        return self.detector.name

    def observe(self, batch: Sequence[Seen]) -> list[Measure]:
        """Takes a batch in; gives a measure for each client whose grade changed.

        Evidence against everyone together falls on those whose rows were hits in this batch, and on nobody else.
        """
        by_model: dict[str, list[Seen]] = {}
        for seen in batch:
            by_model.setdefault(seen.model, []).append(seen)
        return [measure for model, seen in by_model.items() for measure in self._model(model, seen)]

    def _model(self, model: str, batch: Sequence[Seen]) -> Iterator[Measure]:
        rows = np.concatenate([seen.x for seen in batch])
        owners = np.repeat([seen.principal for seen in batch], [len(seen.x) for seen in batch])
        together, hits = self._looked((EVERYONE, model), rows)
        for principal in dict.fromkeys(seen.principal for seen in batch):
            mine = owners == principal
            before = self.clients.get((principal, model))
            own, _ = self._looked((principal, model), rows[mine])
            factor = min(own.factor, together.factor) if hits[mine].mean() > self.tolerated else own.factor
            if factor != (1.0 if before is None else before.told):
                yield Measure(principal, model, factor, self.name, max(own.process.value, together.process.value))
            self.clients[principal, model] = own._replace(told=factor)

    def _looked(self, key: tuple[str, str], rows: Array) -> tuple[_Client, Array]:
        held = self.clients.pop(key, None) or _Client(None, Process(), 1.0, 1.0)
        state, hits = self.detector.hits(held.state, rows)
        process = held.process.after(share_above(int(hits.sum()), len(hits), self.tolerated))
        factor = min((g.factor for g in self.grades if process.value >= g.evidence), default=1.0)
        self.clients[key] = found = _Client(state, process, factor, held.told)
        while len(self.clients) > self.most:
            self.clients.popitem(last=False)
        return found, hits
