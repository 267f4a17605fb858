"""What forecasts tell of their inputs, and who moves them: exact on linear ones, at chance on those that tell nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from redan.errors import IncompleteError
from redan.measures.forecasts import by_columns, by_rows, told_by_forecasts

NAMES = [f"c{place}" for place in range(6)]


def inputs(n=300, columns=6, seed=0):
    return np.random.default_rng(seed).uniform(size=(n, columns))


def told(ask, x=None, *, bound=0.5, seed=1, ordered=False):
    x = inputs() if x is None else x
    names = [f"c{place}" for place in range(x.shape[1])]
    return told_by_forecasts(x, ask, names, bound=bound, rng=np.random.default_rng(seed), ordered=ordered)


def test_a_mean_tells_the_mean():
    """Near all of the variance of the mean, to whom it is published."""
    found = told(lambda x: x.mean(axis=1))
    assert found.statistic.startswith("mean of the")
    assert found.interval.low > 0.8
    assert found.planted > 0.5
    assert found.n == 300


@pytest.mark.parametrize("ordered", [False, True])
def test_differences_tell_little_of_anything(ordered):
    """Of six inputs with signs that alternate, a sixth of each one's variance at most."""
    signs = np.array([1, -1, 1, -1, 1, -1])
    found = told(lambda x: x @ signs, ordered=ordered)
    assert found.interval.high < 0.5
    assert found.planted > 0.5


def test_noise_tells_nothing():
    """A forecast that has nothing to do with its inputs; nor one that is always the same."""
    found = told(lambda x: np.sin(1e7 * x.sum(axis=1)))
    assert found.share < 0.1
    still = told(lambda x: np.zeros(len(x)))
    assert still.share < 0.05


def test_moving_ones_own_input_tells_of_the_others():
    """A product shows its other factor to whoever moves one of them, and little of it to an outsider."""
    x = inputs(400, 2) - 0.5
    found = told(lambda rows: rows[:, 0] * rows[:, 1], x)
    assert found.owner
    assert found.statistic != found.owner
    assert found.after > 0.9
    assert found.before < 0.1


def test_diabetes():
    """A linear forecast on real data: the interval lies about the share, which some input gives away."""
    x, y = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(x, y)
    found = told(model.predict, x)
    assert 0.3 < found.share < 1
    assert found.interval.low < found.share < found.interval.high


def test_the_interval_covers():
    """What a forecast with noise explains of one column, in eight of ten samples at least."""
    share, hits = 0.5, 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(400, 1))
        noise = dict(zip(x[:, 0].tolist(), rng.normal(size=400).tolist(), strict=True))
        found = told(lambda rows, noise=noise: rows[:, 0] + np.array([noise.get(v, 0.0) for v in rows[:, 0]]), x)
        hits += found.interval.low <= share <= found.interval.high + 0.02
    assert hits >= 8


@pytest.mark.parametrize("x", [np.ones((200, 3)), inputs(20)])
def test_it_says_what_it_lacks(x):
    """Inputs that do not vary, or too few rows."""
    with pytest.raises(IncompleteError):
        told(lambda rows: rows[:, 0], x)
    with pytest.raises(IncompleteError, match="no numbers"):
        told(lambda rows: rows[:, 0] * np.nan)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=5), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_columns_of_a_linear_forecast_are_exact(weights, seed):
    """Beside the closed form: a participant's weight times the range, over the sum of all."""
    weights = np.array(weights)
    rng = np.random.default_rng(seed)
    low, high = -rng.uniform(1, 2, len(weights)), rng.uniform(1, 2, len(weights))
    x = rng.uniform(low, high, (20, len(weights)))
    span = np.abs(weights) * (high - low)
    owners = {f"p{place}": [place] for place in range(len(weights))}
    if span.sum() < 1e-9:
        return
    found = {one.who: one for one in by_columns(x, lambda rows: rows @ weights, owners, low, high)}
    for place, who in enumerate(owners):
        assert found[who].effect == pytest.approx(span[place], abs=1e-9)
        assert found[who].share == pytest.approx(span[place] / span.sum(), abs=1e-9)


def test_rows_count_by_participant():
    """Of equal rows, the share of rows; the strongest first."""
    x, who = inputs(10, 2), ["b"] * 6 + ["a"] * 4
    found = by_rows(x, lambda rows: rows.sum(axis=1), who, np.zeros(2), np.ones(2))
    assert [(one.who, one.owned) for one in found] == [("b", 6), ("a", 4)]
    assert found[0].share == pytest.approx(0.6)
    assert found[0].effect == pytest.approx(1.2)


def test_a_product_is_searched():
    """One factor alone moves it by the other's value at most, both by two."""
    x = np.array([[0.5, 1.0], [0.5, -0.5]])
    low, high = -np.ones(2), np.ones(2)
    found = by_columns(x, lambda rows: rows[:, 0] * rows[:, 1], {"a": [0], "b": [1]}, low, high)
    assert {one.who: one.effect for one in found} == {"a": 2.0, "b": 1.0}
    assert found[0].share == pytest.approx(1.0)


def test_what_does_not_move_is_told():
    """By nobody."""
    with pytest.raises(IncompleteError, match="do not move"):
        by_columns(inputs(5), lambda rows: np.zeros(len(rows)), {"a": [0]}, np.zeros(6), np.ones(6))
    with pytest.raises(IncompleteError, match="do not move"):
        by_rows(inputs(5), lambda rows: np.zeros(len(rows)), list("aabbb"), np.zeros(6), np.ones(6))
