"""Queries that hardly differ from earlier ones, as searches for adversarial examples ask them.

Exact repeats tell a client nothing new and do not count.

Source: Chen, Carlini and Wagner, Stateful Detection of Black-Box Adversarial Attacks, SPAI 2020; its limits:
arXiv 2405.20641 (OARS).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.sketch import Sketch

_SAME: Final = 1e-6
_BLOCK: Final = 64  # rows that are compared at once, so that one large question takes no memory


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """A row counts when it is nearer than `radius` to one of the last rows, and not the same.

    Args:
        sketch: of rows.
        radius: in the units of the sketch, far below the distance of honest rows; set from the training data.
        kept: rows that are remembered.
    """

    sketch: Sketch
    radius: float
    kept: int = 24
    name: str = "near-duplicates"

    def hits(self, state: object | None, rows: Array) -> tuple[object, Array]:
        """See `redan.guards.watching.Detector`."""
        new = self.sketch.of(rows)
        held = state if isinstance(state, np.ndarray) else np.empty((0, new.shape[1]), np.float32)
        found = np.zeros(len(new), dtype=bool)
        for at in range(0, len(new), _BLOCK):
            block = new[at : at + _BLOCK]
            found[at : at + _BLOCK] = self._near(held, block)
            held = np.concatenate([held, block])[-self.kept :].copy()
        return held, found

    def _near(self, held: Array, block: Array) -> Array:
        """Of each row of a block, whether it is near one of those before it."""
        every = np.concatenate([held, block])
        lengths = np.einsum("ij,ij->i", every, every)
        old = len(held)
        gaps = lengths[old:, None] + lengths[None, :] - 2.0 * (block @ every.T)
        places, own = np.arange(len(every)), old + np.arange(len(block))[:, None]
        before = (places < own) & (places >= own - self.kept)
        # Differences of large squares are rough: what may be near is measured again.
        rough = before & (gaps < self.radius**2 + 1e-3 * (1.0 + lengths[old:, None]))
        rows, others = np.nonzero(rough)
        exact = np.square(block[rows] - every[others]).sum(axis=1)
        near, same = np.zeros(len(block), dtype=bool), np.zeros(len(block), dtype=bool)
        near[rows[exact < self.radius**2]] = True
        same[rows[exact <= _SAME**2]] = True
        return np.asarray(near & ~same)
