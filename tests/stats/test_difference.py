"""Differences of shares: coverage by simulation, the studentised range against SciPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import studentized_range

from redan.stats.difference import Share, difference, furthest_apart, normal_quantile, softened


@pytest.mark.parametrize(
    ("p", "q", "m", "n"), [(0.5, 0.5, 20, 20), (0.9, 0.9, 20, 60), (0.95, 0.6, 30, 30), (0.05, 0.05, 25, 200)]
)
def test_intervals_cover_the_true_difference(p, q, m, n):
    """Nominal 95 %: at least 93.5 % over 4,000 draws, small groups and extreme shares included."""
    rng = np.random.default_rng(1)
    pairs = zip(rng.binomial(m, p, 4000), rng.binomial(n, q, 4000), strict=True)
    inside = [i.low <= p - q <= i.high for i in (difference(Share(int(a), m), Share(int(b), n)) for a, b in pairs)]
    assert np.mean(inside) >= 0.935


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0.5, 0.99))
def test_interval_is_ordered_and_antisymmetric(a, b, level):
    """Exchanging the groups turns the interval round; it stays within [-1, 1]."""
    one, other = Share(a, 50), Share(b, 50)
    found, turned = difference(one, other, level), difference(other, one, level)
    assert -1 <= found.low <= found.high <= 1
    assert found.low == pytest.approx(-turned.high)


@pytest.mark.parametrize("groups", [2, 4, 10])
def test_reach_of_equal_groups_is_the_studentised_range(groups):
    """Of equal variances, the reach is Tukey's q over the root of two, to the precision of the simulation."""
    reach = furthest_apart([np.full(groups, 0.01)], 0.95, np.random.default_rng(0))
    assert reach == pytest.approx(studentized_range.ppf(0.95, groups, np.inf) / np.sqrt(2), rel=0.02)


def test_reach_of_no_pair_is_nothing():
    """A family of one group, or none, has no differences."""
    assert furthest_apart([np.array([0.1]), np.array([])], 0.95, np.random.default_rng(0)) == 0


def test_reach_grows_with_families():
    """Two rates judged together reach further than one."""
    one = np.full(4, 0.01)
    rng = np.random.default_rng
    assert furthest_apart([one, one], 0.95, rng(0)) > furthest_apart([one], 0.95, rng(0))


def test_nonsense_is_refused():
    """More successes than trials, and levels that are none."""
    with pytest.raises(ValueError, match="more successes"):
        difference(Share(3, 2), Share(1, 2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        difference(Share(1, 2), Share(1, 2), 1.0)


def test_shares_of_nothing_have_errors_too():
    """0 of 0 is one half, as wide as can be; 0 of 10 is not certain."""
    share, variance = softened([0, 0], [0, 10])
    assert share.tolist() == pytest.approx([0.5, 1 / 12])
    assert (variance > 0).all()
    assert normal_quantile(0.95) == pytest.approx(1.95996, abs=1e-5)
