"""The envelope of the training data: each column's range, and how far a row lies from all of them together.

Source: A-MLSG-004-D005; Lee et al., A Simple Unified Framework for Detecting Out-of-Distribution Samples, NeurIPS
2018 (Mahalanobis distance); Ledoit and Wolf 2004 for the shrunk covariance, made offline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from redan.exchange.flow import Flow
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Array


class Bounds(NamedTuple):
    """The envelope of the columns of one input, made offline and sealed with the model.

    Args:
        low: least values, shape (columns,).
        high: largest values, shape (columns,).
        mean: shape (columns,); empty when no distance is asked for.
        whiten: shape (columns, columns), so that the squared length of `(x - mean) @ whiten` is the distance.
        furthest: squared distance that is let pass, a quantile of held-out rows.
    """

    low: Array
    high: Array
    mean: Array
    whiten: Array
    furthest: float


@dataclass(frozen=True, slots=True)
class Envelope:
    """Refuses rows outside of what the model was made for.

    Args:
        bounds: of each numeric input, by its name.
        known: levels of each input of texts, by its name.
    """

    bounds: Mapping[str, Bounds]
    known: Mapping[str, frozenset[bytes]]
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
        return None

    def _within(self, values: Array, bounds: Bounds, flow: Flow) -> bool:
        rows = values.reshape(len(values), -1) if values.ndim > 1 else values.reshape(-1, 1)
        if rows.shape[1] != len(bounds.low) or not ((rows >= bounds.low) & (rows <= bounds.high)).all():
            return False
        if not len(bounds.mean) or not len(rows):
            return True
        moved = (rows - bounds.mean) @ bounds.whiten
        furthest = float(np.einsum("ij,ij->i", moved, moved).max())
        flow.notes["distance"] = round(furthest, 3)
        return furthest <= bounds.furthest
