"""Whether being chosen has to do with the order of arrival: stratified ranks under a random draw.

Source: Hajek, Limiting Distributions in Simple Random Sampling from a Finite Population (1960), for the normal limit of
rank sums of a draw without replacement; van Elteren (1960) for adding them over strata.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
LEAST_VARIANCE = 5.0  # of the sum of ranks, in rows: below, the normal limit is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The test's answer.

    Args:
        p_value: two-sided, of ranks and of their distance from the middle, corrected for both.
        early: whether early rows are chosen more often than late ones.
        rows: chosen rows that the test rests on.
        mean: mean place of the chosen rows among all, 0 first, 1 last; 0.5 for a fair draw.
    """

    p_value: float
    early: bool
    rows: int
    mean: float


def order_test(
    pool: Floats, taken: Floats, strata_pool: Codes, strata_taken: Codes, *, all_rows: bool = True
) -> Order | None:
    """Compares the arrival ranks of chosen rows with those of all rows, within strata.

    Args:
        pool: arrival times of all rows, chosen ones included.
        taken: of the chosen rows.
        strata_pool: interval or contributor of each row of the pool, from 0.
        strata_taken: likewise; only strata of the pool.
        all_rows: whether these are all rows; independent samples of both vary more.

    Returns:
        None when the strata leave nothing to choose, or when all rows of a stratum came at once.
    """
    from scipy.stats import norm

    sums = np.zeros(2)  # of rank, and of the distance from the middle
    variance, chosen, places = np.zeros(2), 0, 0.0
    for stratum in range(int(strata_pool.max(initial=-1)) + 1):
        every, some = np.sort(pool[strata_pool == stratum]), taken[strata_taken == stratum]
        total, n = len(every), len(some)
        if total < 2 or n < 1 or (all_rows and n >= total):  # noqa: PLR2004 - nothing to choose
            continue
        low, high = np.searchsorted(every, every, "left"), np.searchsorted(every, every, "right")
        own_low, own_high = np.searchsorted(every, some, "left"), np.searchsorted(every, some, "right")
        ranks, own = (low + high) / 2 / total, (own_low + own_high) / 2 / total
        factor = (total - n) / (total - 1) if all_rows else 1 + n / total
        for place, (scores, mine) in enumerate(((ranks, own), (np.abs(ranks - 0.5), np.abs(own - 0.5)))):
            sums[place] += float(mine.sum() - n * scores.mean())
            variance[place] += n * factor * float(scores.var())
        chosen, places = chosen + n, places + float(own.sum())
    if variance[0] < LEAST_VARIANCE / 12:
        return None
    z = sums / np.sqrt(np.maximum(variance, 1e-12))
    p = 2 * norm.sf(np.abs(z))
    return Order(p_value=min(1.0, 2 * float(p.min())), early=bool(z[0] < 0), rows=chosen, mean=places / chosen)
