"""Random changes of rows: some parts are set to a value worth trying, to part of it, or back."""

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables import counter
from redan.attacks.tables.search import Flight

CROSS, PARENT, MATE, _MUTATE, _TRY, _BLEND = range(6)  # streams of draws


def mutated(
    flight: Flight, rows: NDArray[np.int64], children: NDArray[np.float64], generation: int, rate: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Children of whose parts some were changed, repaired; shape (rows, children, columns).

    Args:
        flight: the group.
        rows: of it.
        children: shape (rows, children, columns).
        generation: which counts the draws on.
        rate: shape (children,), share of the parts that change.
    """
    given, parts = flight.tries(rows), flight.threat.space.parts
    key, (n, count, width) = flight.key[rows], children.shape
    if not len(given.part):
        return flight.mended(rows, children)
    shape = (n, count, len(parts))
    size = count * len(parts)
    hit = counter.uniform(key, generation, _MUTATE, size).reshape(shape) < rate[:, None]
    pick = counter.uniform(key, generation, _TRY, size).reshape(shape)
    blend = counter.uniform(key, generation, _BLEND, size).reshape(shape)
    start = flight.x0[rows].astype(np.float64)
    for number in np.unique(given.part):
        tried = np.flatnonzero(given.part == number)
        choice = tried[(pick[:, :, number] * len(tried)).astype(np.int64)]
        place = parts[number]
        value = given.values[np.arange(n)[:, None], choice][:, :, place]
        if not flight.threat.space.choice[place].all():
            # Half of them go the whole way: what breaks a model often lies at an end.
            share = np.minimum(2.0 * blend[:, :, number, None], 1.0)
            value = start[:, None, place] + share * (value - start[:, None, place])
        else:
            value = np.where(blend[:, :, number, None] < 0.25, start[:, None, place], value)  # noqa: PLR2004
        children[:, :, place] = np.where(hit[:, :, number, None], value, children[:, :, place])
    return flight.mended(rows, children.reshape(n, count, width))


def spread(by_part: NDArray[np.bool_], parts: tuple[NDArray[np.int64], ...], width: int) -> NDArray[np.bool_]:
    """What holds of parts, for their columns."""
    found = np.zeros((*by_part.shape[:2], width), dtype=bool)
    for number, places in enumerate(parts):
        found[:, :, places] = by_part[:, :, number, None]
    return found
