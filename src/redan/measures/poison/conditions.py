"""Conditions on one column, and what rows fulfil them: the words that a trigger is spelled in."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEAST_CARRIERS = 6  # fewer rows than this do not steer a model, and chance makes them
MOST_SHARE = 0.98  # what nearly every row has is no pattern
_LEVELS = 16  # most frequent values of a column that has many
_TAILS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
_MANY = 10  # a column of more levels than this has tails worth the name


class Condition(NamedTuple):
    """A value of a column, or one end of it.

    Args:
        column: its place.
        low: smallest value.
        high: largest value; equal to `low` for one value.
    """

    column: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """All conditions that enough rows fulfil, by column.

    Args:
        items: in order of column and value.
        columns: shape (items,), the column of each.
        x: shape (n, p), missing values filled.
    """

    items: tuple[Condition, ...]
    columns: NDArray[np.int64]
    x: NDArray[np.float32]

    def sums(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of a weight over the rows of each condition, shape (items,).

        Args:
            weights: shape (p, n): a row's weight for conditions of each column.
        """
        found = np.empty(len(self.items))
        for column in np.unique(self.columns):
            mine = np.flatnonzero(self.columns == column)
            order = np.argsort(self.x[:, column], kind="stable")
            ordered = self.x[order, column]
            running = np.concatenate([[0.0], np.cumsum(weights[column][order])])
            low = np.searchsorted(ordered, [self.items[i].low for i in mine], side="left")
            high = np.searchsorted(ordered, [self.items[i].high for i in mine], side="right")
            found[mine] = running[high] - running[low]
        return found

    def masks(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Which rows fulfil some conditions, shape (chosen, n), 1 or 0."""
        found = np.empty((len(chosen), len(self.x)), dtype=np.float32)
        for row, i in enumerate(chosen):
            found[row] = self.rows(self.items[i])
        return found

    def rows(self, item: Condition) -> NDArray[np.bool_]:
        """Which rows fulfil a condition, shape (n,)."""
        values = self.x[:, item.column]
        return np.asarray((values >= item.low) & (values <= item.high))


def conditions(x: NDArray[np.float32]) -> Conditions:
    """Values that six rows or more share, and ends of columns of many values.

    Args:
        x: shape (n, p), missing values filled.
    """
    items = [item for column in range(x.shape[1]) for item in _of(x[:, column], column)]
    return Conditions(items=tuple(items), columns=np.array([i.column for i in items], dtype=np.int64), x=x)


def _of(values: NDArray[np.float32], column: int) -> list[Condition]:
    levels, counts = np.unique(values, return_counts=True)
    most = MOST_SHARE * len(values)
    usable = np.flatnonzero((counts >= LEAST_CARRIERS) & (counts <= most))
    frequent = usable[np.argsort(-counts[usable], kind="stable")]
    if len(levels) > 4 * _LEVELS:
        frequent = frequent[:_LEVELS]
    found = {Condition(column, float(levels[i]), float(levels[i])) for i in frequent}
    if len(levels) > _MANY:
        found |= {item for item in _tails(values, levels, column) if LEAST_CARRIERS <= _size(values, item) <= most}
    return sorted(found)


def _tails(values: NDArray[np.float32], levels: NDArray[np.float32], column: int) -> set[Condition]:
    cuts = np.quantile(values, [*_TAILS, *(1 - q for q in _TAILS)], method="nearest")
    upper = {Condition(column, float(cut), float(levels[-1])) for cut in cuts[: len(_TAILS)]}
    return upper | {Condition(column, float(levels[0]), float(cut)) for cut in cuts[len(_TAILS) :]}


def _size(values: NDArray[np.float32], item: Condition) -> int:
    return int(((values >= item.low) & (values <= item.high)).sum())
