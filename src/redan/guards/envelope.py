"""The envelope of the training data: each column's range, and how far a row lies from all of them together.

Source: A-MLSG-004-D005; Lee et al., A Simple Unified Framework for Detecting Out-of-Distribution Samples, NeurIPS
2018 (Mahalanobis distance); Ledoit and Wolf 2004 for the shrunk covariance, made offline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from redan.exchange.flow import Flow
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Array, Tensor


class Bounds(NamedTuple):
    """The envelope of the columns of one input, made offline and sealed with the model.

    Args:
        low: least values, shape (columns,).
        high: largest values, shape (columns,).
        mean: shape (columns,); empty when no distance is asked for.
        whiten: shape (columns, columns), so that the squared length of `(x - mean) @ whiten` is the distance; shape
            (columns,) for its diagonal, where each column counts on its own.
        furthest: squared distance that is let pass, a quantile of held-out rows.
    """

    low: Array
    high: Array
    mean: Array
    whiten: Array
    furthest: float

    def of(self, dtype: DTypeLike) -> "Bounds":
        """The same for inputs of a type, so that nothing is converted with each request.

        Args:
            dtype: of the input; single precision is kept, all else is compared in double precision.
        """
        kind = np.float32 if np.dtype(dtype) == np.float32 else np.float64
        low, high, mean, whiten = (np.ascontiguousarray(one, kind) for one in self[:4])
        return Bounds(low, high, mean, whiten, self.furthest)

    def within(self, rows: Array) -> Array:
        """Whether each column of each row lies in its range; shape (rows,)."""
        return np.asarray(((rows >= self.low) & (rows <= self.high)).all(axis=1))

    def distances(self, rows: Array) -> Array:
        """Squared distance of each row from the mean, in the precision of these bounds; shape (rows,)."""
        away = rows - self.mean
        moved = away * self.whiten if self.whiten.ndim == 1 else away @ self.whiten
        return np.asarray(np.vecdot(moved, moved))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Refuses rows outside of what the model was made for.

    Args:
        bounds: of each numeric input, by its name.
        known: levels of each input of texts, by its name.
        together: names of inputs of one column that have a distance side by side, in order.
        whole: their bounds; None where each input is judged alone.
    """

    bounds: Mapping[str, Bounds]
    known: Mapping[str, frozenset[bytes]]
    together: tuple[str, ...] = ()
    whole: Bounds | None = None
    name: str = "envelope"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Passes (None), or refuses without saying which row or column it was."""
        asked = flow.inference
        if asked is None:
            return Refusal(Problem.BROKEN, self.name)
        for tensor in asked.inputs:
            bounds = self.bounds.get(tensor.name)
            if bounds is not None and not self._within(tensor.values, bounds, flow):
                return Refusal(Problem.OUTSIDE, self.name)
            levels = self.known.get(tensor.name)
            if levels is not None and not levels.issuperset(tensor.values.ravel().tolist()):
                return Refusal(Problem.OUTSIDE, self.name)
        if self.whole is not None:
            rows = side_by_side(asked.inputs, self.together)
            if rows is None or not self._within(rows, self.whole, flow):
                return Refusal(Problem.OUTSIDE, self.name)
        return None

    def _within(self, values: Array, bounds: Bounds, flow: Flow) -> bool:
        rows = values if values.ndim == 2 else flat(values)  # noqa: PLR2004 -- rows and columns, as nearly always
        low, high, mean, whiten, _ = bounds
        if rows.shape[1] != len(low) or np.count_nonzero((rows >= low) & (rows <= high)) != rows.size:
            return False
        if not len(mean) or not len(rows):
            return True
        if len(rows) == 1:  # nearly always, and twice as fast
            moved = (rows[0] - mean) @ whiten
            furthest = float(moved.dot(moved))
        else:
            furthest = float(bounds.distances(rows).max())
        if furthest <= bounds.furthest:
            return True
        flow.notes["distance"] = round(furthest, 3)
        return False


def side_by_side(inputs: Sequence[Tensor], names: Sequence[str]) -> Array | None:
    """Inputs as one array of rows and columns; shape (rows, columns).

    Args:
        inputs: in any order.
        names: of those that are taken, in the order of the columns.

    Returns:
        None when one is not there, holds no numbers, or none is named.
    """
    if len(names) == 1:
        found = next((one.values for one in inputs if one.name == names[0]), None)
        return None if found is None or found.dtype.kind not in "fiu" else flat(found)
    given = {one.name: one.values for one in inputs}
    parts = [given.get(name) for name in names]
    if not parts or any(one is None or one.dtype.kind not in "fiu" for one in parts):
        return None
    return np.concatenate([flat(one) for one in parts if one is not None], axis=1)


def flat(values: Array) -> Array:
    """An input as rows and columns, whatever its shape; shape (rows, columns)."""
    return values.reshape(len(values), -1) if values.ndim > 1 else values.reshape(-1, 1)
