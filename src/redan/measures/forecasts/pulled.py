"""How far one participant moves a forecast by inputs of their own, within the ranges that are declared for them.

The share is of what all participants together can do, so that it needs no unit: that of a mean over equal inputs of k
participants is 1 / k. Found by a search, so that it is a lower bound; exact where a forecast rises or falls with each
input whatever the others are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError

Matrix: TypeAlias = NDArray[np.float64]
Ask: TypeAlias = Callable[[Matrix], Matrix]
_GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
_SWEEPS = 2
_BOTH = (1.0, -1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What one participant can do.

    Args:
        who: name of the participant.
        effect: largest difference of two forecasts, in the forecast's unit.
        share: of what all participants together can do.
        owned: columns or rows that are theirs.
    """

    who: str
    effect: float
    share: float
    owned: int


def by_columns(x: Matrix, ask: Ask, owners: Mapping[str, Sequence[int]], low: Matrix, high: Matrix) -> tuple[Pull, ...]:
    """Participants who supply columns of each forecast's inputs.

    Args:
        x: inputs to begin at, shape (n, columns).
        ask: forecasts of inputs, shape (n,).
        owners: the columns of each participant.
        low: least value of each column, shape (columns,).
        high: largest one.

    Returns:
        The strongest first, of what the worst row allows them.

    Raises:
        IncompleteError: forecasts do not move at all, or are no numbers.
    """
    everything = sorted({place for places in owners.values() for place in places})
    spans = {who: reach(x, ask, places, low, high) for who, places in owners.items()}
    top, bottom = (_extreme(x, ask, everything, (low, high), sign) for sign in _BOTH)
    whole = max(float(top.max() - bottom.min()), *(float(span.max()) for span in spans.values()))
    if whole <= 0:
        raise IncompleteError("forecasts do not move, whatever the inputs are")
    made = [
        Pull(who=who, effect=float(span.max()), share=float(span.max()) / whole, owned=len(owners[who]))
        for who, span in spans.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.share, one.who)))


def by_rows(x: Matrix, ask: Ask, who: Sequence[str], low: Matrix, high: Matrix) -> tuple[Pull, ...]:
    """Participants who supply rows, of whose forecasts the mean is published.

    Args:
        x: inputs, shape (n, columns).
        ask: forecasts of inputs, shape (n,).
        who: the participant of each row.
        low: least value of each column, shape (columns,).
        high: largest one.

    Returns:
        The strongest first.

    Raises:
        IncompleteError: forecasts do not move at all, or are no numbers.
    """
    span = reach(x, ask, range(x.shape[1]), low, high)
    whole = float(span.sum())
    if whole <= 0:
        raise IncompleteError("forecasts do not move, whatever the inputs are")
    names, place = np.unique(np.asarray(who, dtype=str), return_inverse=True)
    sums, counts = np.bincount(place, weights=span), np.bincount(place)
    made = [
        Pull(who=str(name), effect=float(total) / len(x), share=float(total) / whole, owned=int(count))
        for name, total, count in zip(names, sums, counts, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: (-one.share, one.who)))


def reach(x: Matrix, ask: Ask, places: Sequence[int] | range, low: Matrix, high: Matrix) -> Matrix:
    """The largest less the least forecast of each row that is found, others' columns as they are; shape (n,)."""
    top, bottom = (_extreme(x, ask, list(places), (low, high), sign) for sign in _BOTH)
    return np.asarray(top - bottom)


def _extreme(x: Matrix, ask: Ask, places: Sequence[int], ends: tuple[Matrix, Matrix], sign: float) -> Matrix:
    """Column by column, the value that moves each row the furthest, until nothing moves."""
    low, high = ends
    at = np.clip(x, low, high)
    best = sign * _flat(ask(at), len(at))
    for _ in range(_SWEEPS if len(places) > 1 else 1):
        before = best.copy()
        for place in places:
            for share in _GRID:
                tried = at.copy()
                tried[:, place] = low[place] + share * (high[place] - low[place])
                told = sign * _flat(ask(tried), len(at))
                better = told > best
                at[better, place], best[better] = tried[better, place], told[better]
        if (best == before).all():
            break
    return sign * best


def _flat(told: Matrix, n: int) -> Matrix:
    found = np.asarray(told, dtype=np.float64).reshape(n, -1)[:, 0]
    if not np.isfinite(found).all():
        raise IncompleteError("forecasts hold values that are no numbers")
    return found
