"""Evaluation rows that are training rows in another encoding: rescaled, renamed, reordered, relabelled columns.

Ranks survive every monotone change of a column and frequencies survive every relabelling, so both tables are brought
into ranks and frequency codes, columns are paired by name or else by shape, and row pairs that agree everywhere are
looked for. That such pairs are the same rows is then told by order: sorted by the training value, true pairs are sorted
by the evaluation value too, down to the smallest step, which pairs of merely similar rows never are.

Power: a table needs three numeric columns of many values, or three others with clearly different frequencies, and
twenty copied rows; otherwise `Reencoding.power` is False.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.measures.columns_paired import Pairing, Profile, Sample, pair_columns, profiled, profiled_like, sampled
from redan.measures.leakage import Coincidence, Null, counted, judged
from redan.measures.near_duplicates import gathered, part, sight, stand_alone
from redan.measures.twins import Rows, Scale, Twins, find_twins, tolerance_of
from redan.tables import Table
from redan.tables.encoded import Coded, combine

Indices: TypeAlias = NDArray[np.int64]

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
    samples = sampled(evaluation, columns[0], rng), sampled(train, columns[1], rng)
    profiles = profiled(samples[0], salt=0), profiled(samples[1], salt=1)
    pairing = pair_columns(*profiles)
    if min(evaluation.rows, train.rows) < PAIRS or max(len(pairing.numbers), len(pairing.levels)) < NUMERIC:
        return _powerless(pairing, evaluation.rows)
    seen = _looked_up(samples, profiles, pairing, train, rng)
    found = np.flatnonzero(seen.mine.near | seen.mine.exact)
    pairs = seen.mine_ids[found], seen.mine.partner[found]
    fresh = _changed(evaluation, train, pairs, rng)
    pairs = pairs[0][fresh], pairs[1][fresh]
    usual = _coinciding(seen, pairing, train, rng)
    mirror = pairing.mirrored()
    ordered = _ordered((evaluation, train), profiles, pairing, pairs)
    null_ordered = _ordered(
        (train, train), (profiles[1], profiles[1]), mirror, (seen.usual_ids[usual], seen.usual.partner[usual])
    )
    null = Null(counted(seen.usual.partner[usual]), max(len(seen.usual_ids), 1))
    alike = judged(counted(pairs[1]), len(seen.mine_ids), [null])
    lonely = stand_alone(len(pairs[0]), int((seen.mine.far & ~seen.mine.near & ~seen.mine.exact).sum()), 0.0)
    half = max(2, (len(pairing.numbers) + 1) // 2)
    copied = (ordered >= half > null_ordered) or (alike.excess and lonely and len(pairs[0]) >= PAIRS)
    return Reencoding(
        pairs=alike,
        ordered=ordered,
        numeric=len(pairing.numbers),
        columns=pairing.width,
        null_ordered=null_ordered,
        copied=copied,
        power=copied or _recognised(seen, train, profiles[1], mirror, null),
    )


def _coinciding(seen: "_Seen", pairing: Pairing, train: Table, rng: np.random.Generator) -> Indices:
    """Training rows that have a twin without being copies: unlike as they stand, yet alike in ranks and codes."""
    if pairing.numbers:
        return np.flatnonzero(seen.usual.near & ~seen.usual.exact)
    found = np.flatnonzero(seen.usual.near | seen.usual.exact)
    return found[_changed(train, train, (seen.usual_ids[found], seen.usual.partner[found]), rng)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Twins among the training rows, of three sets of rows at once.

    Args:
        mine: of evaluation rows.
        usual: of training rows, each without itself.
        planted: of training rows known only by their own ranks and frequencies, as a copy would be.
        mine_ids: row numbers.
        usual_ids: row numbers.
        planted_ids: row numbers.
    """

    mine: Twins
    usual: Twins
    planted: Twins
    mine_ids: Indices
    usual_ids: Indices
    planted_ids: Indices


def _looked_up(
    samples: tuple[Sample, Sample],
    profiles: tuple[Profile, Profile],
    pairing: Pairing,
    train: Table,
    rng: np.random.Generator,
) -> _Seen:
    mine, usual = (_distinct(sample, rng) for sample in samples)
    planted = samples[1].rows(rng.permutation(len(samples[1].ids))[: len(mine.ids)])
    copy = profiled_like(planted, profiles[1], salt=0)
    mirror = pairing.mirrored()
    batches = (
        pairing.left(profiles[0], mine.batch(profiles[0])),
        mirror.right(profiles[1], usual.batch(profiles[1])),
        mirror.right(copy, planted.batch(copy)),
    )
    nobody = np.full(len(mine.ids), -1, dtype=np.int64)
    rows = Rows(
        hashes=np.concatenate([b.hashes for b in batches]),
        scores=np.arcsinh(np.concatenate([b.numbers for b in batches])).astype(np.float32),
        ids=np.concatenate([nobody, usual.ids, np.full(len(planted.ids), -1, dtype=np.int64)]),
    )
    twins = _searched(rows, size=len(mine.ids), train=train, profile=profiles[1], pairing=pairing, rng=rng)
    first, second = len(mine.ids), len(mine.ids) + len(usual.ids)
    return _Seen(
        mine=part(twins, slice(0, first)),
        usual=part(twins, slice(first, second)),
        planted=part(twins, slice(second, None)),
        mine_ids=mine.ids,
        usual_ids=usual.ids,
        planted_ids=planted.ids,
    )


def _distinct(sample: Sample, rng: np.random.Generator) -> Sample:
    """At most twenty thousand rows; repeated rows are taken once."""
    first = np.unique(combine(sample.hashes), return_index=True)[1]
    chosen = first if len(first) <= ROWS else rng.choice(first, ROWS, replace=False)
    return sample.rows(np.sort(chosen))


def _recognised(seen: _Seen, train: Table, profile: Profile, mirror: Pairing, null: Null) -> bool:
    """Whether the rows that were planted on purpose were recognised."""
    found = np.flatnonzero(seen.planted.near | seen.planted.exact)
    pairs = seen.planted_ids[found], seen.planted.partner[found]
    if not mirror.numbers:
        return len(found) >= PAIRS and judged(counted(pairs[1]), len(seen.planted_ids), [null]).excess
    ordered = _ordered((train, train), (profile, profile), mirror, pairs)
    return ordered >= max(2, (len(mirror.numbers) + 1) // 2)


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


def _searched(
    rows: Rows, *, size: int, train: Table, profile: Profile, pairing: Pairing, rng: np.random.Generator
) -> Twins:
    numeric = len(pairing.numbers)
    scale = Scale(
        middle=np.zeros(numeric),
        spread=np.ones(numeric),
        places=tuple(range(numeric)),
        close=max(0.1, 4 / math.sqrt(max(size, 1))),  # ranks of m rows are known to about 1 / sqrt(m)
    )
    stream = (pairing.right(profile, batch) for batch in train.batches(profile.plan, profile.numbers))
    return find_twins(
        rows,
        stream,
        size=train.rows,
        scale=scale,
        tolerance=tolerance_of(pairing.width),
        order=range(pairing.width),
        rng=rng,
    )


def _changed(
    evaluation: Table, train: Table, pairs: tuple[Indices, Indices], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which pairs differ in their values as they stand, by more than the near-duplicate check finds."""
    common = [c for c in evaluation.columns if c in train.columns]
    # under other names nothing is compared as it stands: a label that kept its name does not make a row unchanged
    renamed = 2 * len(common) < min(len(evaluation.columns), len(train.columns))
    if renamed or not common or not len(pairs[0]):
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
