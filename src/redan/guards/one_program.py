"""Queries that all carry the same strange pattern, as adversarial reprogramming asks them.

Source: AIPS-REP-01; Elsayed, Goodfellow and Sohl-Dickstein, Adversarial Reprogramming of Neural Networks, ICLR 2019:
one program around every input.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.watching import Batch

_FADE: Final = 0.9


@dataclass(slots=True)
class Patterns:
    """What each client's rows have in common.

    Args:
        sums: of their sketches, the older ones faded, shape (clients, numbers).
    """

    sums: Array


@dataclass(frozen=True, slots=True)
class OneProgram:
    """A row counts when it is far from the training data in the very direction in which the client's earlier rows were.

    Args:
        far: length of a sketch that one in a hundred rows of the training data passes.
        alike: cosine from which two directions are one.
    """

    far: float
    alike: float = 0.8
    name: str = "one-program"

    def begin(self, clients: int, numbers: int) -> Patterns:
        """See `redan.guards.watching.Detector`."""
        return Patterns(np.zeros((clients, numbers), np.float32))

    def forget(self, state: Patterns, client: int) -> None:
        """See `redan.guards.watching.Detector`."""
        state.sums[client] = 0.0

    def hits(self, state: Patterns, batch: Batch) -> tuple[Array, Array]:
        """See `redan.guards.watching.Detector`."""
        new, clients, before = batch.sketched.astype(np.float64), batch.clients, batch.before
        ranks = before.sum(axis=1)
        fades = _FADE ** np.arange(len(new) + 1)
        faded = np.where(before, fades[np.maximum(0, ranks[:, None] - ranks[None, :] - 1)], 0.0)
        sums = faded @ new + fades[ranks][:, None] * state.sums[clients]
        lengths = np.linalg.norm(new, axis=1)
        whole = np.linalg.norm(sums, axis=1) * lengths
        found = (lengths > self.far) & (whole > 0) & (np.einsum("ij,ij->i", new, sums) > self.alike * whole)
        # The last row of a client holds all before it; rows come in their order, so it is what stays.
        state.sums[clients] = _FADE * sums + new
        return found, np.ones(len(new), dtype=bool)
