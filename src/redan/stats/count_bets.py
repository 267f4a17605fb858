"""A bet on counts: that rows fall where they fell lately, more often than the reference and its tolerance explain.

Source: e-values by the method of mixtures (`redan.stats.e_values`); the bounds of the reference's own shares hold for
all regions of their kind at once (Dvoretzky, Kiefer and Wolfowitz 1956 with Massart's constant; total variation).
"""

import math

import numpy as np
from numpy.typing import NDArray

from redan.stats.e_values import share_above

Counts = NDArray[np.int64]


def bet(reference: Counts, before: Counts, now: Counts, *, ordered: bool, level: float, tolerated: float) -> float:
    """An e-value for "the counts come from the reference, up to the tolerated share".

    Args:
        reference: counts of the reference by bin.
        before: counts that were gathered before this batch; they choose the regions that are bet on.
        now: counts of the batch.
        ordered: whether the bins are an order, so that one end may be bet on.
        level: chance that the reference's own shares are off by more than what is allowed for.
        tolerated: share of rows that may move.

    Returns:
        1 where the reference or what was gathered is empty.
    """
    n, m = reference.sum(), before.sum()
    if not n or not m:
        return 1.0
    p, gained = reference / n, before / m - reference / n
    # Each bound is for all regions of its kind, so the region may be chosen anew before each batch.
    wide = float(np.sqrt(p * (1 - p) / n).sum()) / 2 + math.sqrt(math.log(1 / level) / (2 * n))
    bets = [(gained > 0, wide)]
    if ordered:
        bets.append((_one_end(gained), math.sqrt(math.log(2 / level) / (2 * n))))
    rows = int(now.sum())
    shares = [min(float(p[region].sum()) + slack + tolerated, 1.0) for region, slack in bets]
    found = [share_above(int(now[r].sum()), rows, share) for (r, _), share in zip(bets, shares, strict=True)]
    return float(np.mean(found))


def faded(counts: Counts) -> Counts:
    """What was gathered counts half with every batch, so that a bet follows where rows are going."""
    return np.asarray(counts // 2)


def _one_end(gained: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The bins above or below one edge that gained the most together."""
    below = np.cumsum(gained)[:-1]
    cut = int(np.argmax(np.abs(below)))
    places = np.arange(len(gained))
    return places <= cut if below[cut] > 0 else places > cut
