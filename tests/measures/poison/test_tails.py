"""Values far out: told where a gap is no part of the tail, and seldom on clean columns of many shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.measures.poison.tails import far_out
from redan.stats.binomial import clopper_pearson

RATE = 0.001  # what the search states, per table
SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1.5, n),
    "Pareto": lambda rng, n: rng.pareto(1.0, n),
    "heavier Pareto": lambda rng, n: rng.pareto(0.5, n),
    "t of 3": lambda rng, n: rng.standard_t(3, n),
    "Cauchy": lambda rng, n: rng.standard_cauchy(n),
    "uniform": lambda rng, n: rng.random(n),
    "Poisson counts": lambda rng, n: rng.poisson(7, n).astype(float),
    "geometric counts": lambda rng, n: rng.geometric(0.05, n).astype(float),
    "Zipf counts": lambda rng, n: rng.zipf(2.0, n).astype(float),
    "few values": lambda rng, n: rng.integers(0, 10, n).astype(float),
}


def ten_more(values, side, count, times=10.0):
    """Values so many times further out than all others on a side."""
    middle = np.median(values)
    reach = (side * (values - middle)).max()
    return np.concatenate([values, middle + side * reach * times * np.linspace(1.0, 2.0, count)])


def told(values, tests=1):
    found = far_out(values, tests)
    return 0 if found is None else found.rows


@pytest.mark.parametrize("shape", SHAPES)
def test_clean_columns_are_told_at_the_stated_rate(shape):
    """900 columns of 100 to 2,000 rows: a rate above 0.1 % would be seen, its 98 % interval reaches down to it."""
    alarms = [
        told(SHAPES[shape](np.random.default_rng(seed), rows)) > 0 for rows in (100, 300, 2_000) for seed in range(300)
    ]
    assert clopper_pearson(sum(alarms), len(alarms), 0.98).low <= RATE


def test_clean_tables_are_told_at_the_stated_rate():
    """The rate is that of a table: twenty heavy columns, a hundred tables."""
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        alarms += any(told(rng.pareto(1.0, 500), 20) for _ in range(20))
    assert clopper_pearson(alarms, 100, 0.98).low <= RATE


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rows", [120, 400, 2_000])
def test_claimed_power_is_there(shape, rows):
    """Where the search says that it would tell them, values planted on either side are told, with three others at most."""
    for seed in range(20):
        values = SHAPES[shape](np.random.default_rng(seed), rows)
        found = far_out(values, 1)
        assert found.planted == min(10, int(0.03 * rows))
        if found.seen and not found.rows:
            for side in (1, -1):
                assert 0 <= told(ten_more(values, side, found.planted)) - found.planted <= 3


@pytest.mark.parametrize("shape", ["normal", "lognormal", "t of 3", "uniform", "Poisson counts", "few values"])
def test_power_is_claimed_where_tails_are_light(shape):
    """Ten values ten times further out are told in 2,000 rows of common shapes, nearly always they alone."""
    columns = [SHAPES[shape](np.random.default_rng(seed), 2_000) for seed in range(20)]
    assert np.mean([far_out(values, 1).seen for values in columns]) >= 0.9
    assert np.mean([told(ten_more(values, side, 10)) == 10 for values in columns for side in (1, -1)]) >= 0.9


@pytest.mark.parametrize("shape", ["heavier Pareto", "Cauchy", "Zipf counts"])
def test_no_power_is_claimed_where_tails_are_heavy(shape):
    """Ten times further out is ordinary there."""
    claimed = [far_out(SHAPES[shape](np.random.default_rng(seed), 300), 1).seen for seed in range(20)]
    assert np.mean(claimed) <= 0.2


def test_a_code_is_told_and_a_part_of_the_distribution_is_not():
    """99,999 in 2 % of the rows is told, with all its rows and how far it leaps; in 5 % of them it is let be."""
    rng = np.random.default_rng(0)
    for share, rows in ((0.02, 20), (0.05, 0)):
        values = rng.normal(50, 10, 1_000)
        values[: int(share * 1_000)] = 99_999.0
        found = far_out(values, 1)
        assert found.rows == rows
        assert (found.times > 1_000) == bool(rows)


def test_one_code_among_few_values_is_told():
    """A single 999 among answers from 0 to 9."""
    values = np.arange(1_000.0) % 10
    assert told(values) == 0
    values[5] = 999.0
    assert told(values) == 1


def test_a_cap_that_others_lead_to_is_no_code():
    """Ages that end at 90, with many people there, are no values far out."""
    rng = np.random.default_rng(0)
    assert told(np.minimum(np.round(rng.gamma(4, 12, 2_000)), 90.0)) == 0


def test_both_ends_are_looked_at():
    """Five values below and four above are nine rows."""
    values = np.concatenate([np.random.default_rng(1).normal(size=1_000), -80.0 - np.arange(5), 90.0 + np.arange(4)])
    assert told(values) == 9


def test_a_gap_must_be_wide_and_not_only_unlikely():
    """Ten values half as far out again as the end of even numbers are unlikely and near; three times as far are told."""
    values = np.random.default_rng(0).uniform(-1, 1, 2_000)
    for far, rows in ((1.5, 0), (3.0, 10)):
        values[:10] = far + 0.01 * np.arange(10)
        assert told(values) == rows


def test_more_columns_ask_for_wider_gaps():
    """Among a thousand columns a single value must lie further out to be told."""
    values = np.random.default_rng(0).normal(size=1_000)

    def least(tests):
        return next(far for far in np.geomspace(4.0, 1e6, 200) if told(np.append(values, far), tests))

    assert least(1) < least(1_000)


def test_one_group_hides_no_other():
    """Ten values far out and five much further: all are told, and with them no more."""
    values = np.random.default_rng(2).normal(size=2_000)
    values[:10], values[10:15] = 40.0 + np.arange(10), 4e6 + np.arange(5)
    assert told(values) == 15


def test_infinity_is_counted_by_itself():
    """Infinite cells are neither dropped nor a part of the tail."""
    values = np.concatenate([np.random.default_rng(1).normal(size=500), [np.inf, -np.inf, np.nan]])
    found = far_out(values, 1)
    assert (found.rows, found.endless) == (0, 2)


@pytest.mark.parametrize(
    "values", [np.ones(500), np.full(500, np.nan), np.arange(99.0), np.concatenate([np.ones(400), [np.nan]])]
)
def test_too_little_is_none(values):
    """Constant, empty and short columns say nothing."""
    assert far_out(values, 1) is None


@given(st.integers(0, 10**6), st.integers(-(10**4), 10**4), st.floats(1e-6, 1e6), st.sampled_from([0, 3, 10]))
def test_shift_scale_sign_and_order_change_nothing(seed, shift, scale, planted):
    """The same rows are told of a column in another unit, from another zero, upside down, and in another order."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=400), 2)
    values[:planted] += 60.0 + np.arange(planted)
    found = far_out(values, 1)
    assert found.rows == planted
    for same in (values + shift, values * scale, -values, rng.permutation(values)):
        other = far_out(same, 1)
        assert (other.rows, other.seen, other.planted) == (found.rows, found.seen, found.planted)
        assert other.times == pytest.approx(found.times, rel=1e-6)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=100, max_size=160))
def test_any_numbers_give_an_answer(values):
    """Subnormal, huge, infinite and missing numbers raise nothing; told rows are no more than 3 % at each end."""
    found = far_out(np.array(values), 3)
    if found is not None:
        assert 0 <= found.rows <= 0.06 * len(values)
        assert np.isfinite(found.times)
