"""Queries that all carry the same strange pattern, as adversarial reprogramming asks them.

Source: AIPS-REP-01; Elsayed, Goodfellow and Sohl-Dickstein, Adversarial Reprogramming of Neural Networks, ICLR 2019:
one program around every input.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.sketch import Sketch

_FADE = 0.9


class _Pattern(NamedTuple):
    mean: Array
    weight: float


@dataclass(frozen=True, slots=True)
class OneProgram:
    """A row counts when it is far from the training data in the very direction in which the client's earlier rows were.

    Args:
        sketch: of rows.
        far: length of a sketch that one in a hundred rows of the training data passes.
        alike: cosine from which two directions are one.
    """

    sketch: Sketch
    far: float
    alike: float = 0.8
    name: str = "one-program"

    def hits(self, state: object | None, rows: Array) -> tuple[object, Array]:
        """See `redan.guards.watching.Detector`."""
        pattern = state if isinstance(state, _Pattern) else None
        found = np.zeros(len(rows), dtype=bool)
        for place, one in enumerate(self.sketch.of(rows)):
            length = float(np.linalg.norm(one))
            if pattern is not None:
                whole = float(np.linalg.norm(pattern.mean)) * length
                found[place] = length > self.far and whole > 0 and float(one @ pattern.mean) > self.alike * whole
            weight = 1.0 if pattern is None else _FADE * pattern.weight + 1.0
            mean = one if pattern is None else pattern.mean + (one - pattern.mean) / weight
            pattern = _Pattern(mean, weight)
        return pattern, found
