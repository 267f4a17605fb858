"""Queries that hardly differ from earlier ones of the same client, as searches for adversarial examples ask them.

Exact repeats tell a client nothing new and do not count.

Source: Chen, Carlini and Wagner, Stateful Detection of Black-Box Adversarial Attacks, SPAI 2020; its limits:
arXiv 2405.20641 (OARS).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.sketch import Sketch

_SAME = 1e-6


class _Recent(NamedTuple):
    held: Array
    at: int


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """A row counts when it is nearer than `radius` to one of the client's last rows, and not the same.

    Args:
        sketch: of rows.
        radius: in the units of the sketch, far below the distance of honest rows; set from the training data.
        kept: rows that are remembered of each client.
    """

    sketch: Sketch
    radius: float
    kept: int = 32
    name: str = "near-duplicates"

    def hits(self, state: object | None, rows: Array) -> tuple[object, Array]:
        """See `redan.guards.watching.Detector`."""
        new = self.sketch.of(rows)
        recent = state if isinstance(state, _Recent) else _Recent(np.empty((0, new.shape[1]), np.float32), 0)
        held = np.concatenate([recent.held, new])
        gaps = ((new[:, None, :] - held[None, :, :]) ** 2).sum(axis=2)
        old = len(recent.held)
        places, own = np.arange(len(held)), old + np.arange(len(new))[:, None]
        gaps[(places >= own) | (places < own - self.kept)] = np.inf
        near = ((gaps < self.radius**2) & (gaps > _SAME**2)).any(axis=1)
        same = (gaps <= _SAME**2).any(axis=1)
        return _Recent(held[-self.kept :].copy(), 0), near & ~same
