"""How much honest contributors differ: the same as drawing them, calibrated, and not moved by outliers."""

import numpy as np
import pytest
from scipy.stats import binom

from redan.measures.poison.spread import MOST_LEARNT, Spread, chance_of_more, limits, shifted, spread_of

FIXED = Spread(np.array([0.3]), np.array([0.0]), np.array([1.0]))


def drawn(rate, size, rows, count, seed=0):
    """Share of drawn honest contributors with so many or more."""
    rng = np.random.default_rng(seed)
    true = shifted(np.full(400_000, rate), rng.normal(0, size, 400_000))
    return float((rng.binomial(rows, true) >= count).mean())


@pytest.mark.parametrize(("count", "rows"), [(0, 5), (1, 5), (3, 5), (14, 90), (24, 90), (32, 90), (700, 4000)])
def test_chance_is_that_of_drawing(count, rows):
    """One known spread: as often as in 400,000 draws."""
    found = chance_of_more(count, rows, 0.2, FIXED)
    assert found == pytest.approx(drawn(0.2, 0.3, rows, count), rel=0.05, abs=5e-4)


@pytest.mark.parametrize(("count", "rows"), [(1, 5), (30, 90), (70, 90), (90, 90), (2000, 9000)])
def test_without_spread_it_is_the_binomial(count, rows):
    """No spread, no shift: the exact tail, however deep."""
    none = Spread(np.zeros(1), np.zeros(1), np.ones(1))
    assert chance_of_more(count, rows, 0.2, none) == pytest.approx(binom.sf(count - 1, rows, 0.2), rel=1e-6)


def test_changes_make_more_likely():
    """The chance grows with the share of changed labels, from the honest one to certainty."""
    chances = [chance_of_more(40, 90, 0.1, FIXED, more) for more in (0.0, 0.1, 0.2, 0.4, 0.8)]
    assert chances == sorted(chances)
    assert chances[0] < 1e-3
    assert chances[-1] > 0.99


def test_spread_is_learnt_and_an_outlier_does_not_move_it():
    """Homogeneous counts leave little spread, wide ones more; one contributor at 90 % changes neither by much."""
    rng = np.random.default_rng(0)
    rows, doubt = np.full(30, 400), np.zeros(30)
    rate = np.full(30, 0.1)
    even = rng.binomial(rows, 0.1)
    wide = rng.binomial(rows, shifted(rate, rng.normal(0, 0.6, 30)))
    narrow, broad = spread_of(rows, even, rate, doubt).mean[0], spread_of(rows, wide, rate, doubt).mean[0]
    assert narrow < 0.15
    assert 0.4 < broad < 0.9
    even[0] = 360
    assert spread_of(rows, even, rate, doubt).mean[0] < 0.2


def test_shift_is_learnt_where_the_expectation_is_spoilt():
    """Expectations twice too high, as attackers among the others make them, are brought back."""
    rng = np.random.default_rng(1)
    rows = np.full(20, 500)
    found = spread_of(rows, rng.binomial(rows, 0.05), np.full(20, 0.15), np.zeros(20))
    assert shifted(np.full(1, 0.15), np.array([found.mean[1]]))[0] == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("size", [0.0, 0.3, 0.6])
@pytest.mark.parametrize(("people", "sets"), [(5, 120), (25, 30)])
def test_honest_sets_are_told_no_oftener_than_stated(size, people, sets):
    """Honest contributors of unequal sizes: anybody is told in one set in a hundred at most, within three sigma."""
    rng = np.random.default_rng(people)
    told = 0
    for _ in range(sets):
        rows = np.maximum(10, rng.lognormal(4.5, 0.8, people)).astype(int)
        rate = np.full(people, 0.12)
        seen = rng.binomial(rows, shifted(rate, rng.normal(0, size, people)))
        for i in np.flatnonzero(seen / rows > 0.17):
            others = np.arange(people) != i
            spread = spread_of(rows[others], seen[others], rate[others], np.zeros(people - 1))
            if chance_of_more(int(seen[i]), int(rows[i]), 0.12, spread, 0.05) <= 0.01 / people / 3:
                told += 1
                break
    assert told <= 0.01 * sets + 3 * np.sqrt(0.01 * sets)


def test_many_contributors_cost_no_more_than_some():
    """Beyond a number the spread is learnt from those who gave the most; the others change nothing."""
    rng = np.random.default_rng(2)
    rows = np.concatenate([np.full(MOST_LEARNT, 100), np.full(3000, 5)])
    seen = rng.binomial(rows, 0.1)
    few = spread_of(rows[:MOST_LEARNT], seen[:MOST_LEARNT], np.full(MOST_LEARNT, 0.1), np.zeros(MOST_LEARNT))
    all_ = spread_of(rows, seen, np.full(len(rows), 0.1), np.zeros(len(rows)))
    assert few.mean == all_.mean


def test_limits_hold_the_honest():
    """A funnel's lines leave out about as many as they say, and narrow with rows."""
    low, high = limits(0.1, 0.2, 200, 0.025)
    assert low < 0.1 < high
    wide = limits(0.1, 0.2, 20, 0.025)
    assert wide[1] - wide[0] > high - low
