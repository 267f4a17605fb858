"""Bets on a mean: the capital of a true hypothesis stays small whenever one looks, that of a false one grows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.stats.betting import Bet


def _largest(draws, bound, size=16):
    bet, top = Bet(bound), 0.0
    for at in range(0, len(draws), size):
        bet = bet.after(draws[at : at + size])
        top = max(top, bet.value)
    return top


@pytest.mark.parametrize("bound", [0.02, 0.5, 0.9])
def test_looking_always_alarms_no_more_often_than_declared(bound):
    """Over 1,000 streams at the bound itself, the capital passes 20 in at most one of twenty, with room for chance."""
    rng = np.random.default_rng(1)
    alarms = sum(_largest((rng.random(1024) < bound).astype(float), bound) >= 20 for _ in range(1000))
    assert alarms <= 71  # 50 expected at most; exceeded with probability 0.1 %


def test_capital_is_a_fair_game_on_average():
    """The mean capital at the end stays at one, up to chance, where the hypothesis holds with equality."""
    rng = np.random.default_rng(2)
    ends = []
    for _ in range(2000):
        bet = Bet(0.3)
        for _ in range(4):
            bet = bet.after((rng.random(8) < 0.3).astype(float))
        ends.append(bet.value)
    assert abs(np.mean(ends) - 1) < 4 * np.std(ends) / np.sqrt(len(ends))


def test_a_loss_of_three_points_is_found():
    """A paired difference of three points, on rows of which one in ten differs, is told within 3,000 rows mostly."""
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(40):
        steps = rng.choice([-1.0, 0.0, 1.0], p=[0.035, 0.9, 0.065], size=3000)
        found += _largest((steps + 1) / 2, 0.5, 64) >= 20
    assert found >= 36


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.01, 0.99))
def test_capital_is_never_negative_and_values_are_counted(values, bound):
    """Whatever comes, the capital is a positive number, and the mean is that of the values."""
    bet = Bet(bound).after(values[:20]).after(values[20:])
    assert bet.value > 0
    assert bet.n == len(values)
    assert bet.mean is None or bet.mean == pytest.approx(np.mean(values))


@pytest.mark.parametrize("bad", [[1.1], [-0.1], [float("nan")]])
def test_values_outside_are_refused(bad):
    """A value outside [0, 1] would break the bound, so it is an error."""
    with pytest.raises(ValueError, match="lie in"):
        Bet(0.5).after(bad)
