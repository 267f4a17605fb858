"""Cuts persons into boxes of equal size by the median until no cut leaves every box large and varied enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.measures.anonymity.closeness import distances

CUTS = (0.5, 0.35, 0.65, 0.2, 0.8)  # where the median alone is tried, variety and closeness often forbid the only cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """One sensitive column.

    Args:
        level: shape (n,), value of each row from 0 and in order; -1 where missing.
        ordered: whether closeness is the earth mover's distance.
    """

    level: NDArray[np.int64]
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What every box must have.

    Args:
        k: persons.
        least: distinct values of each sensitive column; a box in which nobody has a value needs none.
        t: largest distance of each sensitive column from everybody; None for any.
    """

    k: int
    least: int = 1
    t: float | None = None


def boxes(
    ranks: NDArray[np.int64],
    need: Need,
    *,
    person: NDArray[np.int64] | None = None,
    guarded: Sequence[Guarded] = (),
) -> list[NDArray[np.int64]]:
    """Rows of each box, in an order that follows from the ranks alone.

    Source: LeFevre, DeWitt and Ramakrishnan, Mondrian Multidimensional K-Anonymity, ICDE 2006, strict partitioning.
    The widest column is the one that spans most of its distinct values, not most of its range, so that one extreme
    value does not make all others look alike.

    Args:
        ranks: shape (n, q), dense ranks of the quasi-identifiers.
        need: what every box must have.
        person: shape (n,), who a row is about; None when each row is a person.
        guarded: sensitive columns.

    Returns:
        Empty when even all rows together do not have what a box must have.
    """
    judge = _Judge(need, person, guarded)
    whole = np.arange(len(ranks))
    if not len(ranks) or not judge.allows(whole):
        return []
    spans = np.maximum(ranks.max(axis=0) - ranks.min(axis=0), 1)
    done: list[NDArray[np.int64]] = []
    waiting = [whole]
    while waiting:
        rows = waiting.pop()
        halves = _cut(ranks, rows, spans, judge)
        if halves is None:
            done.append(rows)
        else:
            waiting.extend(halves)
    return done


class _Judge:
    """Whether a set of rows has what a box must have."""

    def __init__(self, need: Need, person: NDArray[np.int64] | None, guarded: Sequence[Guarded]) -> None:
        self.need, self.person, self.guarded = need, person, guarded
        everybody = np.arange(len(guarded[0].level)) if guarded else np.empty(0, dtype=np.int64)
        self.shares = [self._counts(g, everybody) for g in guarded]

    def allows(self, rows: NDArray[np.int64]) -> bool:
        """Whether these rows may be a box."""
        if len(rows) < self.need.k:
            return False
        if self.person is not None and len(np.unique(self.person[rows])) < self.need.k:
            return False
        return all(self._varies(i, rows) for i in range(len(self.guarded)))

    def _varies(self, i: int, rows: NDArray[np.int64]) -> bool:
        if self.need.least <= 1 and self.need.t is None:
            return True
        counts = self._counts(self.guarded[i], rows)
        if not counts.any():
            return True
        if np.count_nonzero(counts) < self.need.least:
            return False
        return self.need.t is None or self._distance(i, counts) <= self.need.t

    def _distance(self, i: int, counts: NDArray[np.int64]) -> float:
        """How far the box lies from everybody: the box is one group, everybody else the other."""
        rest = self.shares[i] - counts
        group = np.repeat([0, 1], len(counts)) if rest.any() else np.zeros(len(counts), dtype=np.int64)
        n = np.concatenate([counts, rest]) if rest.any() else counts
        level = np.tile(np.arange(len(counts)), 2 if rest.any() else 1)
        return float(distances(group, level, n, ordered=self.guarded[i].ordered)[0])

    def _counts(self, guarded: Guarded, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        level, width = guarded.level[rows], int(guarded.level.max(initial=-1)) + 1
        known = level >= 0
        if self.person is not None:  # a person counts once per value, as in the measures
            pairs = np.unique(self.person[rows][known] * width + level[known])
            return np.bincount(pairs % max(width, 1), minlength=width).astype(np.int64)
        return np.bincount(level[known], minlength=width).astype(np.int64)


def _cut(
    ranks: NDArray[np.int64], rows: NDArray[np.int64], spans: NDArray[np.int64], judge: _Judge
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The first allowed cut, widest column first; None when there is none."""
    if len(rows) < 2 * judge.need.k:
        return None
    held = ranks[rows]
    widths = (held.max(axis=0) - held.min(axis=0)) / spans
    for column in np.argsort(-widths, kind="stable"):
        if widths[column] == 0:
            return None
        for left in _halves(held[:, column]):
            if judge.allows(rows[left]) and judge.allows(rows[~left]):
                return rows[left], rows[~left]
    return None


def _halves(values: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    """Rows on the lower side of each cut that is tried, the most even first."""
    tried: set[int] = set()
    ordered = np.sort(values)
    for share in CUTS:
        middle = int(ordered[int(share * (len(ordered) - 1))])
        for last in (middle, middle - 1):  # equal values stay together, so a cut lies below or above them
            if last not in tried and ordered[0] <= last < ordered[-1]:
                tried.add(last)
                yield values <= last
