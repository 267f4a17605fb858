"""Values worth trying in each part of a row: the ends of what it can reach, what lies between, what other rows hold."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.distance import Scaled
from redan.attacks.tables.mending import reach

_BETWEEN = (0.25, 0.5, 0.75)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_LEVELS = 64


class Tries(NamedTuple):
    """Proposals that change one part each.

    Args:
        part: shape (tries,), which part.
        columns: shape (tries, columns), which columns it sets.
        values: shape (n, tries, columns), to what, for each row.
    """

    part: NDArray[np.int64]
    columns: NDArray[np.bool_]
    values: NDArray[np.float64]


def tries(threat: Scaled, x0: NDArray[Any], eps: NDArray[Any], donors: NDArray[Any] | None) -> Tries:
    """What to try from each row, part by part; some tries may leave a row as it is.

    Args:
        threat: the ball, and the rules.
        x0: shape (n, columns).
        eps: shape (n,).
        donors: rows of the same kind, whose quantiles are tried as well; shape (m, columns).
    """
    space = threat.space
    low, high = reach(threat, x0, eps)
    part, columns, values = [], [], []
    for number, places in enumerate(space.parts):
        if not space.mutable[places].all():
            continue
        if len(places) > 1:
            options = np.eye(len(places))[None].repeat(len(x0), axis=0)
        elif space.choice[places[0]]:
            count = min(int(space.high[places[0]]) + 1, MOST_LEVELS)
            options = np.arange(count, dtype=np.float64)[None, :, None].repeat(len(x0), axis=0)
        else:
            options = _numbers(threat, x0, (low, high), int(places[0]), donors)[:, :, None]
        mask = np.zeros(len(space.columns), dtype=bool)
        mask[places] = True
        for option in range(options.shape[1]):
            full = np.array(x0, dtype=np.float64)
            full[:, places] = options[:, option]
            part.append(number)
            columns.append(mask)
            values.append(full)
    if not part:
        width = len(space.columns)
        return Tries(np.empty(0, dtype=np.int64), np.empty((0, width), dtype=bool), np.empty((len(x0), 0, width)))
    return Tries(np.array(part), np.array(columns), np.stack(values, axis=1))


def _numbers(
    threat: Scaled,
    x0: NDArray[Any],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    place: int,
    donors: NDArray[Any] | None,
) -> NDArray[np.float64]:
    start = x0[:, place].astype(np.float64)
    far = 10.0 * threat.space.scale[place]  # where nothing bounds a column, its scale does
    low = np.maximum(ends[0][:, place], start - far)
    high = np.minimum(ends[1][:, place], start + far)
    steps = [low, high, *(start + share * (end - start) for end in (low, high) for share in _BETWEEN)]
    if donors is not None and len(donors):
        seen = np.quantile(donors[:, place].astype(np.float64), _QUANTILES)
        steps += [np.clip(value, low, high) for value in seen]
    return np.stack(steps, axis=1)
