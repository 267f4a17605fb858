"""How much honest contributors differ: counts whose spread and level are estimated from the other contributors.

The log odds of an honest contributor's share are normal about what is expected of it. Their spread and a common shift
of the level (attackers among the others raise what is expected) are not known; both are weighed by the counts of the
other contributors, where any of them may also be an outlier of which nothing is known, and integrated out. A
beta-binomial would be quicker, but its upper tail is too light: where log odds spread by 0.6 it told one honest set in
fifteen, at a stated rate of one in a hundred.

Sources: the logistic-normal-binomial of Williams, Applied Statistics 31 (1982), model III; Spiegelhalter, Statistics in
Medicine 24 (2005), for over-dispersed funnels; Tukey, A Survey of Sampling from Contaminated Distributions (1960).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_LEARNT = 200  # contributors that the spread is learnt from, those who gave the most
_SPREADS = np.concatenate([[0.0], np.geomspace(0.05, 3.0, 13)])  # standard deviation of log odds between the honest
_SHIFTS = np.linspace(-3.0, 0.0, 9)  # of the log odds of all
_SPREAD_PRIOR = 0.5  # scale of a half-normal
_SHIFT_PRIOR = 0.75
_OUTLIERS = 0.1  # share of contributors that may be anything
_NODES = np.linspace(-5.0, 5.0, 41)
_MASS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()
_LEAST = 1e-6
_NEGLIGIBLE = 1e-9  # of the largest weight


class Spread(NamedTuple):
    """What may be true of honest contributors, shape (g,) each.

    Args:
        sizes: standard deviation of log odds between them.
        shifts: of the log odds of all, against what is expected.
        weights: of each pair, summing to 1.
    """

    sizes: NDArray[np.float64]
    shifts: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def mean(self) -> tuple[float, float]:
        """Mean size, and mean shift."""
        return float((self.weights * self.sizes).sum()), float((self.weights * self.shifts).sum())


def spread_of(
    rows: NDArray[np.int64], against: NDArray[np.int64], rate: NDArray[np.float64], doubt: NDArray[np.float64]
) -> Spread:
    """Weighs what the spread and the shift may be by the counts of some contributors.

    Args:
        rows: given by each, shape (m,).
        against: counted of each.
        rate: expected share of each.
        doubt: standard deviation of the log odds of that share.

    Returns:
        The prior alone when nobody gave a row.
    """
    shift, size = (axis.reshape(-1) for axis in np.meshgrid(_SHIFTS, _SPREADS, indexing="ij"))
    width = np.broadcast_to(np.gradient(_SPREADS), (len(_SHIFTS), len(_SPREADS))).reshape(-1)
    logs = np.log(width) - 0.5 * (size / _SPREAD_PRIOR) ** 2 - 0.5 * (shift / _SHIFT_PRIOR) ** 2
    order = np.argsort(-rows, kind="stable")[:MOST_LEARNT]
    for i in order[rows[order] > 0]:
        share = _shares(float(rate[i]), np.sqrt(size**2 + doubt[i] ** 2), shift)
        chance = _chance(int(against[i]), int(rows[i]), share) @ _MASS
        logs = logs + np.log((1.0 - _OUTLIERS) * chance + _OUTLIERS / (rows[i] + 1.0))
    weights = np.exp(logs - logs.max())
    kept = weights > _NEGLIGIBLE
    return Spread(size[kept], shift[kept], weights[kept] / weights[kept].sum())


def chance_of_more(count: int, rows: int, rate: float, spread: Spread, more: float = 0.0) -> float:
    """The chance that an honest contributor, or one with some labels changed, has `count` or more.

    Args:
        count: counted.
        rows: given.
        rate: expected share.
        spread: between contributors; the doubt about the rate belongs into its sizes.
        more: share that is added by changes, of all labels; the honest part varies as before, the added one does not.
    """
    from scipy.special import betainc

    if count <= 0:
        return 1.0
    honest = _shares(rate, spread.sizes, spread.shifts)
    moved = honest + min(more / max(1.0 - rate, _LEAST), 1.0) * (1.0 - honest)
    return float(spread.weights @ (betainc(count, rows - count + 1, moved) @ _MASS))


def limits(rate: float, size: float, rows: int, level: float) -> tuple[float, float]:
    """Between which shares an honest contributor stays, but for a chance of `level` on either side.

    Args:
        rate: expected share, shift included.
        size: standard deviation of log odds between contributors.
        rows: given.
        level: chance on each side.
    """
    from scipy.special import betainc

    share = _shares(rate, np.array([size]), np.zeros(1))[0]

    def above(count: int) -> float:
        """Chance of more than so many."""
        return 0.0 if count >= rows else float(betainc(count + 1, rows - count, share) @ _MASS)

    return _first(rows, lambda k: above(k) < 1.0 - level) / rows, _first(rows, lambda k: above(k) <= level) / rows


def shifted(rate: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares with their log odds moved."""
    odds = rate / (1.0 - rate) * np.exp(shift)
    return np.clip(odds / (1.0 + odds), _LEAST, 1.0 - _LEAST)


def _first(rows: int, true: Callable[[int], bool]) -> int:
    """The least count from which on a condition is true."""
    low, high = 0, rows
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if true(middle) else (middle + 1, high)
    return low


def _shares(rate: float, size: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares that honest contributors may have, shape (g, nodes)."""
    rate = min(max(rate, _LEAST), 1.0 - _LEAST)
    return shifted(np.full((1, 1), rate), shift[:, None] + size[:, None] * _NODES[None, :])


def _chance(count: int, rows: int, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binomial chance of so many."""
    from scipy.special import gammaln

    ways = gammaln(rows + 1.0) - gammaln(count + 1.0) - gammaln(rows - count + 1.0)
    return np.asarray(np.exp(ways + count * np.log(share) + (rows - count) * np.log1p(-share)))
