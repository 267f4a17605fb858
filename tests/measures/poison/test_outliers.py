"""Rows out of distribution: planted ones are told where there is power, clean tables are let be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.measures.columns import ranks
from redan.measures.poison.outlier_power import ROUNDS, planted_power
from redan.measures.poison.outliers import _folds, _judged, strange
from redan.stats.binomial import clopper_pearson


def table(columns, digits=2):
    found = np.column_stack([ranks(np.round(np.asarray(c, dtype=float), digits)) for c in columns])
    return found, np.zeros(found.shape[1], dtype=bool)


def latent(rng, rows):
    """Eight numbers that two hidden ones drive."""
    weights = np.random.default_rng(99).normal(size=(2, 8))
    return table((rng.normal(size=(rows, 2)) @ weights + 0.3 * rng.normal(size=(rows, 8))).T)


def kinds(rng, rows):
    """Four kinds of rows, the rarest 3 % of all."""
    kind = rng.choice(4, rows, p=[0.6, 0.3, 0.07, 0.03])
    middles = np.random.default_rng(98).normal(size=(4, 6)) * 4
    return table([*(middles[kind] + rng.normal(size=(rows, 6))).T, kind], 1)


def heavy(rng, rows):
    """Five numbers in step, with far ends of their own."""
    return table((rng.standard_t(3, (rows, 1)) * np.arange(1, 6) + 0.3 * rng.standard_t(3, (rows, 5))).T, 6)


def bound(rng, rows):
    """A plan has its price, a price and a time make a sum, calls make minutes."""
    plan, tenure = rng.integers(0, 4, rows), rng.integers(1, 72, rows)
    monthly = 20 + 25 * plan + rng.normal(0, 1.5, rows)
    calls = rng.poisson(4 + 10 * plan)
    total, minutes = tenure * monthly * rng.uniform(0.97, 1.03, rows), calls * rng.uniform(2.5, 3.5, rows)
    return table([plan, tenure, monthly, total, calls, minutes])


def free(rng, rows):
    """Columns that have nothing to do with each other."""
    return table(rng.normal(size=(5, rows)))


def mixed(x, count, rng):
    """Rows whose values come from different rows."""
    return np.vstack([x, np.column_stack([rng.choice(column, count) for column in x.T])])


@pytest.mark.parametrize("make", [latent, kinds, heavy, bound, free])
def test_clean_tables_are_let_be(make):
    """Three seeds of each."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        assert len(strange(*make(rng, 500), rng).rows) == 0


@pytest.mark.slow
def test_clean_tables_are_seldom_told():
    """Twenty seeds of five kinds of tables: a rate above 1 % would be seen."""
    told = 0
    for make in (latent, kinds, heavy, bound, free):
        for seed in range(20):
            rng = np.random.default_rng(100 + seed)
            told += len(strange(*make(rng, 500), rng).rows) > 0
    assert clopper_pearson(told, 100, 0.98).low <= 0.01


def test_values_of_different_rows_are_told():
    """2 % of rows that break a price list are told in four of five seeds, and hardly another row is."""
    hits, others = 0, 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x, nominal = bound(rng, 1_000)
        found = strange(mixed(x, 20, rng), nominal, rng)
        hits += (found.rows >= 1_000).sum() > len(found.rows) / 2
        others += (found.rows < 1_000).sum()
        assert len(found.rows) == 0 or found.excess >= 5
    assert hits >= 4
    assert others <= 10


@pytest.mark.slow
def test_order_of_rows_and_columns_does_not_matter():
    """The same planted rows are told in another order of rows and columns."""
    shared = []
    for seed in (0, 1, 4, 5):
        rng = np.random.default_rng(seed)
        x, nominal = bound(rng, 1_000)
        x = mixed(x, 15, rng)
        rows, columns = rng.permutation(len(x)), rng.permutation(x.shape[1])
        first = strange(x, nominal, rng).rows
        second = rows[strange(x[rows][:, columns], nominal[columns], rng).rows]
        shared.append(len(np.intersect1d(first, second)) / max(len(first), len(second), 1))
    assert sum(share >= 0.5 for share in shared) >= 3


def test_same_seed_same_scores():
    """Everything random is fixed by the seed."""
    x, nominal = latent(np.random.default_rng(0), 300)
    one, two = (strange(x, nominal, np.random.default_rng(7)).scores for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_unbound_columns_are_said_to_be():
    """Columns that have nothing to do with each other leave the forest unsure of every row."""
    rng = np.random.default_rng(0)
    assert not strange(*free(rng, 500), rng).bound
    assert strange(*bound(rng, 1_000), rng).bound


@pytest.mark.slow
def test_power_is_that_of_the_search():
    """Plants are told in a price list, none among columns in step with far ends of their own."""
    rng = np.random.default_rng(0)
    strong, weak = planted_power(*bound(rng, 1_000), rng)[0], planted_power(*heavy(rng, 400), rng)[0]
    assert strong.planted == ROUNDS
    assert strong.found > weak.found == 0
    assert not weak.strong


def scores_of(odds):
    return 1 / (1 + np.exp(-np.asarray(odds)))


def falling(rng, rows, rate=1.0):
    """Scores whose log odds fall off steadily at the end, a few of them above a half."""
    return scores_of(-3.5 + rng.exponential(rate, rows))


def test_a_steady_fall_is_no_alarm():
    """Of a thousand sets of scores that fall off steadily hardly one is told: a rate above 1 % would be seen."""
    told = sum(len(_judged(falling(np.random.default_rng(seed), 1_000)).rows) > 0 for seed in range(1_000))
    assert clopper_pearson(told, 1_000, 0.98).low <= 0.01


def test_more_than_the_fall_leaves_is_told():
    """Fifteen rows beyond: they, how many were expected, and how far apart the two are."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scores = np.concatenate([falling(rng, 1_000, 0.7), scores_of(rng.normal(2.5, 0.2, 15))])
        found = _judged(scores)
        assert np.isin(range(1_000, 1_015), found.rows).mean() >= 0.8
        assert len(found.rows) - found.expected >= 10
        assert found.excess == pytest.approx((len(found.rows) - found.expected) / np.sqrt(found.expected + 1), rel=1e-6)


def test_what_is_not_told():
    """Two rows only, more than 2 % of the rows (all, where they shape the fall), rows that look more real than shuffled, few rows, columns that bind too little."""
    rng = np.random.default_rng(1)
    clean = falling(rng, 1_000, 0.3)
    assert len(_judged(np.concatenate([clean, [0.9] * 15])).rows) == 15
    assert len(_judged(np.concatenate([clean, [0.9] * 2])).rows) == 0
    assert len(_judged(np.concatenate([clean, [0.9] * 26])).rows) == 20
    assert len(_judged(np.concatenate([clean, [0.9] * 40])).rows) == 0
    assert len(_judged(np.concatenate([clean, [0.49] * 15])).rows) == 0
    assert len(_judged(np.concatenate([clean[:280], [0.9] * 5])).rows) == 0
    assert len(_judged(np.concatenate([np.full(1_000, 0.4) + 0.05 * rng.random(1_000), [0.99] * 15])).rows) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=400))
def test_any_scores_give_an_answer(scores):
    """Equal, extreme and few scores raise nothing; told rows are no more than 2 %."""
    found = _judged(np.array(scores))
    assert len(found.rows) <= 0.02 * len(scores)
    assert np.isfinite(found.excess)


def test_like_rows_share_a_fold():
    """A planted group of one kind cannot vouch for itself: all of it is in one fold."""
    rng = np.random.default_rng(0)
    x, nominal = latent(rng, 600)
    x = np.vstack([x, np.repeat(x[:1] * 0 + np.arange(8, dtype=np.float32), 20, axis=0)])
    fold = _folds(x, nominal, rng)
    assert len(set(fold[600:])) == 1
    assert set(fold) == set(range(5))


@pytest.mark.parametrize(
    "x",
    [
        np.full((320, 3), np.nan, dtype=np.float32),
        np.ones((320, 3), dtype=np.float32),
        np.arange(640, dtype=np.float32).reshape(320, 2),
    ],
)
def test_hostile_columns_give_an_answer(x):
    """Missing and constant columns, and columns that say the same, hold nothing and raise nothing."""
    assert len(strange(x, np.array([True] + [False] * (x.shape[1] - 1)), np.random.default_rng(0)).rows) == 0
