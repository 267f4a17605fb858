"""The worst slice: where an attacker is missed most often, found on one half of the rows, confirmed on the other.

Source: slices as conjunctions of conditions, searched by beam, after Chung et al., Slice Finder, ICDE 2019, and
Sagadeeva and Boehm, SliceLine, SIGMOD 2021. Their scores are taken on the rows that were searched and are too good to
be true; here what is told was measured on rows that the search did not see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.measures.fairness.conditions import Condition
from redan.stats.binomial import clopper_pearson
from redan.stats.difference import Share, difference
from redan.stats.interval import Interval

Mask: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float32]
DEEPEST = 3
BEAM = 30
TESTED = 5  # slices that are taken to the hold-out; the error budget is shared among them
LEAST_ROWS = 12  # in each half
LEAST_SHARE = 0.02
ALIKE = 0.5  # slices that share more rows than this are one slice
_Z = 3.0  # of the score: the best of some thousand regions is lucky, and a large one less so than a small one


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstSlice:
    """A slice, measured on rows that the search did not see.

    Args:
        conditions: all of which hold in it.
        path: for each prefix of the conditions, misses and rows in the hold-out.
        inside: misses and rows of the slice in the hold-out.
        outside: misses and rows elsewhere in the hold-out.
        searched: miss rate in the rows that were searched: too high by the luck of the search.
        excess: interval of the miss rate inside less that outside; holds together with the other slices'.
    """

    conditions: tuple[str, ...]
    path: tuple[Share, ...]
    inside: Share
    outside: Share
    searched: float
    excess: Interval

    @property
    def gap(self) -> float:
        """Miss rate inside less that outside, in the hold-out."""
        return self.inside.hits / self.inside.trials - self.outside.hits / self.outside.trials

    def interval(self) -> Interval:
        """Exact 95 % interval of the miss rate inside."""
        return clopper_pearson(self.inside.hits, self.inside.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What the search for the worst slice came to.

    Args:
        slices: at most five, the most suspicious first; empty when no region has enough rows.
        whole: misses and rows of the hold-out.
        searched: rows that were searched.
        tried: conditions that slices were made of.
        confidence: that the intervals of all slices hold together.
    """

    slices: tuple[WorstSlice, ...]
    whole: Share
    searched: int
    tried: int
    confidence: float

    @property
    def worst(self) -> WorstSlice | None:
        """The slice whose excess is known to be largest."""
        return max(self.slices, key=lambda s: (s.excess.low, s.gap), default=None)


class _Found(NamedTuple):
    score: float
    parts: tuple[int, ...]
    rows: Mask  # of the searched half


def worst_slices(
    found: Sequence[Condition], missed: Mask, half: Mask, *, depth: int = DEEPEST, confidence: float = 0.95
) -> Search:
    """Searches one half of the rows for the slices with the most misses and measures them on the other.

    Args:
        found: conditions on n rows.
        missed: shape (n,), whether the model's answer was wrong.
        half: shape (n,), the rows to search; the others are the hold-out. Copies of a row belong in one half.
        depth: most conditions of a slice.
        confidence: that the intervals of all slices hold together.
    """
    whole = Share(int(missed[~half].sum()), int((~half).sum()))
    grid = np.array([one.rows[half] for one in found], dtype=np.float32).reshape(len(found), -1)
    features = [one.feature for one in found]
    ranked = _beam(grid, missed[half].astype(np.float32), features, depth)
    chosen = _distinct(ranked, most=TESTED - 1)
    # A single condition is the easiest to reach, and holds the most rows to prove it with.
    chosen += [one for one in ranked if len(one.parts) == 1 and all(one.parts != c.parts for c in chosen)][:1]
    each = 1 - 2 * (1 - confidence) / TESTED  # one-sided: only more misses than elsewhere count
    slices = tuple(_measured(one, found, missed, half, each) for one in chosen)
    kept = tuple(s for s in slices if s is not None)
    return Search(slices=kept, whole=whole, searched=int(half.sum()), tried=len(found), confidence=confidence)


def halves(copies: NDArray[np.int64], rng: np.random.Generator) -> Mask:
    """A random half of the rows in which all copies of a row stay together.

    Args:
        copies: shape (n,), equal numbers for copies.
        rng: of the choice.
    """
    side = rng.random(int(copies.max()) + 1 if len(copies) else 0) < 0.5  # noqa: PLR2004 -- two halves
    return np.asarray(side[copies], dtype=np.bool_)


def _beam(grid: Floats, missed: Floats, features: Sequence[str], depth: int) -> list[_Found]:
    rows = len(missed)
    least = max(LEAST_ROWS, int(LEAST_SHARE * rows))
    every: list[_Found] = []
    front = [_Found(-1.0, (), np.ones(rows, dtype=np.bool_))]
    for _ in range(depth):
        inside = np.array([one.rows for one in front], dtype=np.float32)
        counts, misses = grid @ inside.T, grid @ (inside * missed).T
        fits = (counts >= least) & (counts < inside.sum(axis=1))
        scores = np.where(fits, _score(misses, counts), -np.inf)
        grown = [child for j, one in enumerate(front) for child in _children(one, grid, scores[:, j], features)]
        front = _distinct(sorted(grown, key=lambda f: (-f.score, f.parts)), most=BEAM, alike=0.95)
        every += front
        if not front:
            break
    return sorted(every, key=lambda f: (-f.score, f.parts))


def _children(one: _Found, grid: Floats, scores: NDArray[np.float64], features: Sequence[str]) -> Iterator[_Found]:
    used = {features[i] for i in one.parts}
    better = np.flatnonzero(scores > one.score)
    for i in better[np.argsort(-scores[better], kind="stable")][: 2 * BEAM]:
        if features[i] not in used:
            yield _Found(float(scores[i]), (*one.parts, int(i)), one.rows & (grid[i] > 0))


def _score(misses: Floats, counts: Floats) -> NDArray[np.float64]:
    """Lower end of Wilson's interval: many misses among enough rows."""
    n = np.maximum(counts.astype(np.float64), 1)
    p = misses / n
    square = _Z**2 / n
    found: NDArray[np.float64] = (p + square / 2 - np.sqrt(square * (p * (1 - p) + square / 4))) / (1 + square)
    return found


def _distinct(ordered: Sequence[_Found], most: int = TESTED, alike: float = ALIKE) -> list[_Found]:
    kept: list[_Found] = []
    for one in ordered:
        if len(kept) == most:
            break
        if all((one.rows & other.rows).sum() <= alike * (one.rows | other.rows).sum() for other in kept):
            kept.append(one)
    return kept


def _measured(
    one: _Found, found: Sequence[Condition], missed: Mask, half: Mask, confidence: float
) -> WorstSlice | None:
    rest = ~half
    inside = rest.copy()
    path = []
    for i in one.parts:
        inside &= found[i].rows
        path.append(Share(int(missed[inside].sum()), int(inside.sum())))
    outside = rest & ~inside
    own, other = path[-1], Share(int(missed[outside].sum()), int(outside.sum()))
    if min(own.trials, other.trials) < LEAST_ROWS:
        return None
    return WorstSlice(
        conditions=tuple(found[i].text for i in one.parts),
        path=tuple(path),
        inside=own,
        outside=other,
        searched=float(missed[half][one.rows].mean()),
        excess=difference(own, other, confidence),
    )
