"""What the search for outlying rows would have found: rows planted in a copy of the sample, and looked for."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.measures.poison.outliers import strange

ROUNDS = 5
STRONG = 0.8
SHARE = 0.015  # of the rows, each time
KEPT = 0.9  # of the values of a planted group that its rows share
HALF = 0.5


class RowPower(NamedTuple):
    """Trials with one kind of plant.

    Args:
        kind: in words.
        share: of the rows that were planted, each time.
        planted: trials.
        found: trials that were told, with more planted rows than others among the told ones.
    """

    kind: str
    share: float
    planted: int
    found: int

    @property
    def strong(self) -> bool:
        """Whether the search may say that no such rows are there."""
        return self.found >= STRONG * self.planted


def planted_power(x: NDArray[np.float32], nominal: NDArray[np.bool_], rng: np.random.Generator) -> tuple[RowPower, ...]:
    """Plants rows whose values come from different rows, scattered and as a group of one kind, and searches.

    Args:
        x: shape (n, p), ranks or codes of rows in which nothing was found.
        nominal: shape (p,).
        rng: of plants and searches.
    """
    found = [0, 0]
    for _ in range(ROUNDS):
        for i, grouped in enumerate((False, True)):
            extra = _planted(x, grouped, rng)
            told = strange(np.vstack([x, extra]), nominal, rng).rows
            hits = int((told >= len(x)).sum())
            found[i] += hits > HALF * len(told)
    kinds = ("values drawn from different rows", "a group of one strange kind")
    return tuple(RowPower(kind, SHARE, ROUNDS, count) for kind, count in zip(kinds, found, strict=True))


def _planted(x: NDArray[np.float32], grouped: bool, rng: np.random.Generator) -> NDArray[np.float32]:
    size = max(10, int(SHARE * len(x)))
    mixed = np.column_stack([rng.choice(column, size) for column in x.T])
    if not grouped:
        return mixed
    return np.where(rng.random(mixed.shape) < KEPT, mixed[:1], mixed)
