"""Greedy search: every part alone, then the best ones together, again and again, by scores alone.

In the spirit of the search for one pixel at a time; the ranking is by the true class's lead, as for the margin loss of
Carlini and Wagner (arXiv 1608.04644).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.result import Result
from redan.attacks.tables.mutation import mutated
from redan.attacks.tables.search import BUDGET, SLOTS, Flight, Order, asked_of, flown
from redan.attacks.tables.space import Space
from redan.attacks.threat import Threat

_ROUNDS = 40
_SHAKES = 8  # random neighbourhoods in which nothing is better end the search
_NEIGHBOURS = 32
_RATE = 0.3  # share of the parts that a neighbour changes


def greedy(
    model: object,
    x: NDArray[Any],
    y: NDArray[Any],
    *,
    space: Space,
    threat: Threat,
    seed: int = 0,
    budget: int = BUDGET,
    donors: NDArray[Any] | None = None,
    classes: Sequence[object] | None = None,
    slots: int = SLOTS,
) -> Result:
    """Changes the parts of a row that cost the true class most, best first, and looks around where that ends.

    Args:
        model: anything that predicts, see `redan.models`.
        x: shape (n, columns), encoded rows, see `rows_of`.
        y: shape (n,), the true labels.
        space: the rules.
        threat: norm and radius, in units of the columns' scales.
        seed: fixes every random choice.
        budget: most queries of each row.
        donors: rows whose values are worth trying.
        classes: labels in the order of the model's scores.
        slots: rows in flight; no result depends on it.

    Returns:
        Rows that break no rule; where nothing was found, the row itself.

    Raises:
        InputError: the rows do not fit the rules, the labels or the model.
    """
    order = Order(space=space, threat=threat, seed=seed, budget=budget, donors=donors, classes=classes, slots=slots)
    return climbed(model, x, y, order)


def climbed(model: object, x: NDArray[Any], y: NDArray[Any], order: Order) -> Result:
    """The same, for what was ordered."""
    return flown("greedy", asked_of(model, order), (x, y), order, climb)


def climb(flight: Flight, rounds: int = _ROUNDS) -> None:
    """Rounds of single changes and of the best ones together; where nothing is better, random neighbours are asked."""
    stuck = np.zeros(len(flight.x0), dtype=np.int64)
    for number in range(rounds):
        rows = flight.running[stuck[flight.running] < _SHAKES]
        before = flight.least.copy()
        if len(fresh := rows[stuck[rows] == 0]):
            _round(flight, fresh)
        if len(shaken := np.intersect1d(rows[stuck[rows] > 0], flight.running)):
            near = flight.best[shaken][:, None].astype(np.float64).repeat(_NEIGHBOURS, axis=1)
            flight.ask(shaken, mutated(flight, shaken, near, number, np.full(_NEIGHBOURS, _RATE)))
        stuck = np.where(flight.least < before - 1e-12, 0, stuck + 1)


def _round(flight: Flight, rows: NDArray[np.int64]) -> None:
    given = flight.tries(rows)
    count = len(given.part)
    if not count:
        return
    base = flight.best[rows].astype(np.float64)
    single = np.where(given.columns[None], given.values, base[:, None])
    told = flight.ask(rows, flight.mended(rows, single))
    going = ~flight.broken[rows] & (flight.spent[rows] < flight.budget)
    if going.any():
        together = _prefixes(given.part, given.columns, single[going], told[going], base[going])
        flight.ask(rows[going], flight.mended(rows[going], together))


def _prefixes(
    part: NDArray[np.int64],
    columns: NDArray[np.bool_],
    single: NDArray[np.float64],
    told: NDArray[np.float64],
    base: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The best change of each part, added up from the best part on; shape (n, parts, columns)."""
    names = np.unique(part)
    picks = np.stack([np.flatnonzero(part == p)[told[:, part == p].argmin(axis=1)] for p in names], axis=1)
    at = np.arange(len(told))
    order = np.argsort(np.take_along_axis(told, picks, axis=1), axis=1, kind="stable")
    now, found = base.copy(), []
    for rank in range(len(names)):
        pick = picks[at, order[:, rank]]
        now = np.where(columns[pick], single[at, pick], now)
        found.append(now)
    return np.stack(found[1:] or found, axis=1)
