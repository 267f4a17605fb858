"""Queries that hardly differ from earlier ones, as searches for adversarial examples ask them.

Exact repeats tell a client nothing new: they neither are hits nor dilute them.

Source: Chen, Carlini and Wagner, Stateful Detection of Black-Box Adversarial Attacks, SPAI 2020; its limits:
arXiv 2405.20641 (OARS).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.watching import Batch

_SAME: Final = 1e-6


@dataclass(slots=True)
class Recent:
    """The last rows of each client.

    Args:
        held: their sketches, shape (clients, rows, numbers).
        seen: rows so far, of each client.
    """

    held: Array
    seen: Array


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """A row counts when it is nearer than `radius` to one of the last rows, and not the same.

    Args:
        radius: in the units of the sketch, far below the distance of honest rows; set from the training data.
        kept: rows that are remembered of a client, besides those of the same batch.
    """

    radius: float
    kept: int = 24
    name: str = "near-duplicates"

    def begin(self, clients: int, numbers: int) -> Recent:
        """See `redan.guards.watching.Detector`."""
        return Recent(np.zeros((clients, self.kept, numbers), np.float32), np.zeros(clients, np.int64))

    def forget(self, state: Recent, client: int) -> None:
        """See `redan.guards.watching.Detector`."""
        state.held[client], state.seen[client] = 0.0, 0

    def hits(self, state: Recent, batch: Batch) -> tuple[Array, Array]:
        """See `redan.guards.watching.Detector`."""
        new, clients = batch.sketched, batch.clients
        filled = np.arange(self.kept)[None, :] < state.seen[clients][:, None]
        if len(state.held) == 1:
            old = _squares(new, state.held[0])
        else:
            old = np.square(new[:, None, :] - state.held[clients]).sum(axis=2, dtype=np.float64)
        gaps = np.concatenate(
            [np.where(filled, old, np.inf), np.where(batch.before, _squares(new, new), np.inf)], axis=1
        )
        near = np.asarray((gaps < self.radius**2).any(axis=1))
        same = np.asarray((gaps <= _SAME).any(axis=1))
        for place in np.flatnonzero(same).tolist():  # differences of large squares are rough
            same[place] = self._same(state, batch, place, gaps[place])
        ranks = batch.before.sum(axis=1)
        state.held[clients, (state.seen[clients] + ranks) % self.kept] = new  # the last of a place stays
        np.add.at(state.seen, clients, 1)
        return near & ~same, ~same

    def _same(self, state: Recent, batch: Batch, place: int, gaps: Array) -> bool:
        others = np.concatenate([state.held[batch.clients[place]], batch.sketched])[gaps <= _SAME]
        one = batch.sketched[place]
        return bool((np.abs(others - one) <= _SAME * (1.0 + np.abs(one))).all(axis=1).any())


def _squares(one: Array, other: Array) -> Array:
    """Squared distances of all pairs, in double precision."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    found = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)[None, :] - 2.0 * (a @ b.T)
    return np.asarray(np.maximum(found, 0.0))
