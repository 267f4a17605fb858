"""How much honest contributors differ: an over-dispersed count whose spread and level are estimated from the others.

Contributed counts are beta-binomial about what is expected of each. The spread of the log odds and a common shift of
the level (attackers among the others raise what is expected) are not known; they are given the weight that the other
contributors' counts leave them, where any contributor may also be an outlier of which nothing is known.

Sources: Williams, Biometrics 31 (1975), for the beta-binomial; Spiegelhalter, Statistics in Medicine 24 (2005), for
over-dispersed funnels; Tukey, A Survey of Sampling from Contaminated Distributions (1960), for the outliers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SPREADS = np.concatenate([[0.0], np.geomspace(0.02, 2.0, 20)])  # standard deviation of log odds between the honest
_SHIFTS = np.linspace(-3.0, 0.0, 13)  # of the log odds of all
_PRIOR = 0.5
_OUTLIERS = 0.1  # share of contributors that may be anything
_LEAST = 1e-6
EXACT_ROWS = 2_000
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
    logs = np.log(width) - 0.5 * (size / _PRIOR) ** 2
    given = rows > 0
    n, k = rows[given, None], against[given, None]
    a, b = _shapes(shifted(rate[given, None], shift), np.sqrt(size**2 + doubt[given, None] ** 2))
    chance = _chances(k, n, a, b)
    logs = logs + np.log((1.0 - _OUTLIERS) * chance + _OUTLIERS / (n + 1.0)).sum(axis=0)
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
        more: share that is added by changes; the honest part varies as before, the added one does not.
    """
    honest = shifted(np.full(1, rate), spread.shifts)
    a, b = _shapes(honest, spread.sizes)
    if more:
        moved = np.minimum(honest + more, 1.0 - _LEAST)
        variance = ((1.0 - moved) / (1.0 - honest)) ** 2 * honest * (1.0 - honest) / (1.0 + a + b)
        total = np.maximum(moved * (1.0 - moved) / variance - 1.0, _LEAST)
        a, b = moved * total, (1.0 - moved) * total
    return float((spread.weights * _tail(count, rows, a, b)).sum())


def _chances(
    k: NDArray[np.int64], n: NDArray[np.int64], a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Beta-binomial chance of k of n; the same as scipy.stats.betabinom.pmf, without its checks of each cell."""
    from scipy.special import betaln, gammaln

    ways = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return np.asarray(np.exp(ways + betaln(k + a, n - k + b) - betaln(a, b)))


def _tail(count: int, rows: int, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beta-binomial chance of `count` or more, for each pair of parameters.

    Many rows are told by the beta distribution of the same mean and variance; without spread that is the exact tail of
    the binomial, and with spread the rows hardly add to the variance.
    """
    from scipy.special import betaincc

    if count <= 0:
        return np.ones(len(a))
    if rows > EXACT_ROWS:
        mean, inner = a / (a + b), 1.0 / (1.0 + a + b)
        total = 1.0 / (inner + (1.0 - inner) / rows) - 1.0
        return np.asarray(betaincc(mean * total, (1.0 - mean) * total, (count - 0.5) / rows))
    k = np.arange(count, rows + 1)[:, None] if 2 * count > rows else np.arange(count)[:, None]
    mass = _chances(k, np.full(1, rows), a, b).sum(axis=0)
    return np.clip(mass if 2 * count > rows else _upper(count, rows, a, b, mass), 0.0, 1.0)


def _upper(
    count: int, rows: int, a: NDArray[np.float64], b: NDArray[np.float64], below: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One less the mass below, summed above instead where that difference would lose its digits."""
    if (below < 1.0 - _LEAST).all():
        return 1.0 - below
    return np.asarray(_chances(np.arange(count, rows + 1)[:, None], np.full(1, rows), a, b).sum(axis=0))


def limits(rate: float, size: float, rows: int, level: float) -> tuple[float, float]:
    """Between which shares an honest contributor stays, but for a chance of `level` on either side.

    Args:
        rate: expected share, shift included.
        size: standard deviation of log odds between contributors.
        rows: given.
        level: chance on each side.
    """
    from scipy.stats import betabinom

    a, b = _shapes(np.full(1, rate), np.full(1, size))
    low, high = (float(betabinom.ppf(q, rows, a[0], b[0])) for q in (level, 1.0 - level))
    return low / rows, high / rows


def shifted(rate: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares with their log odds moved."""
    odds = rate / (1.0 - rate) * np.exp(shift)
    return np.clip(odds / (1.0 + odds), _LEAST, 1.0 - _LEAST)


def _shapes(rate: NDArray[np.float64], size: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parameters of the beta distribution with a mean and a standard deviation of the log odds."""
    total = np.maximum(1.0 / np.maximum(size**2 * rate * (1.0 - rate), 1e-12), _LEAST)
    return rate * total, (1.0 - rate) * total
