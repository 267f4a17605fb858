"""Genetic search over rows that break no rule, by scores alone.

In the spirit of MOEVA and CAA (Simonetto et al., arXiv 2112.01156 and 2406.00775): there, rules are one of several
goals of the search; here every child is repaired, so that only the lead of the true class is left to minimise.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.result import Result
from redan.attacks.tables import counter
from redan.attacks.tables.mutation import CROSS, MATE, PARENT, mutated, spread
from redan.attacks.tables.search import BUDGET, SLOTS, Flight, Order, asked_of, flown
from redan.attacks.tables.space import Space
from redan.attacks.threat import Threat

_PEOPLE = 40


def genetic(
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
    """Breeds rows: children take their parts from two parents, some parts are set to values worth trying.

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
    return bred(model, x, y, order)


def bred(model: object, x: NDArray[Any], y: NDArray[Any], order: Order) -> Result:
    """The same, for what was ordered."""
    return flown("genetic", asked_of(model, order), (x, y), order, _breed)


def _breed(flight: Flight) -> None:
    rows = flight.running
    first = flight.best[rows][:, None].astype(np.float64).repeat(_PEOPLE, axis=1)
    people = mutated(flight, rows, first, 0, np.full(_PEOPLE, 0.5))
    fitness = flight.ask(rows, people)
    generation = 0
    while len(rows):
        generation += 1
        going = ~flight.broken[rows] & (flight.spent[rows] < flight.budget)
        rows, people, fitness = rows[going], people[going], fitness[going]
        if not len(rows):
            return
        children = _children(flight, rows, people, fitness, generation)
        told = flight.ask(rows, children)
        people = np.concatenate([people, children], axis=1)
        fitness = np.concatenate([fitness, told], axis=1)
        kept = np.argsort(fitness, axis=1, kind="stable")[:, :_PEOPLE]
        people = np.take_along_axis(people, kept[:, :, None], axis=1)
        fitness = np.take_along_axis(fitness, kept, axis=1)


def _children(
    flight: Flight, rows: NDArray[np.int64], people: NDArray[np.float32], fitness: NDArray[np.float64], generation: int
) -> NDArray[np.float32]:
    key, count = flight.key[rows], people.shape[1]
    order = np.argsort(fitness, axis=1, kind="stable")
    rank = [
        (counter.uniform(key, generation, stream, count) ** power * count).astype(np.int64)
        for stream, power in ((PARENT, 2.0), (MATE, 1.0))
    ]
    mothers, fathers = (
        np.take_along_axis(people, np.take_along_axis(order, r, axis=1)[:, :, None], axis=1) for r in rank
    )
    parts = flight.threat.space.parts
    drawn = counter.uniform(key, generation, CROSS, count * len(parts)).reshape(len(rows), count, len(parts))
    own = spread(drawn < 0.7, parts, people.shape[2])  # noqa: PLR2004 -- the better parent gives most
    children = np.where(own, mothers, fathers).astype(np.float64)
    rate = np.full(count, 1.5 / len(parts))
    strangers = count // 4  # so that people who are all alike do not end the search
    children[:, :strangers], rate[:strangers] = flight.x0[rows][:, None], 0.5
    return mutated(flight, rows, children, generation, rate)
