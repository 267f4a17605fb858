"""Contributors whose labels contradict the rest of the data more than chance and honest differences explain.

A row contradicts when another class is likelier than its label, by rows of other folds. Honest contributors differ in
two ways that also make rows contradict: their rows may lie where classes overlap (then the rate is usual for how sure
the forest is), or their mix of classes may be another (then the rate is usual for the label). The expected number is
the larger of the two, each taken from the rows of all others. What is left over varies between honest contributors;
that spread is estimated from the others, with a share of outliers among them, and integrated out. So a contributor is
told only when the share of its labels that none of this explains is above a bound, at an error rate for all together.

Sources: over-dispersed funnels: Spiegelhalter, Statistics in Medicine 24 (2005); beta-binomial: Williams, Biometrics 31
(1975); outliers in the estimate: the contaminated likelihood of Tukey (1960).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.01  # chance of any false alarm in one dataset
LEAST_OTHERS = 10
LEAST_REACH = 0.1  # a degree that so few changed labels reach says little about how many there are
TOLERATED = 0.05  # share of a contributor's labels that may contradict beyond what is explained
SURE_BINS = 8
DEGREES = (0.0, 0.4, 0.7)  # by how much another class must be likelier than the label
_SPREADS = np.concatenate([[0.0], np.geomspace(0.02, 2.0, 24)])  # standard deviation of log odds between the honest
_PRIOR = 0.5
_OUTLIERS = 0.1  # share of contributors that may be anything when the spread is estimated
_BORROWED = 4.0  # rows by which a stratum leans on the average of all
_STEPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What one contributor came to.

    Args:
        code: of the contributor.
        rows: rows it gave.
        against: rows whose label the rest contradicts.
        expected: as many contradict when the contributor is honest.
        p: chance of so many from an honest contributor, the spread between contributors included.
        at_least: share of its labels that is changed, lower bound at the error rate for all contributors together.
        share: the same, estimated.
    """

    code: int
    rows: int
    against: int
    expected: float
    p: float
    at_least: float
    share: float


class Honest(NamedTuple):
    """What is expected of honest contributors, shape (m,) each.

    Args:
        rows: contradicted rows.
        doubt: standard deviation of the log odds of their share, as few rows of others leave it.
    """

    rows: NDArray[np.float64]
    doubt: NDArray[np.float64]


class _Cells(NamedTuple):
    """Rows and contradicted rows by contributor and stratum, shape (m, strata) each."""

    rows: NDArray[np.float64]
    against: NDArray[np.float64]

    def honest(self, without: int | None = None) -> Honest:
        """What the rates of all others in the same strata lead to, one more contributor left out if given."""
        gone = 0.0 if without is None else self.rows[without]
        bad_gone = 0.0 if without is None else self.against[without]
        others = np.maximum(self.rows.sum(axis=0) - gone - self.rows, 0.0)
        bad = np.maximum(self.against.sum(axis=0) - bad_gone - self.against, 0.0)
        average = (bad.sum(axis=1, keepdims=True) + 0.5) / (others.sum(axis=1, keepdims=True) + 1.0)
        rates = (bad + _BORROWED * average) / (others + _BORROWED)
        rows = (self.rows * rates).sum(axis=1)
        variance = (self.rows**2 * rates * (1.0 - rates) / (others + _BORROWED)).sum(axis=1)
        share = _clipped(rows / np.maximum(self.rows.sum(axis=1), 1.0))
        return Honest(rows, np.sqrt(variance) / np.maximum(rows * (1.0 - share), 1e-9))


class Level(NamedTuple):
    """Aggregates by contributor for one degree of contradiction.

    Args:
        rows: given, shape (m,).
        against: contradicted, shape (m,).
        shown: share of changed labels that would be contradicted to this degree, shape (m,).
        strata: the same by how sure the forest is, and by label.
    """

    rows: NDArray[np.int64]
    against: NDArray[np.int64]
    shown: NDArray[np.float64]
    strata: tuple[_Cells, _Cells]

    def honest(self, without: int | None = None) -> Honest:
        """What is expected of honest contributors: the larger of the two expectations."""
        sure, label = (cells.honest(without) for cells in self.strata)
        larger = label.rows > sure.rows
        return Honest(np.where(larger, label.rows, sure.rows), np.where(larger, label.doubt, sure.doubt))


def contradiction(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """By how much the likeliest other class is likelier than the label, shape (n,), in [-1, 1]."""
    places = np.arange(len(y))
    others = probabilities.copy()
    others[places, y] = -np.inf
    return np.asarray(others.max(axis=1) - probabilities[places, y])


def alone(y: NDArray[np.int64], contributor: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows of a label that all others together give fewer than ten times, shape (n,): nothing speaks about those."""
    classes = int(y.max()) + 1 if len(y) else 1
    given = np.bincount(contributor * classes + y, minlength=(int(contributor.max(initial=0)) + 1) * classes)
    table = given.reshape(-1, classes)
    others = table.sum(axis=0) - table
    return np.asarray(others[contributor, y] < LEAST_OTHERS)


def levels(
    probabilities: NDArray[np.float64], y: NDArray[np.int64], contributor: NDArray[np.int64]
) -> tuple[Level, ...]:
    """Counts each contributor's contradicted labels, by how sure the forest is and by label.

    Args:
        probabilities: shape (n, k), held out.
        y: shape (n,), class codes.
        contributor: shape (n,), codes from 0.
    """
    size = int(contributor.max()) + 1
    kept = ~alone(y, contributor)
    probabilities, y, contributor = probabilities[kept], y[kept], contributor[kept]
    if not len(y):
        return ()
    degree, sureness = contradiction(probabilities, y), _sureness(probabilities)
    rows = np.bincount(contributor, minlength=size)
    found = []
    for least in DEGREES:
        against = degree > least
        seen = np.bincount(contributor, weights=against, minlength=size).astype(np.int64)
        shown = np.bincount(contributor, weights=_shown(probabilities, least), minlength=size) / np.maximum(rows, 1)
        strata = (_cells(sureness, against, contributor, size), _cells(y, against, contributor, size))
        found.append(Level(rows, seen, shown if least else np.ones(size), strata))
    return tuple(found)


def suspicions(found: tuple[Level, ...], alpha: float = ALPHA) -> tuple[Suspicion, ...]:
    """Tests every contributor against all others.

    Args:
        found: by degree of contradiction.
        alpha: chance of any false alarm over all contributors and degrees (Bonferroni).

    Returns:
        One per contributor, in order; none when there is nothing to compare.
    """
    size = len(found[0].rows) if found else 0
    level = alpha / max(size * len(found), 1)
    honest = [one.honest() for one in found]
    tried = [[_suspicion(one, h, i, level) for one, h in zip(found, honest, strict=True)] for i in range(size)]
    return tuple(max(each, key=lambda s: (s.at_least, -s.p)) for each in tried)


def _suspicion(found: Level, honest: Honest, i: int, level: float) -> Suspicion:
    rows, against, expected = int(found.rows[i]), int(found.against[i]), float(honest.rows[i])
    rate = float(_clipped(expected / max(rows, 1)))
    reach = max(float(found.shown[i]) - rate, LEAST_REACH)
    share = min(1.0, max(0.0, (against / max(rows, 1) - rate) / reach))
    if len(found.rows) == 1 or against <= expected:
        return Suspicion(code=i, rows=rows, against=against, expected=expected, p=1.0, at_least=0.0, share=share)
    weights = _posterior(np.delete(_likelihood(found, i), i, axis=0).sum(axis=0))
    spreads = np.sqrt(_SPREADS**2 + honest.doubt[i] ** 2)

    def chance(changed: float) -> float:
        return _tail(against, rows, rate, changed * reach, spreads, weights)

    p = chance(0.0)
    low, high = 0.0, 1.0
    for _ in range(_STEPS if p <= level else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) <= level else (low, middle)
    return Suspicion(code=i, rows=rows, against=against, expected=expected, p=p, at_least=low, share=share)


def _tail(
    against: int,
    rows: int,
    rate: float,
    more: float,
    spreads: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> float:
    """Chance of so many or more when the rate is raised by a share, over what the spread may be."""
    from scipy.stats import betabinom

    a, b = _shapes(np.full(len(spreads), rate), spreads)
    if more:  # the honest part varies as before, what is changed does not
        moved = min(rate + more, 1.0 - 1e-6)
        variance = ((1.0 - moved) / (1.0 - rate)) ** 2 * rate * (1.0 - rate) / (1.0 + a + b)
        total = np.maximum(moved * (1.0 - moved) / variance - 1.0, 1e-6)
        a, b = moved * total, (1.0 - moved) * total
    return float((weights * betabinom.sf(against - 1, rows, a, b)).sum())


def _likelihood(found: Level, tested: int) -> NDArray[np.float64]:
    """Log likelihood of each spread by contributor, shape (m, spreads); none can weigh more than an outlier may.

    The one that is tested is no part of what is expected of the others.
    """
    from scipy.stats import betabinom

    honest = found.honest(tested)
    rate = _clipped(honest.rows / np.maximum(found.rows, 1))
    size = np.sqrt(_SPREADS[None, :] ** 2 + honest.doubt[:, None] ** 2)
    a, b = _shapes(rate[:, None], size)
    chance = betabinom.pmf(found.against[:, None], found.rows[:, None], a, b)
    anything = 1.0 / (found.rows[:, None] + 1.0)
    return np.asarray(np.log((1.0 - _OUTLIERS) * chance + _OUTLIERS * anything))


def _posterior(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    widths = np.gradient(_SPREADS)
    prior = np.exp(-0.5 * (_SPREADS / _PRIOR) ** 2) * widths
    weights = prior * np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _shapes(rate: NDArray[np.float64], spread: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parameters of a beta distribution with a mean and a standard deviation of the log odds."""
    odds = spread**2 * rate * (1.0 - rate)
    total = np.maximum(1.0 / odds, 1e-6)  # (1 - rho) / rho with rho = odds / (1 + odds)
    return rate * total, (1.0 - rate) * total


def _clipped(rate: "NDArray[np.float64] | float") -> "NDArray[np.float64] | float":
    return np.clip(rate, 1e-6, 1.0 - 1e-6)


def _cells(stratum: NDArray[np.int64], against: NDArray[np.bool_], contributor: NDArray[np.int64], size: int) -> _Cells:
    strata = int(stratum.max()) + 1
    cell = contributor * strata + stratum
    rows = np.bincount(cell, minlength=size * strata).reshape(size, strata)
    seen = np.bincount(cell, weights=against, minlength=size * strata).reshape(size, strata)
    return _Cells(rows.astype(np.float64), seen)


def _shown(probabilities: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Share of the other classes that would be contradicted if the label were one of them, shape (n,)."""
    behind = probabilities.max(axis=1, keepdims=True) - probabilities > least
    return np.asarray(behind.sum(axis=1) / (probabilities.shape[1] - 1))


def _sureness(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Stratum of each row: the likeliest class, and by how much it leads in quantiles of that class."""
    top = probabilities.argmax(axis=1)
    ordered = np.sort(probabilities, axis=1)
    lead = ordered[:, -1] - ordered[:, -2]
    found = np.zeros(len(top), dtype=np.int64)
    for code in np.unique(top):
        here = np.flatnonzero(top == code)
        edges = np.quantile(lead[here], np.linspace(0, 1, SURE_BINS + 1)[1:-1])
        found[here] = code * SURE_BINS + np.searchsorted(edges, lead[here], side="right")
    return found
