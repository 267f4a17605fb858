"""Columns of two tables brought into a form that survives re-encoding, and paired by name or else by shape.

A numeric column of many values becomes normal scores (van der Waerden): any rising change of unit leaves them alone.
Any other column becomes the rank of its values' frequencies, as far as the frequencies differ clearly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from redan.measures.near_duplicates import CELLS, CONTINUOUS
from redan.tables import Table
from redan.tables.encoded import Batch, Coded, form_of, scattered

SAMPLE = 50_000
STEPS = 1024
LEVELS = 50  # more levels than this have no clear frequencies
HEAD = 12
QUANTILES = 19  # 5 %, 10 %, ... 95 %
DISTINCT = 0.5  # text of which more than half differs is a key or prose: nothing to pair by
APART = 3.0  # standard errors between neighbouring frequencies
SAME_SHAPE = 0.1  # mean distance of shares or standardised quantiles between columns of one kind
DOUBT = 0.01  # shapes closer than this could be either
RELATED = 0.15
SKEWED = 0.1

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The columns of one table as re-encoding leaves them.

    Args:
        plan: every column that is hashed.
        numbers: numeric columns of many values.
        ladders: sorted sample of each, the steps of its distribution.
        shapes: standardised quantiles of each, 19 numbers.
        relations: rank correlations between them.
        levels: index in `plan` of every other column with at most fifty levels.
        heads: hashes of its levels, most frequent first.
        shares: their shares.
        size: rows that all this was measured on.
        salt: keeps numbers of two tables from ever hashing alike.
    """

    plan: tuple[Coded, ...]
    numbers: tuple[str, ...]
    ladders: tuple[Floats, ...]
    shapes: tuple[Floats, ...]
    relations: Floats
    levels: tuple[int, ...]
    heads: tuple[Words, ...]
    shares: tuple[Floats, ...]
    size: int
    salt: int

    def transformed(self, batch: Batch, numbers: Sequence[int], levels: Sequence[int], cuts: Sequence[int]) -> Batch:
        """A batch in normal scores and frequency ranks.

        Args:
            batch: with this profile's plan and numbers.
            numbers: which numeric columns, in which order.
            levels: which other columns, in which order.
            cuts: how many leading levels of each are told apart.
        """
        scores = np.empty((len(batch.hashes), len(numbers)))
        for to, column in enumerate(numbers):
            scores[:, to] = stepped(self.ladders[column], batch.numbers[:, column])
        hashes = np.empty((len(scores), len(numbers) + len(levels)), dtype=np.uint64)
        hashes[:, : len(numbers)] = scattered((scores.view(np.uint64) << np.uint64(1)) | np.uint64(self.salt))
        for to, (column, cut) in enumerate(zip(levels, cuts, strict=True), start=len(numbers)):
            hashes[:, to] = scattered(ranked(batch.hashes[:, self.levels[column]], self.heads[column][:cut]))
        return Batch(batch.first, hashes, scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Which columns of two tables are the same measurement.

    Args:
        numbers: (left, right) positions among the numeric columns.
        signs: -1 where one runs against the other.
        levels: (left, right) positions among the other columns.
        cuts: how many leading levels of each are told apart.
    """

    numbers: tuple[tuple[int, int], ...]
    signs: Floats
    levels: tuple[tuple[int, int], ...]
    cuts: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns compared."""
        return len(self.numbers) + len(self.levels)

    def left(self, profile: Profile, batch: Batch) -> Batch:
        """A batch of the left table, transformed."""
        done = profile.transformed(batch, [p[0] for p in self.numbers], [p[0] for p in self.levels], self.cuts)
        return Batch(done.first, done.hashes, done.numbers * self.signs)

    def right(self, profile: Profile, batch: Batch) -> Batch:
        """A batch of the right table, transformed."""
        return profile.transformed(batch, [p[1] for p in self.numbers], [p[1] for p in self.levels], self.cuts)

    def mirrored(self) -> "Pairing":
        """The right table against itself."""
        return Pairing(
            numbers=tuple((b, b) for _, b in self.numbers),
            signs=np.ones_like(self.signs),
            levels=tuple((b, b) for _, b in self.levels),
            cuts=self.cuts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some rows of a table.

    Args:
        plan: columns hashed.
        numeric: those of them that are numbers.
        hashes: rows x columns.
        values: rows x numeric columns.
        ids: row numbers.
    """

    plan: tuple[Coded, ...]
    numeric: tuple[str, ...]
    hashes: Words
    values: Floats
    ids: NDArray[np.int64]

    def rows(self, chosen: NDArray[np.int64]) -> "Sample":
        """Some of the rows, by place."""
        return replace(self, hashes=self.hashes[chosen], values=self.values[chosen], ids=self.ids[chosen])

    def batch(self, profile: "Profile") -> Batch:
        """The rows as a batch of the profile."""
        return Batch(0, self.hashes, self.values[:, [self.numeric.index(c) for c in profile.numbers]])


def sampled(table: Table, columns: Sequence[str], rng: np.random.Generator) -> Sample:
    """A sample of a table, large enough to measure frequencies and quantiles on."""
    plan = tuple(Coded(c, form_of(table.dtype(c), table.dtype(c))) for c in columns)
    numeric = tuple(c.name for c in plan if c.form in {"integer", "number"})
    size = min(SAMPLE, max(CELLS // max(len(plan), 1), 1000))
    hashes, values, ids = table.picked(plan, numeric, size, rng)
    return Sample(plan=plan, numeric=numeric, hashes=hashes, values=values, ids=ids)


def profiled(sample: Sample, salt: int) -> Profile:
    """The columns of a sample as re-encoding leaves them."""
    plan, size = sample.plan, len(sample.hashes)
    counted = [np.unique(sample.hashes[:, i], return_counts=True) for i in range(len(plan))]
    many = [i for i, c in enumerate(plan) if c.name in sample.numeric and len(counted[i][0]) > CONTINUOUS]
    most = min(LEVELS, int(DISTINCT * size))
    few = [i for i in range(len(plan)) if i not in many and 1 < len(counted[i][0]) <= most]
    kept = sample.values[:, [sample.numeric.index(plan[i].name) for i in many]]
    ladders = tuple(np.sort(kept[~np.isnan(kept[:, i]), i]) for i in range(len(many)))
    orders = [np.argsort(-counted[i][1], kind="stable") for i in few]
    return Profile(
        plan=plan,
        numbers=tuple(plan[i].name for i in many),
        ladders=ladders,
        shapes=tuple(_shape(ladder) for ladder in ladders),
        relations=_relations(kept, ladders),
        levels=tuple(few),
        heads=tuple(counted[i][0][order] for i, order in zip(few, orders, strict=True)),
        shares=tuple(counted[i][1][order] / size for i, order in zip(few, orders, strict=True)),
        size=size,
        salt=salt,
    )


def profiled_like(sample: Sample, model: Profile, salt: int) -> Profile:
    """A sample's own ranks and frequencies, for the columns that another profile of the same table chose."""
    own = replace(model, salt=salt)
    values = sample.batch(model).numbers
    ladders = tuple(np.sort(values[~np.isnan(values[:, i]), i]) for i in range(values.shape[1]))
    heads = []
    for column in model.levels:
        found, count = np.unique(sample.hashes[:, column], return_counts=True)
        heads.append(found[np.argsort(-count, kind="stable")])
    return replace(own, ladders=ladders, heads=tuple(heads), size=len(sample.ids))


def pair_columns(left: Profile, right: Profile) -> Pairing:
    """Pairs columns of the same name (whatever its case) and kind, then the rest by shape."""
    names = [n.casefold() for n in left.numbers], [n.casefold() for n in right.numbers]
    numbers = _pairs(names, left.shapes, right.shapes)
    words = [[p.plan[i].name.casefold() for i in p.levels] for p in (left, right)]
    levels = _pairs((words[0], words[1]), [_head(s) for s in left.shares], [_head(s) for s in right.shares])
    size = min(left.size, right.size)
    cuts = [min(_clear(left.shares[a], size), _clear(right.shares[b], size)) for a, b in levels]
    clear = [(pair, cut) for pair, cut in zip(levels, cuts, strict=True) if cut]
    return Pairing(
        numbers=tuple(numbers),
        signs=_signs(left, right, numbers),
        levels=tuple(pair for pair, _ in clear),
        cuts=tuple(cut for _, cut in clear),
    )


def normal_scores(ladder: Floats, values: Floats) -> Floats:
    """Normal quantiles of the mid-ranks of values in a sorted sample; NaN where missing."""
    from scipy.special import ndtri

    if not len(ladder):
        return np.full(len(values), np.nan)
    rank = (np.searchsorted(ladder, values) + np.searchsorted(ladder, values, side="right")) / 2
    scores = ndtri((rank + 0.5) / (len(ladder) + 1))
    return np.where(np.isnan(values), np.nan, scores)


def stepped(ladder: Floats, values: Floats) -> Floats:
    """Normal scores by interpolation between a thousand steps of the ladder: 1e-3 of a rank, in a tenth of the time."""
    if len(ladder) <= STEPS:
        return normal_scores(ladder, values)
    knots = np.unique(ladder[np.linspace(0, len(ladder) - 1, STEPS).astype(np.int64)])
    return np.where(np.isnan(values), np.nan, np.interp(values, knots, normal_scores(ladder, knots)))


def ranked(hashes: Words, head: Words) -> Words:
    """Position of each value among the leading levels; their number for all others."""
    order = np.argsort(head)
    place = np.minimum(np.searchsorted(head[order], hashes), len(head) - 1)
    return np.where(head[order][place] == hashes, order[place], len(head)).astype(np.uint64)


def _shape(ladder: Floats) -> Floats:
    if not len(ladder):
        return np.zeros(QUANTILES)
    steps = np.quantile(ladder, np.linspace(0.05, 0.95, QUANTILES))
    return np.asarray((steps - steps[9]) / max(steps[14] - steps[4], 1e-300))


def _head(shares: Floats) -> Floats:
    padded = np.zeros(HEAD)
    padded[: min(HEAD, len(shares))] = shares[:HEAD]
    return padded


def _relations(values: Floats, ladders: Sequence[Floats]) -> Floats:
    scores = np.column_stack([normal_scores(ladder, values[:, i]) for i, ladder in enumerate(ladders)] or [np.empty(0)])
    scores = np.nan_to_num(scores)
    scores -= scores.mean(axis=0) if len(scores) else 0.0
    length = np.linalg.norm(scores, axis=0)
    scores = scores / np.where(length > 0, length, 1.0)
    return np.asarray(scores.T @ scores)


def _pairs(
    names: tuple[Sequence[str], Sequence[str]], left: Sequence[Floats], right: Sequence[Floats]
) -> list[tuple[int, int]]:
    pairs = [(a, names[1].index(name)) for a, name in enumerate(names[0]) if name in names[1]]
    rest = [i for i in range(len(left)) if i not in {a for a, _ in pairs}]
    free = [i for i in range(len(right)) if i not in {b for _, b in pairs}]
    if rest and free:
        cost = np.array([[_distance(left[a], right[b]) for b in free] for a in rest])
        pairs += [(rest[a], free[b]) for a, b in _by_shape(cost)]
    return sorted(pairs)


def _by_shape(cost: Floats) -> list[tuple[int, int]]:
    """In order of place when that fits as well as any pairing does, else the pairs that are not in doubt."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(cost)
    if cost.shape[0] == cost.shape[1] and np.trace(cost) <= cost[rows, columns].sum() + DOUBT * len(cost):
        return [(i, i) for i in range(len(cost)) if cost[i, i] <= SAME_SHAPE]
    sure = []
    for a, b in zip(rows.tolist(), columns.tolist(), strict=True):
        rivals = np.append(np.delete(cost[a], b), np.delete(cost[:, b], a))
        if cost[a, b] <= SAME_SHAPE and (not len(rivals) or rivals.min() > max(2 * cost[a, b], DOUBT)):
            sure.append((a, b))
    return sure


def _distance(left: Floats, right: Floats) -> float:
    flipped = -right[::-1] if len(right) == QUANTILES else right
    return float(min(np.abs(left - right).mean(), np.abs(left - flipped).mean()))


def _clear(shares: Floats, size: int) -> int:
    """How many leading levels have frequencies that a sample of that size tells apart."""
    follower = np.append(shares[1:], 0.0)
    apart = shares - follower > APART * np.sqrt((shares + follower) / size)
    return int(len(shares) - 1 if apart[:-1].all() else np.argmin(apart[:-1]))


def _signs(left: Profile, right: Profile, pairs: Sequence[tuple[int, int]]) -> Floats:
    """Relative direction of each pair, from the correlations within each table; overall, from the skew."""
    a, b = [p[0] for p in pairs], [p[1] for p in pairs]
    agree = left.relations[np.ix_(a, a)] * right.relations[np.ix_(b, b)]
    skews = np.array([_skew(left.shapes[i]) * _skew(right.shapes[j]) for i, j in pairs])
    signs = np.zeros(len(pairs))
    for start in range(len(pairs)):
        if signs[start]:
            continue
        group = _spread(agree, start, signs)
        if (signs[group] * skews[group]).sum() < -(SKEWED**2):
            signs[group] *= -1
    return signs


def _spread(agree: Floats, start: int, signs: Floats) -> list[int]:
    """Gives signs to every column that is related to `start`, and lists them."""
    signs[start], group = 1.0, [start]
    for here in group:
        for other in np.flatnonzero((np.abs(agree[here]) > RELATED**2) & (signs == 0)):
            signs[other] = signs[here] * np.sign(agree[here, other])
            group.append(int(other))
    return group


def _skew(shape: Floats) -> float:
    skew = (shape[17] + shape[1] - 2 * shape[9]) / max(shape[17] - shape[1], 1e-300)
    return float(skew) if abs(skew) > SKEWED else 0.0
