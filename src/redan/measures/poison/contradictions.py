"""Labels that the rest of the data contradicts, counted by contributor, and what is usual for honest ones.

A row is contradicted when another class is likelier than its label, by rows of other folds. Honest contributors differ
in two ways that also make rows contradicted: their rows may lie where classes overlap (then the rate is usual for how
sure the forest is), or their mix of classes may be another (then the rate is usual for the label). Both rates are taken
from the rows of all others, and the larger one is what an honest contributor is expected to have.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DEGREES = (0.0, 0.4, 0.7)  # by how much another class must be likelier than the label
SURE_BINS = 8
LEAST_OTHERS = 10
LEAST_PEOPLE = 2
_BORROWED = 4.0  # rows by which a stratum leans on the average of all


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
        total = others.sum(axis=1, keepdims=True)
        average = (bad.sum(axis=1, keepdims=True) + 0.5) / (total + 1.0)
        unseen = 0.5 * others / np.maximum(total, 1.0)  # none among n is half a one, wherever it would have been
        rates = np.minimum((bad + unseen + _BORROWED * average) / (others + _BORROWED), 1.0)
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
    """Rows of a label that fewer than two others give, or that they give fewer than ten times; shape (n,).

    Of two who disagree about a class nobody can say which one is honest.

    Args:
        y: shape (n,), class codes.
        contributor: shape (n,), codes from 0.
    """
    classes = int(y.max(initial=0)) + 1
    given = np.bincount(contributor * classes + y, minlength=(int(contributor.max(initial=0)) + 1) * classes)
    table = given.reshape(-1, classes)
    rows = table.sum(axis=0) - table
    people = (table > 0).sum(axis=0) - (table > 0)
    few = (rows < LEAST_OTHERS) | (people < LEAST_PEOPLE)
    return np.asarray(few[contributor, y])


def levels(
    probabilities: NDArray[np.float64], y: NDArray[np.int64], contributor: NDArray[np.int64]
) -> tuple[Level, ...]:
    """Counts each contributor's contradicted labels, by how sure the forest is and by label.

    Args:
        probabilities: shape (n, k), held out.
        y: shape (n,), class codes.
        contributor: shape (n,), codes from 0.
    """
    size = int(contributor.max(initial=0)) + 1
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


def _cells(stratum: NDArray[np.int64], against: NDArray[np.bool_], contributor: NDArray[np.int64], size: int) -> _Cells:
    strata = int(stratum.max()) + 1
    cell = contributor * strata + stratum
    rows = np.bincount(cell, minlength=size * strata).reshape(size, strata)
    seen = np.bincount(cell, weights=against, minlength=size * strata).reshape(size, strata)
    return _Cells(rows.astype(np.float64), seen.astype(np.float64))


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


def _clipped(rate: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(rate, 1e-6, 1.0 - 1e-6)
