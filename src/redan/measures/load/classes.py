"""Which class floods the data: its share in any stretch of time against what is usual, or against a reference.

Source: Williams, Extra-Binomial Variation in Logistic Linear Models, Applied Statistics 31 (1982), for shares that vary
more from day to day than draws do; Kulldorff, A Spatial Scan Statistic (1997), for windows of unknown length.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.measures.load.arrivals import Arrivals
from redan.measures.load.volume import ALPHA, seasonal
from redan.stats.beta_binomial import chance_of_at_least
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.stats.robust import EFFICIENCY, qn

ODDS = 1.5  # a class must have this many times its usual odds before its share counts as a flood
FEWEST = 8  # intervals
ROWS = 50  # in the usual interval; shorter ones are joined until they have so many
EFFICIENCY_OF_MEDIAN = 2 / math.pi
DRAWN = 1.3  # times the variance of a draw; what is above was estimated, and its error counts

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLoad:
    """One class at its worst.

    Args:
        name: of the class.
        rows: of the class in the worst window.
        n: all rows of that window.
        expected: share that is usual.
        odds: observed odds over usual odds; infinite when the window holds nothing else.
        p_value: corrected for all windows and classes.
        window: first and last interval; (0, 0) against a reference.
        flood: whether chance and usual variation do not explain it, and it is large enough to matter.
    """

    name: str
    rows: int
    n: int
    expected: float
    odds: float
    p_value: float
    window: tuple[int, int]
    flood: bool

    @property
    def share(self) -> float:
        """Of the window's rows."""
        return self.rows / self.n

    @property
    def interval(self) -> Interval:
        """Exact 95 % interval of the share."""
        return clopper_pearson(self.rows, self.n)


def class_floods(found: Arrivals, odds: float = ODDS) -> tuple[ClassLoad, ...]:
    """The worst stretch of time of every class, over windows of one, two, four ... intervals.

    What is usual is the median over the intervals, so a flood that lasts longer than half of them is the usual; only a
    reference tells then.

    Args:
        found: rows by interval and class.
        odds: the least excess that counts.

    Raises:
        IncompleteError: there is one class alone, or there are too few rows or intervals.
    """
    counts, season, step = _joined(found)
    n = counts.sum(axis=1)
    windows = list(_windows(len(n)))
    search = _Search(n, season, step, windows, len(windows) * counts.shape[1], odds)
    return tuple(_worst(name, counts[:, i], search) for i, name in enumerate(found.classes))


class _Search(NamedTuple):
    n: Counts
    season: int
    step: int  # intervals that were joined to one
    windows: list[tuple[int, int]]
    tests: int
    odds: float


def _worst(name: str, k: Counts, search: _Search) -> ClassLoad:
    n, season, step, windows, tests, odds = search
    floor = 0.5 / max(float(np.median(n)), 1.0)
    usual = np.clip(seasonal(k / np.maximum(n, 1), season), floor, 1 - floor)
    if season > 1 and not _differs(k / np.maximum(n, 1), season):
        season, usual = 1, np.clip(seasonal(k / np.maximum(n, 1), 1), floor, 1 - floor)
    rho = _spread(k, n, usual)
    freedom = max(EFFICIENCY * (len(n) - season), 2.0)
    edges = [np.concatenate([[0.0], np.cumsum(v)]) for v in (k, n, n * usual, n * (1 + (n - 1) * rho))]
    best: ClassLoad | None = None
    for first, last in windows:
        rows, total, mean, spread = (float(e[last + 1] - e[first]) for e in edges)
        if not total:
            continue
        share = mean / total
        more = _odds(rows / total, share)
        # the usual share is itself estimated, as the median of so many intervals
        doubt = total * spread / float(n.sum()) * season / EFFICIENCY_OF_MEDIAN
        tail = _tail(round(rows), round(total), share, (spread + doubt) / total, freedom)
        p = min(1.0, tests * tail) if more > 1 else 1.0
        one = ClassLoad(
            name=name,
            rows=round(rows),
            n=round(total),
            expected=share,
            odds=more,
            p_value=p,
            window=(first * step, last * step + step - 1),
            flood=p <= ALPHA and more >= odds,
        )
        if best is None or (one.flood, -one.p_value, one.odds) > (best.flood, -best.p_value, best.odds):
            best = one
    if best is None:
        raise IncompleteError("no interval holds a row")
    return best


def against(counts: dict[str, int], reference: dict[str, int], odds: float = ODDS) -> tuple[ClassLoad, ...]:
    """Every class of a table against its share in a reference.

    A class floods when the ratio of odds is above the least one beyond chance: a test of a minimum effect on the log
    odds ratio (Haldane, 1956, for the half that is added to each count), corrected for the number of classes.

    Args:
        counts: rows by class.
        reference: likewise; classes that it lacks count as rare there.
        odds: the least excess that counts.

    Raises:
        IncompleteError: one of them has no rows.
    """
    n, m = sum(counts.values()), sum(reference.values())
    if not n or not m:
        raise IncompleteError("there are no rows to compare")
    found = []
    names = sorted({*counts, *reference})
    for name in names:
        k, r = counts.get(name, 0), reference.get(name, 0)
        p = min(1.0, len(names) * _more_than(odds, (k, n), (r, m)))
        found.append(
            ClassLoad(
                name=name,
                rows=k,
                n=n,
                expected=r / m,
                odds=_odds(k / n, r / m),
                p_value=p,
                window=(0, 0),
                flood=p <= ALPHA,
            )
        )
    return tuple(found)


def _more_than(odds: float, ours: tuple[int, int], theirs: tuple[int, int]) -> float:
    """Chance of so large an odds ratio when the true one is the least that counts."""
    from scipy.stats import norm

    (k, n), (r, m) = ours, theirs
    cells = np.array([k, n - k, r, m - r], dtype=np.float64) + 0.5
    ratio = float(np.log(cells[0] / cells[1] * cells[3] / cells[2]))
    return float(norm.sf((ratio - np.log(odds)) / np.sqrt((1 / cells).sum())))


def _joined(found: Arrivals) -> tuple[Counts, int, int]:
    counts = found.counts
    if counts.shape[1] < 2:  # noqa: PLR2004 - a share of one class says nothing
        raise IncompleteError("there is one class alone")
    rows = float(np.median(found.totals[found.totals > 0])) if found.totals.any() else 0.0
    step = max(1, int(np.ceil(ROWS / max(rows, 1.0))))
    if len(counts) // step < FEWEST:
        what = f"{int(counts.sum()):,} rows in {len(counts)} intervals are too few to learn which shares are usual"
        raise IncompleteError(what)
    if step > 1:
        counts = np.add.reduceat(counts, np.arange(0, len(counts) - len(counts) % step, step), axis=0)
    return counts, found.season if step == 1 else 1, step


def _differs(shares: Floats, season: int) -> bool:
    """Whether the places of the season have shares of their own."""
    from scipy.stats import kruskal

    if len(np.unique(shares)) == 1:
        return False
    return float(kruskal(*(shares[first::season] for first in range(season))).pvalue) < ALPHA


def _spread(k: Counts, n: Counts, usual: Floats) -> float:
    """Correlation of rows within an interval beyond that of a draw, from the middle of the residuals."""
    kept = n > 1
    residual = (k - n * usual)[kept] / np.sqrt((n * usual * (1 - usual))[kept])
    excess = qn(residual) ** 2 - 1
    return max(0.0, excess / max(float(np.median(n[kept])) - 1, 1.0))


def _tail(k: int, n: int, p: float, inflation: float, freedom: float) -> float:
    from scipy.stats import t

    beta = chance_of_at_least(k, n, p, min(max((inflation - 1) / max(n - 1, 1), 0.0), 0.999))
    if inflation <= DRAWN:
        return beta
    return max(beta, float(t.sf((k - 0.5 - n * p) / math.sqrt(n * p * (1 - p) * inflation), freedom)))


def _odds(share: float, usual: float) -> float:
    if share >= 1 or usual <= 0:
        return float("inf") if share > 0 else 0.0
    return share / (1 - share) * (1 - usual) / usual if usual < 1 else 0.0


def _windows(count: int) -> Iterator[tuple[int, int]]:
    """Windows of one, two, four ... intervals up to a third of all, each shifted by half its length."""
    size = 1
    while size == 1 or size <= count // 3:
        for first in range(0, count - size + 1, max(1, size // 2)):
            yield first, first + size - 1
        size *= 2
