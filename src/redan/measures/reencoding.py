"""Evaluation rows that are training rows in another encoding: rescaled, renamed, reordered, relabelled columns.

Ranks survive every monotone change of a column and frequencies survive every relabelling, so both tables are brought
into ranks and frequency codes, columns are paired by name or else by shape, and row pairs that agree everywhere are
looked for. That such pairs are the same rows is then told by order: sorted by the training value, true pairs are sorted
by the evaluation value too, down to the smallest step, which pairs of merely similar rows never are.

Power: a table needs three numeric columns of many values, or three others with clearly different frequencies, and
twenty copied rows; otherwise `Reencoding.power` is False.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.measures.columns_paired import Pairing, Profile, Sample, pair_columns, profiled, sampled
from redan.measures.leakage import Coincidence, Null, counted, judged
from redan.measures.near_duplicates import chosen, gathered, sight, stand_alone
from redan.measures.twins import Rows, Scale, Twins, find_twins, tolerance_of
from redan.tables import Table
from redan.tables.encoded import Batch, Coded, combine

Indices: TypeAlias = NDArray[np.int64]
Side: TypeAlias = Callable[[Profile, Batch], Batch]

ROWS = 20_000  # evaluation rows examined
PAIRS = 20  # fewer pairs do not show an order
FOLLOWS = 0.9  # share of neighbouring pairs in the same order; similar rows reach about one half
NUMERIC = 3  # columns needed to tell rows apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Reencoding:
    """Rows that are copies in another encoding.

    Args:
        pairs: evaluation rows with a training row that agrees in ranks and frequencies but not in values.
        ordered: numeric columns in which those pairs are in the same order.
        numeric: numeric columns compared.
        columns: all columns compared.
        null_ordered: the same among training rows themselves.
        copied: whether the pairs are the same rows.
        power: whether the tables have columns and rows enough to tell.
    """

    pairs: Coincidence
    ordered: int
    numeric: int
    columns: int
    null_ordered: int
    copied: bool
    power: bool


def reencoded_copies(
    evaluation: Table, train: Table, columns: tuple[Sequence[str], Sequence[str]], rng: np.random.Generator
) -> Reencoding:
    """Looks for training rows that come back in another encoding.

    Args:
        evaluation: rows of a validation, test or calibration set.
        train: rows that a model is trained on.
        columns: names to use in `evaluation` and in `train`; they need not agree.
        rng: chooses samples and projections.
    """
    sample = sampled(train, columns[1], rng)
    mine, theirs = profiled(sampled(evaluation, columns[0], rng), salt=0), profiled(sample, salt=1)
    pairing = pair_columns(mine, theirs)
    numeric = len(pairing.numbers)
    if min(evaluation.rows, train.rows) < PAIRS or max(numeric, len(pairing.levels)) < NUMERIC:
        return _powerless(pairing, evaluation.rows)
    rows, kept = _query(evaluation, mine, pairing.left, rng)
    twins = _searched(rows, train, theirs, pairing, rng)
    found = np.flatnonzero((twins.near | twins.exact) & (twins.partner >= 0))
    found = found[_changed(evaluation, train, (kept[found], twins.partner[found]), rng)]
    ordered = _ordered((evaluation, train), (mine, theirs), pairing, (kept[found], twins.partner[found]))
    self_paired = pairing.mirrored()
    rows, own = _query(train, theirs, self_paired.right, rng)
    chance = _searched(replace(rows, ids=own), train, theirs, self_paired, rng)
    usual = np.flatnonzero(chance.near & ~chance.exact)
    null_ordered = _ordered((train, train), (theirs, theirs), self_paired, (own[usual], chance.partner[usual]))
    pairs = judged(counted(twins.partner[found]), len(kept), [Null(counted(chance.partner[usual]), max(len(own), 1))])
    lonely = stand_alone(len(found), int((twins.far & ~twins.near & ~twins.exact).sum()), 0.0)
    half = max(2, (numeric + 1) // 2)
    copied = (ordered >= half > null_ordered) or (pairs.excess and lonely and len(found) >= PAIRS)
    return Reencoding(
        pairs=pairs,
        ordered=ordered,
        numeric=numeric,
        columns=pairing.width,
        null_ordered=null_ordered,
        copied=copied,
        power=copied or _planted_is_found(train, sample, theirs, self_paired, len(kept), rng),
    )


def _planted_is_found(
    train: Table, sample: Sample, theirs: Profile, pairing: Pairing, size: int, rng: np.random.Generator
) -> bool:
    """Whether a copy of training rows, known only by its own ranks and frequencies, would be recognised."""
    rows = np.sort(rng.choice(len(sample.hashes), min(size, len(sample.hashes)), replace=False))
    planted = replace(sample, hashes=sample.hashes[rows], values=sample.values[rows])
    copy = profiled(planted, salt=0)
    if copy.numbers != theirs.numbers:
        return False
    wanted = [copy.numbers.index(theirs.numbers[b]) for _, b in pairing.numbers]
    values = planted.values[:, [sample.numeric.index(n) for n in copy.numbers]]
    own = replace(copy, levels=theirs.levels, heads=theirs.heads)
    batch = own.transformed(Batch(0, planted.hashes, values), wanted, [b for _, b in pairing.levels], pairing.cuts)
    ids = np.full(len(rows), -1, dtype=np.int64)
    query = Rows(hashes=batch.hashes, scores=np.arcsinh(batch.numbers).astype(np.float32), ids=ids)
    twins = _searched(query, train, theirs, pairing, rng)
    found = np.flatnonzero((twins.near | twins.exact) & (twins.partner >= 0))
    if not pairing.numbers:
        return len(found) >= PAIRS
    right = _picked(train, (), [theirs.numbers[b] for _, b in pairing.numbers], twins.partner[found])[1]
    kept = sum(order_kept(right[:, to], values[found, place]) >= FOLLOWS for to, place in enumerate(wanted))
    return kept >= max(2, (len(wanted) + 1) // 2)


def _powerless(pairing: Pairing, rows: int) -> Reencoding:
    return Reencoding(
        pairs=Coincidence(rows=0, n=rows, expected=0.0, spread=0.0),
        ordered=0,
        numeric=len(pairing.numbers),
        columns=pairing.width,
        null_ordered=0,
        copied=False,
        power=False,
    )


def _query(table: Table, profile: Profile, side: Side, rng: np.random.Generator) -> tuple[Rows, Indices]:
    """A sample of rows in ranks and codes, with their row numbers; repeated rows are taken once."""
    hashes, values, ids = gathered(table, profile.plan, profile.numbers, chosen(table.rows, ROWS, rng))
    first = np.sort(np.unique(combine(hashes), return_index=True)[1])
    batch = side(profile, Batch(0, hashes[first], values[first]))
    scores = np.arcsinh(batch.numbers).astype(np.float32)
    return Rows(hashes=batch.hashes, scores=scores, ids=np.full(len(first), -1, dtype=np.int64)), ids[first]


def _searched(rows: Rows, train: Table, profile: Profile, pairing: Pairing, rng: np.random.Generator) -> Twins:
    numeric = len(pairing.numbers)
    scale = Scale(
        middle=np.zeros(numeric),
        spread=np.ones(numeric),
        places=tuple(range(numeric)),
        close=max(0.1, 4 / math.sqrt(max(len(rows.ids), 1))),  # ranks of m rows are known to about 1 / sqrt(m)
    )
    stream = (pairing.right(profile, batch) for batch in train.batches(profile.plan, profile.numbers))
    return find_twins(rows, stream, train.rows, scale, tolerance_of(pairing.width), range(pairing.width), rng)


def _changed(
    evaluation: Table, train: Table, pairs: tuple[Indices, Indices], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which pairs differ in their values as they stand, by more than the near-duplicate check finds."""
    common = [c for c in evaluation.columns if c in train.columns]
    if not common or not len(pairs[0]):
        return np.ones(len(pairs[0]), dtype=bool)
    look = sight(evaluation, train, common, rng)
    left, right = (
        _picked(evaluation, look.plan, look.numbers, pairs[0]),
        _picked(train, look.plan, look.numbers, pairs[1]),
    )
    differ = left[0] != right[0]
    if look.numbers:
        moved = np.abs(look.scale.scores(left[1]) - look.scale.scores(right[1]))
        differ[:, list(look.scale.places)] &= ~(moved <= look.scale.close)
    return np.asarray(differ.sum(axis=1) > look.tolerance)


def _picked(
    table: Table, plan: Sequence[Coded], numbers: Sequence[str], rows: Indices
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    unique, back = np.unique(rows, return_inverse=True)
    hashes, values, _ = gathered(table, plan, numbers, unique)
    return hashes[back], values[back]


def _ordered(
    tables: tuple[Table, Table], profiles: tuple[Profile, Profile], pairing: Pairing, pairs: tuple[Indices, Indices]
) -> int:
    """Numeric columns in which the pairs are in the same order."""
    if len(pairs[0]) < PAIRS or not pairing.numbers:
        return 0
    values = [
        _picked(table, (), [profile.numbers[pair[side]] for pair in pairing.numbers], pairs[side])[1]
        for side, (table, profile) in enumerate(zip(tables, profiles, strict=True))
    ]
    shares = (order_kept(values[1][:, i], values[0][:, i] * sign) for i, sign in enumerate(pairing.signs))
    return sum(share >= FOLLOWS for share in shares)


def order_kept(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Share of neighbours, sorted by `first`, that `second` puts in the same order; 0 for fewer than twenty."""
    order = np.argsort(first, kind="stable")
    ahead, along = np.diff(first[order]), np.diff(second[order])
    steps = (ahead > 0) & (along != 0) & ~np.isnan(along)
    return float((along[steps] > 0).mean()) if steps.sum() >= PAIRS else 0.0
