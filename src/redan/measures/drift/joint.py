"""All features together: shift that no single feature shows, such as a correlation that is gone."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from redan.measures.drift.bins import Bins
from redan.measures.drift.classifier import Told
from redan.measures.drift.kernel import kernel_witness
from redan.measures.drift.rows import limit_of, rows_of
from redan.measures.drift.settings import MARGIN, Settings
from redan.measures.drift.witness import Witness, halves, judged
from redan.stats.moved import difference_at_least
from redan.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """What the features came to together.

    Args:
        trees: region of a forest.
        kernel: region of a Gaussian kernel.
        parts: by how much the forest's region shrinks without a column, largest first.
        tolerated: the share that may move.
        noticeable: a shift that moves this share of the rows to where none was is noticed in about half of all cases.
    """

    trees: Witness
    kernel: Witness
    parts: tuple[tuple[str, float], ...]
    tolerated: float
    noticeable: float

    @property
    def best(self) -> Witness:
        """The region with the higher bound."""
        return max(self.trees, self.kernel, key=lambda w: w.low)

    @property
    def shifted(self) -> bool:
        """Whether more moved than is tolerated, surely enough for the budget."""
        return self.best.low > self.tolerated

    @property
    def powerless(self) -> bool:
        """Whether even a shift by one standard deviation might have gone unnoticed."""
        return not self.shifted and self.noticeable > min(self.tolerated + MARGIN, 1.0)


def joint(tables: tuple[Table, Table], bins: Sequence[Bins], settings: Settings, *, budget: float, seed: int) -> Joint:
    """Looks for a region where current rows gather, with trees and with a kernel, on bounded samples.

    Args:
        tables: the data that the bins were fixed on, and the data of now; both have every column of `bins`.
        bins: of the reference.
        settings: what is tolerated.
        budget: chance of a false alarm.
        seed: of samples, halves and forests.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    rng, limit = np.random.default_rng(seed), limit_of(bins)
    old, new = (rows_of(table, bins, limit, seed) for table in tables)
    cuts = [halves(len(rows.values), rng) for rows in (old, new)]
    learn = old.values[cuts[0][0]], new.values[cuts[1][0]]
    judge = old.values[cuts[0][1]], new.values[cuts[1][1]]
    forest = Told.learnt(*learn, seed=int(rng.integers(2**31 - 1)))
    level = budget / 2
    trees = judged(forest.says(judge[0]), forest.says(judge[1]), level)
    seen = kernel_witness(learn, judge, level) if min(map(len, learn)) > 1 else trees
    parts = forest.parts(judge, old.owners, rng) if trees.low > settings.tolerated else {}
    named = sorted(((bins[i].name, part) for i, part in parts.items()), key=lambda pair: -pair[1])
    return Joint(
        trees=trees,
        kernel=seen,
        parts=tuple((name, part) for name, part in named if part > 0),
        tolerated=settings.tolerated,
        noticeable=_noticeable(len(judge[0]), len(judge[1]), settings.tolerated, level),
    )


def _noticeable(n: int, m: int, tolerated: float, level: float) -> float:
    """The smallest growth of a region from no row that the bound finds above what is tolerated."""
    if not n or not m:
        return 1.0
    found = bisect.bisect_right(range(m + 1), tolerated, key=lambda j: difference_at_least((0, n), (j, m), level))
    return min(found / m, 1.0)
