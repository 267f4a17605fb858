"""Evidence against clients: how often what a detector looks for happens, beside how often that is tolerated.

Detectors leak when their answer is seen at once (arXiv 2405.20641), so evidence becomes a factor on later budgets, with
delay and jitter, and never a different answer to the request that gave it.

All clients lie in a few arrays, so that a batch of many clients costs as much as one of a single client, and a client
costs no more memory than what is remembered of it.

Source: research notes of the gateway; Ville's inequality, see `redan.stats.e_values`.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.contract import Measure, Seen
from redan.guards.sketch import Sketch
from redan.stats.e_values import STEPS

_JOINT: Final = 30.0  # own evidence from which the evidence against everyone together counts, too
_MEAN: Final = 0.5  # of what a single client may have, everyone together may: few clients are at the bound
_ROWS: Final = 256  # that are looked at together
_MOST_LOG: Final = 700.0  # exp of more overflows


class Batch(NamedTuple):
    """Rows in their order.

    Args:
        rows: shape (n, columns).
        sketched: shape (n, numbers of a sketch).
        clients: the place of each row's client, shape (n,).
        before: whether the second row is of the same client as the first and came before it, shape (n, n).
    """

    rows: Array
    sketched: Array
    clients: Array
    before: Array


class Detector(Protocol):
    """Says of each row whether it is what is looked for, and remembers what it needs of each client for the next."""

    @property
    def name(self) -> str:
        """Of what it looks for."""
        ...

    def begin(self, clients: int, numbers: int) -> Any:  # noqa: ANN401 -- each detector's own
        """What is remembered of so many clients, before anything of them was seen.

        Args:
            clients: places.
            numbers: of a sketch.
        """
        ...

    def hits(self, state: Any, batch: Batch) -> Array:  # noqa: ANN401 -- from `begin`
        """Looks at rows, and remembers them.

        Args:
            state: from `begin`; changed in place.
            batch: of any clients.

        Returns:
            Whether each row is a hit.
        """
        ...

    def forget(self, state: Any, client: int) -> None:  # noqa: ANN401 -- from `begin`
        """Gives the place of a client to another."""
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


class Evidence:
    """Evidence against clients, each as `redan.stats.e_values.Process` has it.

    Args:
        clients: places.
    """

    def __init__(self, clients: int) -> None:
        self._begun = np.zeros(clients)
        self._batches = np.zeros(clients, dtype=np.int32)
        self.told = np.ones(clients, dtype=np.float32)

    def after(self, clients: Array, hits: Array, rows: Array, share: float) -> Array:
        """The evidence after one more batch of each of these clients.

        Args:
            clients: different places.
            hits: of each, shape of `clients`.
            rows: of each.
            share: that is tolerated, in (0, 1).
        """
        batch = self._batches[clients] + 1
        gain = share_above(hits, rows, share)
        with np.errstate(over="ignore"):
            begun = (self._begun[clients] + 1.0 / (batch * (batch + 1.0))) * gain
        self._begun[clients] = begun = np.minimum(begun, math.exp(_MOST_LOG))
        self._batches[clients] = batch
        return np.asarray(begun + 1.0 / (batch + 1.0))

    def value(self, client: int) -> float:
        """The evidence against one."""
        return float(self._begun[client]) + 1.0 / (int(self._batches[client]) + 1)

    def forget(self, client: int) -> None:
        """Begins anew."""
        self._begun[client], self._batches[client], self.told[client] = 0.0, 0, 1.0


def share_above(hits: Array, rows: Array, share: float) -> Array:
    """`redan.stats.e_values.share_above` for many at once.

    Args:
        hits: shape (n,).
        rows: shape (n,).
        share: in (0, 1).

    Returns:
        Shape (n,); 1 where there are no rows.
    """
    larger = share + (1 - share) * np.array(STEPS)
    logs = np.outer(hits, np.log(larger / share)) + np.outer(rows - hits, np.log((1 - larger) / (1 - share)))
    top = logs.max(axis=1)
    return np.asarray(np.exp(np.minimum(top + np.log(np.exp(logs - top[:, None]).mean(axis=1)), _MOST_LOG)))


@dataclass(slots=True)
class Tally:
    """What one detector holds and came to.

    Args:
        state: of the detector.
        evidence: against each client.
        common: what is remembered of everyone together.
        everyone: evidence against all of them.
        rows: looked at.
        hits: among them.
        measures: by their factor.
    """

    state: Any
    evidence: Evidence
    common: Any
    everyone: Evidence
    rows: int = 0
    hits: int = 0
    measures: dict[float, int] = field(default_factory=dict)


@dataclass(slots=True)
class Watch:
    """Detectors over the clients of one model, each on its own and all together, so that many names do not hide one.

    A row of a client counts when it is a hit among the client's own rows or among everyone's. The evidence is that more
    than a tolerated share of them are hits; at any time, the chance that an honest client ever gets a factor below one
    is at most one over the evidence of the first grade, for each detector. Once there is that evidence against everyone
    together, 30 is enough for one of them, as many names may share a search.

    Args:
        model: name.
        sketch: of rows.
        looked: what is looked for.
        most: clients that are remembered; the one that was not seen for longest is forgotten.
        clients: the place of each, the one last that was seen last.
        tallies: of each detector.
    """

    model: str
    sketch: Sketch
    looked: tuple[Looked, ...]
    most: int = 1_000_000
    clients: "OrderedDict[str, int]" = field(default_factory=OrderedDict)
    tallies: list[Tally] = field(init=False)
    _free: list[int] = field(default_factory=list)
    name: str = "watch"

    def __post_init__(self) -> None:
        """Room for all clients is asked for at once, and used as they come."""
        numbers = self.sketch.projection.shape[1]
        self.tallies = [
            Tally(
                one.detector.begin(self.most, numbers), Evidence(self.most), one.pooled.begin(1, numbers), Evidence(1)
            )
            for one in self.looked
        ]

    def observe(self, batch: Sequence[Seen]) -> list[Measure]:
        """Takes a batch in; gives a measure for each client whose grade got worse."""
        mine = [seen for seen in batch if seen.model == self.model]
        if not mine:
            return []
        rows = np.concatenate([seen.x for seen in mine])
        owners = [seen.principal for seen in mine for _ in range(len(seen.x))]
        ends = [*range(0, len(rows), _ROWS), len(rows)]
        return [one for low, high in pairwise(ends) for one in self._some(rows[low:high], owners[low:high])]

    def forget(self, principal: str) -> None:
        """Begins anew with a client, as a measure against it has ended."""
        place = self.clients.pop(principal, None)
        if place is not None:
            self._left(place)

    def evidence(self, principal: str) -> dict[str, float]:
        """The evidence against one client, by detector."""
        place = self.clients.get(principal)
        pairs = zip(self.looked, self.tallies, strict=True)
        return {} if place is None else {one.detector.name: tally.evidence.value(place) for one, tally in pairs}

    def _left(self, place: int) -> None:
        for one, tally in zip(self.looked, self.tallies, strict=True):
            one.detector.forget(tally.state, place)
            tally.evidence.forget(place)
        self._free.append(place)

    def _place(self, principal: str, keep: set[str]) -> int:
        place = self.clients.pop(principal, None)
        if place is None:
            if len(self.clients) >= self.most:
                oldest = next(iter(self.clients))
                if oldest in keep:  # more clients in one batch than are remembered
                    return -1
                self._left(self.clients.pop(oldest))
            place = self._free.pop() if self._free else len(self.clients)
        self.clients[principal] = place
        return place

    def _some(self, rows: Array, owners: list[str]) -> Iterator[Measure]:
        names = list(dict.fromkeys(owners))[: self.most]
        keep = set(names)
        places = np.array([self._place(name, keep) for name in names])
        number = {name: i for i, name in enumerate(names)}
        of = np.array([number.get(name, 0) for name in owners])
        clients = places[of]
        batch = Batch(rows, self.sketch.of(rows), clients, np.tril(clients[:, None] == clients[None, :], -1))
        every = batch._replace(clients=np.zeros(len(rows), int), before=np.tril(np.ones((len(rows),) * 2, bool), -1))
        for one, tally in zip(self.looked, self.tallies, strict=True):
            common = one.pooled.hits(tally.common, every)
            hit = one.detector.hits(tally.state, batch) | common
            hits, seen = np.bincount(of, hit, len(names)), np.bincount(of, minlength=len(names))
            tally.rows, tally.hits = tally.rows + len(rows), tally.hits + int(hits.sum())
            together = np.array([common.sum()]), np.array([len(rows)])
            everyone = float(tally.everyone.after(np.zeros(1, int), *together, one.tolerated * _MEAN)[0])
            value = tally.evidence.after(places, hits, seen, one.tolerated)
            factor = _factors(one.grades, value, everyone)
            for place in np.flatnonzero(factor < tally.evidence.told[places]):
                strict = float(factor[place])
                tally.measures[strict] = tally.measures.get(strict, 0) + 1
                tally.evidence.told[places[place]] = strict
                yield Measure(names[place], self.model, strict, one.detector.name, float(value[place]))


def _factors(grades: tuple[Grade, ...], own: Array, everyone: float) -> Array:
    """The strictest grade that each evidence reaches."""
    found = np.ones(len(own))
    for grade in grades:
        found[own >= grade.evidence] = min(1.0, grade.factor)
        if everyone >= grade.evidence:
            found[own >= _JOINT] = np.minimum(found[own >= _JOINT], grade.factor)
    return found
