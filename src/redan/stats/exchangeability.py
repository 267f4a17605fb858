"""Whether values still come in no particular order: a conformal test martingale over the ranks of scores.

Source: Vovk, Petej, Nouretdinov, Ahlberg, Carlsson and Gammerman, Retrain or not retrain: conformal test martingales
for change-point detection, COPA 2021, algorithm 1 (the Simple Jumper); p-values as in Vovk, Gammerman and Shafer,
Algorithmic Learning in a Random World, section 2.2 (smoothed).
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

_STEPS = np.array([-1.0, 0.0, 1.0])  # bets on small p-values, on nothing, on large ones
_JUMP = 0.01
_CELLS = 1024
_RESCALE = 1e-200


@dataclass(slots=True)
class Exchangeability:
    """Ranks of scores among all scores so far, and the capital of a gambler who bets that ranks are not uniform.

    Scores are compared in cells of a grid that is fixed before any of them is seen, so that memory does not grow and
    ranks stay exactly uniform while nothing changes.

    Args:
        counts: scores so far in each cell.
        held: the gambler's capital in each of the three bets.
        log: of the capital that was taken out of `held` against overflow.
        n: scores since the beginning, without those of the calibration.
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_CELLS, dtype=np.int64))
    held: NDArray[np.float64] = field(default_factory=lambda: np.full(3, 1.0 / 3.0))
    log: float = 0.0
    n: int = 0

    @property
    def value(self) -> float:
        """The capital: above 1 / alpha, exchangeability is refuted at level alpha, whenever one looks."""
        return math.exp(min(self.log + math.log(float(self.held.sum())), 700.0))

    def calibrate(self, scores: ArrayLike) -> None:
        """Takes in scores that are not bet on, such as those of the calibration set.

        Args:
            scores: shape (n,), in [0, 1].
        """
        self.counts += np.bincount(_cells(scores), minlength=_CELLS)

    def observe(self, scores: ArrayLike, rng: np.random.Generator) -> float:
        """Takes in scores one after the other, and bets on the rank of each.

        Args:
            scores: shape (n,), in [0, 1].
            rng: breaks ties; an onlooker who knows it cannot steer the ranks of others.

        Returns:
            The capital afterwards.
        """
        cells = _cells(scores)
        below, same = self._ranks(cells)
        every = self.counts.sum() + np.arange(1, len(cells) + 1)
        ranks = (every - below - same + rng.random(len(cells)) * same) / every
        for bets in 1.0 + np.outer(ranks - 0.5, _STEPS):
            mixed = (1 - _JUMP) * self.held + _JUMP * self.held.sum() / len(_STEPS)
            self.held = mixed * bets
        whole = float(self.held.sum())
        if not _RESCALE < whole < 1 / _RESCALE:
            self.held, self.log = self.held / whole, self.log + math.log(whole)
        self.counts += np.bincount(cells, minlength=_CELLS)
        self.n += len(cells)
        return self.value

    def _ranks(self, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many scores before each one lie in lower cells, and how many in its own with itself."""
        before = np.concatenate([[0], np.cumsum(self.counts)])
        earlier = np.tri(len(cells), k=-1, dtype=bool)
        below = before[cells] + ((cells[None, :] < cells[:, None]) & earlier).sum(axis=1)
        same = self.counts[cells] + ((cells[None, :] == cells[:, None]) & earlier).sum(axis=1) + 1
        return below, same


def _cells(scores: ArrayLike) -> NDArray[np.int64]:
    found = np.clip(np.nan_to_num(np.asarray(scores, dtype=np.float64).ravel(), nan=1.0), 0.0, 1.0)
    return np.minimum((found * _CELLS).astype(np.int64), _CELLS - 1)
