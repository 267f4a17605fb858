"""One feature, two samples: Kolmogorov-Smirnov for numbers, chi-square for levels, each with the size of the change.

At a million rows every difference is significant, so the size with its interval comes first and p second.
"""

from dataclasses import dataclass

import numpy as np

from redan.measures.drift.pairs import pair_of, values_of
from redan.stats.moved import Moved, moved
from redan.stats.two_sample import chi_square as chi_square_of_counts
from redan.stats.two_sample import kolmogorov

LEVEL = 0.025  # of each end of the interval: 95 % together
_EXACT_ROWS = 2_000_000  # of both samples together; above, the counts over bins answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A test of "nothing changed", and how much did.

    Args:
        statistic: of the test.
        p: chance of such a statistic or a larger one when nothing changed.
        moved: bounds of the share of rows that moved, each at 2.5 %.
    """

    statistic: float
    p: float
    moved: Moved


def ks(reference: object, current: object, *, column: str | None = None, seed: int = 0) -> Change:
    """The two-sample Kolmogorov-Smirnov test: exact on arrays; on tables over frozen bins, where p is never smaller.

    Args:
        reference: numbers, shape (n,), or a table together with `column`.
        current: likewise.
        column: of both tables.
        seed: of bounded samples.

    Returns:
        p 1 when a sample has no row.

    Raises:
        InputError: there is no such column.
    """
    _, a, b = pair_of(reference, current, column, seed)
    size = moved(a, b, level=LEVEL)
    if column is not None or a.sum() + b.sum() > _EXACT_ROWS or not a.sum() or not b.sum():
        found = kolmogorov(a, b)
        return Change(statistic=found.statistic, p=found.p, moved=size)
    from scipy.stats import ks_2samp

    left, right = (values_of(v).astype(np.float64) for v in (reference, current))
    left, right = left[~np.isnan(left)], right[~np.isnan(right)]
    if not len(left) or not len(right):
        return Change(statistic=0.0, p=1.0, moved=size)
    exact = ks_2samp(left, right, method="auto")
    return Change(statistic=float(exact.statistic), p=float(exact.pvalue), moved=size)


def chi_square(reference: object, current: object, *, column: str | None = None, seed: int = 0) -> Change:
    """The chi-square test of homogeneity over levels (tenths of the reference for numbers); both samples are random.

    Args:
        reference: levels or numbers, shape (n,), or a table together with `column`.
        current: likewise.
        column: of both tables.
        seed: of the draws where counts are small.

    Returns:
        p 1 when a sample has no row.

    Raises:
        InputError: there is no such column.
    """
    bins, a, b = pair_of(reference, current, column, seed)
    found = chi_square_of_counts(a, b, np.random.default_rng(seed))
    return Change(statistic=found.statistic, p=found.p, moved=moved(a, b, level=LEVEL, ordered=bins.ordered))
