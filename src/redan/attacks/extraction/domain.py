"""What inputs of a model look like to whoever copies it: bounds, categories, and the features that a copy reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

if TYPE_CHECKING:
    from redan.attacks.tables.space import Space

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Domain:
    """A box of inputs.

    Args:
        shape: of one input.
        low: least value of each number, shape (d,), d numbers to an input.
        high: largest one.
        whole: which of them are whole numbers.
        levels: categories of each number that is the code of one; 0 where it is none.
    """

    shape: tuple[int, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    whole: NDArray[np.bool_]
    levels: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Numbers of one input."""
        return len(self.low)

    @property
    def numeric(self) -> NDArray[np.int64]:
        """Places of the numbers that are no categories."""
        return np.flatnonzero(self.levels == 0)

    @property
    def rank(self) -> int:
        """Numbers that a linear function of an input has, its constant included: d + 1 without categories."""
        return 1 + len(self.numeric) + int(np.maximum(self.levels[self.levels > 0] - 1, 0).sum())

    @property
    def width(self) -> int:
        """Features that a copy reads of one input."""
        return len(self.numeric) + int(self.levels.sum())

    def uniform(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Inputs drawn evenly from the box, shape (n, ...)."""
        drawn = rng.uniform(self.low, self.high, (n, self.size))
        codes = np.floor(rng.random((n, self.size)) * np.maximum(self.levels, 1))
        steps = np.rint(drawn)
        flat = np.where(self.levels > 0, codes, np.where(self.whole, steps, drawn))
        return flat.astype(np.float32).reshape(n, *self.shape)

    def inside(self, x: Array) -> NDArray[np.float32]:
        """Inputs brought back into the box, whole where they have to be; shape (n, ...)."""
        flat = np.clip(np.asarray(x, dtype=np.float64).reshape(len(x), self.size), self.low, self.high)
        return np.where(self.whole, np.rint(flat), flat).astype(np.float32).reshape(len(x), *self.shape)

    def features(self, x: Array) -> NDArray[np.float64]:
        """Numbers scaled to [-1, 1] by the box, then categories one-hot; shape (n, width)."""
        flat = np.asarray(x, dtype=np.float64).reshape(len(x), self.size)
        scaled = (flat - self.low) * (2.0 / self._widths) - 1.0
        hot = [self._hot(flat, int(place)) for place in np.flatnonzero(self.levels > 0)]
        return np.concatenate([scaled[:, self.numeric], *hot], axis=1)

    def moved(self, x: Array, slope: NDArray[np.float64], step: float) -> NDArray[np.float32]:
        """Inputs moved along the sign of a slope of features, inside the box; categories stay.

        Args:
            x: shape (n, ...).
            slope: shape (n, width).
            step: as a share of each number's width.
        """
        flat = np.asarray(x, dtype=np.float64).reshape(len(x), -1).copy()
        at = self.numeric
        flat[:, at] += step * self._widths[at] * np.sign(slope[:, : len(at)])
        return self.inside(flat)

    def _hot(self, flat: NDArray[np.float64], place: int) -> NDArray[np.float64]:
        count = int(self.levels[place])
        return np.eye(count)[np.clip(flat[:, place], 0, count - 1).astype(np.int64)]

    @property
    def _widths(self) -> NDArray[np.float64]:
        return np.where(self.high > self.low, self.high - self.low, 1.0)


def box(shape: Sequence[int], low: float | Array = 0.0, high: float | Array = 1.0) -> Domain:
    """Inputs of numbers between two bounds, or between bounds for each of them.

    Raises:
        InputError: a bound is infinite, or the lower one is above the upper one.
    """
    size = int(np.prod(shape)) if len(shape) else 1
    lower = np.broadcast_to(np.asarray(low, dtype=np.float64).reshape(-1), (size,)).copy()
    upper = np.broadcast_to(np.asarray(high, dtype=np.float64).reshape(-1), (size,)).copy()
    if not (np.isfinite(lower).all() and np.isfinite(upper).all() and (lower <= upper).all()):
        raise InputError("the box of the inputs has no ends", remedy="give finite bounds, the lower ones first")
    none = np.zeros(size, dtype=np.int64)
    return Domain(shape=tuple(shape), low=lower, high=upper, whole=np.zeros(size, dtype=bool), levels=none)


def box_of(x: Array) -> Domain:
    """The box that samples span, number by number.

    Raises:
        InputError: there are none, or they hold values that are no numbers.
    """
    flat = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
    if not len(flat) or not np.isfinite(flat).all():
        raise InputError("the samples hold no numbers", remedy="give samples without gaps")
    return box(np.shape(x)[1:], flat.min(axis=0), flat.max(axis=0))


def box_of_space(space: "Space", x: Array) -> Domain:
    """The box of a table's encoded rows; what its rules leave open ends where the rows do.

    Args:
        space: of the columns.
        x: encoded rows, shape (n, columns).
    """
    rows = np.asarray(x, dtype=np.float64)
    levels = np.zeros(len(space.columns), dtype=np.int64)
    for place, found in space.levels.items():
        levels[place] = len(found)
    low = np.where(np.isfinite(space.low), space.low, rows.min(axis=0))
    high = np.where(np.isfinite(space.high), space.high, rows.max(axis=0))
    return Domain(shape=(len(space.columns),), low=low, high=high, whole=space.whole.astype(bool), levels=levels)
