"""A region where current rows gather, found on one half of the rows and judged on the other.

Of any region, the share of current rows in it less the share of reference rows in it is a lower bound of the share of
rows that moved. A two-sample test by a classifier or a kernel is turned into that number by its region, so joint shift
is told in the same unit as that of one feature, with an exact interval, and without a permutation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.findings import Interval
from redan.stats.binomial import clopper_pearson
from redan.stats.moved import difference_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What a region came to, on rows that did not choose it.

    Args:
        reference: rows of the reference in the region, of how many.
        current: rows of now in the region, of how many.
        low: the share of rows that moved at least, at `level`.
        level: chance that `low` lies above the truth.
    """

    reference: tuple[int, int]
    current: tuple[int, int]
    low: float
    level: float

    @property
    def value(self) -> float:
        """By how much the share in the region grew."""
        return self.current[0] / max(self.current[1], 1) - self.reference[0] / max(self.reference[1], 1)

    @property
    def n(self) -> int:
        """Rows judged."""
        return self.reference[1] + self.current[1]

    @property
    def interval(self) -> Interval:
        """The growth of the share in the region, each end at `level`; the truth of all regions may be larger."""
        (k, n), (j, m) = self.reference, self.current
        inner = 1 - self.level
        high = clopper_pearson(j, m, inner).high - clopper_pearson(k, n, inner).low
        return Interval(max(self.low, 0.0), min(max(high, self.low, 0.0), 1.0))


def judged(reference: NDArray[np.bool_], current: NDArray[np.bool_], level: float) -> Witness:
    """A witness from who is in the region.

    Args:
        reference: shape (n,), whether each reference row is in it.
        current: shape (m,), likewise.
        level: chance that the bound lies above the truth.
    """
    a, b = (int(reference.sum()), len(reference)), (int(current.sum()), len(current))
    return Witness(reference=a, current=b, low=difference_at_least(a, b, level), level=level)


def halves(rows: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers of two random halves, the first of which may be smaller by one."""
    order = rng.permutation(rows)
    return order[: rows // 2], order[rows // 2 :]
