"""Exact shares: published values, a naive twin, and coverage by simulation."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.stats.binomial import chance_of_at_least, clopper_pearson


def test_published_interval():
    """4 of 20 has the interval that textbooks print, 5.7 % to 43.7 %."""
    low, high = clopper_pearson(4, 20)
    assert (round(low, 4), round(high, 4)) == (0.0573, 0.4366)


def test_rule_of_three_at_the_edges():
    """No success in n trials bounds the share by 1 - (alpha/2)^(1/n), and all successes mirror it."""
    low, high = clopper_pearson(0, 50)
    assert (low, round(high, 12)) == (0.0, round(1 - 0.025 ** (1 / 50), 12))
    mirrored = clopper_pearson(50, 50)
    assert mirrored.high == 1.0
    assert mirrored.low == pytest.approx(1 - high)


def test_no_trials_say_nothing():
    """Without trials the whole range is possible."""
    assert clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(k, n):
    """More successes than trials, or fewer than none, are an error."""
    with pytest.raises(ValueError, match="successes"):
        clopper_pearson(k, n)
    with pytest.raises(ValueError, match="successes"):
        chance_of_at_least(k, n, 0.5)


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_impossible_levels_are_refused(level):
    """A level outside (0, 1) is an error."""
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(1, 2, level)


def test_impossible_probability_is_refused():
    """A chance outside [0, 1] is an error."""
    with pytest.raises(ValueError, match="probability"):
        chance_of_at_least(1, 2, 1.5)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.1, 0.5, 0.93])
@pytest.mark.parametrize("n", [5, 40, 300])
def test_interval_covers_at_its_level(share, n):
    """In 4,000 simulated samples the interval holds the true share at least as often as its level, less noise."""
    draws = np.random.default_rng(7).binomial(n, share, size=4000)
    bounds = {int(k): clopper_pearson(int(k), n) for k in set(draws)}
    covered = np.mean([bounds[int(k)].low <= share <= bounds[int(k)].high for k in draws])
    assert covered >= 0.95 - 4 * (0.95 * 0.05 / 4000) ** 0.5


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0.0, 1.0))
def test_tail_equals_its_naive_twin(a, b, p):
    """The tail equals the plain sum of binomial terms."""
    k, n = min(a, b), max(a, b)
    naive = sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert chance_of_at_least(k, n, p) == pytest.approx(naive, abs=1e-9)
