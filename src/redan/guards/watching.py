"""Evidence against clients: how often what a detector looks for happens, beside how often that is tolerated.

Detectors leak when their answer is seen at once (arXiv 2405.20641), so evidence becomes a factor on later budgets, with
delay and jitter, and never a different answer to the request that gave it.

Source: research notes of the gateway; Ville's inequality, see `redan.stats.e_values`.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.contract import Measure, Seen
from redan.stats.e_values import Process, share_above

_JOINT: Final = 100.0  # own evidence from which the evidence against everyone together counts, too


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


GRADES: Final = (Grade(1e3, 0.5), Grade(1e5, 0.1), Grade(1e8, 0.0))


class Looked(NamedTuple):
    """A detector and how much of what it looks for is tolerated.

    Args:
        detector: looks at the rows of one client.
        pooled: looks at the rows of everyone together, with a longer memory.
        tolerated: share of rows that honest clients may have at most.
        grades: of the response, the mildest first.
    """

    detector: Detector
    pooled: Detector
    tolerated: float
    grades: tuple[Grade, ...] = GRADES


class _Against(NamedTuple):
    """What one detector holds of one client."""

    state: object = None
    evidence: Process = Process()
    told: float = 1.0


@dataclass(slots=True)
class Tally:
    """What one detector came to.

    Args:
        rows: looked at.
        hits: among them.
        pooled: what is remembered of everyone, and the evidence against all of them together.
        measures: by their factor.
    """

    rows: int = 0
    hits: int = 0
    pooled: _Against = field(default_factory=_Against)
    measures: dict[float, int] = field(default_factory=dict)


@dataclass(slots=True)
class Watch:
    """Detectors over the clients of one model, each on its own and all together, so that many names do not hide one.

    A row of a client counts when it is a hit among the client's own rows or among everyone's. The evidence is that more
    than a tolerated share of them are hits; at any time, the chance that an honest client ever gets a factor below one
    is at most one over the evidence of the first grade, for each detector. Once there is that evidence against everyone
    together, less is enough for one of them, as many names may share a search.

    Args:
        model: name.
        looked: what is looked for.
        most: clients that are remembered; the one that was not seen for longest is forgotten.
        clients: what is known of each, for each detector.
        tallies: of each detector.
    """

    model: str
    looked: tuple[Looked, ...]
    most: int = 1_000_000
    clients: "OrderedDict[str, tuple[_Against, ...]]" = field(default_factory=OrderedDict)
    tallies: list[Tally] = field(init=False)
    name: str = "watch"

    def __post_init__(self) -> None:
        self.tallies = [Tally() for _ in self.looked]

    def observe(self, batch: Sequence[Seen]) -> list[Measure]:
        """Takes a batch in; gives a measure for each client whose grade got worse."""
        mine = [seen for seen in batch if seen.model == self.model]
        return list(self._observed(mine)) if mine else []

    def forget(self, principal: str) -> None:
        """Begins anew with a client, as a measure against it has ended."""
        self.clients.pop(principal, None)

    def _observed(self, batch: list[Seen]) -> Iterator[Measure]:
        rows = np.concatenate([seen.x for seen in batch])
        places: dict[str, list[int]] = {}
        at = 0
        for seen in batch:
            places.setdefault(seen.principal, []).extend(range(at, at + len(seen.x)))
            at += len(seen.x)
        everyone = [self._together(one, tally, rows) for one, tally in zip(self.looked, self.tallies, strict=True)]
        for principal, where in places.items():
            held = self.clients.pop(principal, None) or (_Against(),) * len(self.looked)
            after = []
            for one, tally, before, common in zip(self.looked, self.tallies, held, everyone, strict=True):
                state, own = one.detector.hits(before.state, rows[where])
                hits = own | common[where]
                tally.rows, tally.hits = tally.rows + len(hits), tally.hits + int(hits.sum())
                evidence = before.evidence.after(share_above(int(hits.sum()), len(hits), one.tolerated))
                factor = _factor(one, evidence, tally.pooled.evidence)
                if factor < before.told:
                    tally.measures[factor] = tally.measures.get(factor, 0) + 1
                    yield Measure(principal, self.model, factor, one.detector.name, evidence.value)
                after.append(_Against(state, evidence, min(factor, before.told)))
            self.clients[principal] = tuple(after)
        while len(self.clients) > self.most:
            self.clients.popitem(last=False)

    def _together(self, one: Looked, tally: Tally, rows: Array) -> Array:
        state, hits = one.pooled.hits(tally.pooled.state, rows)
        evidence = tally.pooled.evidence.after(share_above(int(hits.sum()), len(hits), one.tolerated))
        tally.pooled = _Against(state, evidence)
        return hits


def _factor(one: Looked, own: Process, everyone: Process) -> float:
    """The strictest grade that the evidence reaches."""
    found = min((grade.factor for grade in one.grades if own.value >= grade.evidence), default=1.0)
    if own.value >= _JOINT:
        together = (grade.factor for grade in one.grades if everyone.value >= grade.evidence)
        found = min(found, min(together, default=1.0))
    return found
