"""What query attacks share: rows in flight, their best points, and the count of their queries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.queries import StoppedError
from redan.attacks.result import Result
from redan.attacks.tables import counter
from redan.attacks.tables.asked import Asked, margins, wrong
from redan.attacks.tables.candidates import Tries, tries
from redan.attacks.tables.distance import Scaled, scaled
from redan.attacks.tables.mending import repair
from redan.attacks.tables.space import Space, allowed
from redan.attacks.threat import Threat
from redan.errors import IncompleteError, InputError

SLOTS = 128
BUDGET = 1000


@dataclass(slots=True, kw_only=True, eq=False)
class Flight:
    """Rows under attack at the same time; none knows of the others.

    Args:
        threat: the ball, and the rules.
        asked: the model.
        x0: shape (n, columns).
        y: shape (n,), places of the true classes.
        eps: shape (n,).
        key: shape (n,), seeds.
        budget: most queries of each row.
        donors: rows whose values are worth trying.
        best: shape (n, columns), the point with the least margin so far; the broken one once there is one.
        least: shape (n,), its margin.
        broken: shape (n,).
        spent: shape (n,), queries so far, up to and with the one that broke it.
    """

    threat: Scaled
    asked: Asked
    x0: NDArray[np.float32]
    y: NDArray[np.int64]
    eps: NDArray[np.float32]
    key: NDArray[np.uint64]
    budget: int
    donors: NDArray[np.float32] | None = None
    best: NDArray[np.float32] = field(init=False)
    least: NDArray[np.float64] = field(init=False)
    broken: NDArray[np.bool_] = field(init=False)
    spent: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Asks for the rows as they are."""
        n = len(self.x0)
        self.best = self.x0.copy()
        self.least = np.full(n, np.inf)
        self.broken, self.spent = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
        self.ask(np.arange(n), self.x0[:, None])

    @property
    def running(self) -> NDArray[np.int64]:
        """Rows that are not broken and may still ask."""
        return np.flatnonzero(~self.broken & (self.spent < self.budget))

    def tries(self, rows: NDArray[np.int64]) -> Tries:
        """Values worth trying in some rows."""
        return tries(self.threat, self.x0[rows], self.eps[rows], self.donors)

    def mended(self, rows: NDArray[np.int64], x: NDArray[Any]) -> NDArray[np.float32]:
        """Proposals of shape (rows, count, columns), repaired."""
        count = x.shape[1]
        start = np.repeat(self.x0[rows], count, axis=0)
        put = repair(self.threat, start, x.reshape(-1, x.shape[2]), np.repeat(self.eps[rows], count))
        return put.reshape(x.shape)

    def ask(self, rows: NDArray[np.int64], x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Margins of repaired proposals, shape (rows, count); infinite for those that the budget does not cover.

        Args:
            rows: which of the flight.
            x: shape (rows, count, columns).
        """
        count = x.shape[1]
        covered = np.arange(count)[None] < (self.budget - self.spent[rows])[:, None]
        told = np.full((len(rows), count), np.inf)
        hit = np.zeros((len(rows), count), dtype=bool)
        if covered.any():
            scores = self.asked.scores(x[covered])
            y = np.broadcast_to(self.y[rows][:, None], covered.shape)[covered]
            told[covered], hit[covered] = margins(scores, y), wrong(scores, y)
        first = (
            np.where(hit.any(axis=1), hit.argmax(axis=1), told.argmin(axis=1)) if count else np.zeros(len(rows), int)
        )
        if not count:
            return told
        at = np.arange(len(rows))
        better = hit.any(axis=1) | (told[at, first] < self.least[rows])
        self.best[rows[better]] = x[at, first][better]
        self.least[rows[better]] = told[at, first][better]
        self.spent[rows] += np.where(hit.any(axis=1), first + 1, covered.sum(axis=1))
        self.broken[rows] |= hit.any(axis=1)
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the caller of a query attack chooses.

    Args:
        space: how rows are encoded, and their rules.
        threat: norm and radius, in units of the columns' scales.
        seed: fixes every random choice.
        budget: most queries of each row, the one for the row itself included.
        donors: rows whose values are worth trying, such as a sample of the training data.
        classes: labels in the order of the model's scores.
        slots: rows in flight; no result depends on it.
        prove: steps of the exact attack on trees for each row that is left; none when 0. See `cascade`.
    """

    space: Space
    threat: Threat
    seed: int = 0
    budget: int = BUDGET
    donors: NDArray[Any] | None = None
    classes: Sequence[object] | None = None
    slots: int = SLOTS
    prove: int = 0


def asked_of(model: object, order: Order) -> Asked:
    """The model as it is asked here."""
    return model if isinstance(model, Asked) else Asked(model, order.space, classes=order.classes)


def flights(name: str, asked: Asked, x: NDArray[Any], y: NDArray[Any], order: Order) -> Iterator[Flight]:
    """The rows in groups that fly together.

    Raises:
        InputError: shapes differ, a row breaks a rule before it was touched, or a label is none of the classes.
    """
    start = np.ascontiguousarray(x, dtype=np.float32)
    if start.ndim != 2 or start.shape[1] != len(order.space.columns) or len(start) != len(y):  # noqa: PLR2004
        raise InputError(f"rows of shape {start.shape} do not fit the rules or the labels", remedy="see rows_of")
    bad = int((~allowed(order.space, start, start)).sum())
    if bad:
        raise InputError(f"{bad} rows break a rule before they are attacked", remedy="leave them out, see rows_of")
    threat = scaled(order.threat, order.space)
    eps, keys, places = threat.radii(len(start)), counter.keys(start, name, order.seed), asked.places(np.asarray(y))
    donors = None if order.donors is None else np.asarray(order.donors, dtype=np.float32)
    for begin in range(0, len(start), order.slots):
        rows = slice(begin, begin + order.slots)
        yield Flight(
            threat=threat,
            asked=asked,
            x0=start[rows],
            y=places[rows],
            eps=eps[rows],
            key=keys[rows],
            budget=order.budget,
            donors=donors,
        )


def flown(
    name: str, asked: Asked, data: tuple[NDArray[Any], NDArray[Any]], order: Order, moves: Callable[[Flight], None]
) -> Result:
    """Flies all rows, group by group.

    Args:
        name: of the attack.
        asked: the model, whose count goes on.
        data: rows and their true labels.
        order: what the caller chose.
        moves: the attack on one group.

    Raises:
        StoppedError: the model does not answer any more; it holds what was found until then.
    """
    began, before = perf_counter(), asked.meter.queries
    groups = flights(name, asked, *data, order)
    found = np.array(data[0], dtype=np.float32)
    broken, step = np.zeros(len(found), dtype=bool), np.full(len(found), -1, dtype=np.int64)

    def so_far() -> Result:
        spent = asked.meter.queries - before
        cost = Cost(forward=spent, queries=spent, seconds=perf_counter() - began)
        return Result(attack=name, x_adv=found, broken=broken, step=step, cost=cost)

    def read(flight: Flight, rows: slice) -> None:
        broken[rows] = flight.broken
        found[rows][flight.broken] = flight.best[flight.broken]
        step[rows] = np.where(flight.broken, flight.spent, -1)

    at = 0
    try:
        for flight in groups:
            rows = slice(at, at + len(flight.x0))
            at = rows.stop
            try:
                moves(flight)
            finally:
                read(flight, rows)
    except IncompleteError as error:
        raise StoppedError(error, so_far()) from error
    return so_far()
