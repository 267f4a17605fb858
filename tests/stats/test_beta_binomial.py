"""Tails of the beta-binomial against SciPy, the binomial and each other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from redan.stats.beta_binomial import chance_of_at_least, chance_of_at_most


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 600), st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0.001, 0.6))
def test_it_agrees_with_scipy(n, part, p, rho):
    """Exact sums for up to five thousand trials."""
    k = round(part * n)
    size = 1 / rho - 1
    assert chance_of_at_least(k, n, p, rho) == pytest.approx(betabinom.sf(k - 1, n, p * size, (1 - p) * size), abs=1e-9)
    assert chance_of_at_least(k, n, p, 0.0) == pytest.approx(binom.sf(k - 1, n, p), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400), st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0, 0.6))
def test_both_tails_make_one(n, part, p, rho):
    """Fewer than k and at least k are everything."""
    k = max(1, round(part * n))
    assert chance_of_at_least(k, n, p, rho) + chance_of_at_most(k - 1, n, p, rho) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("p", "rho"), [(0.05, 0.01), (0.5, 0.01), (0.3, 0.001), (0.05, 0.2)])
def test_large_counts_come_close(p, rho):
    """Above five thousand trials the tail is within a quarter of the exact one."""
    n = 20_000
    k = round(n * p + 3 * (n * p * (1 - p) * (1 + (n - 1) * rho)) ** 0.5)
    size = 1 / rho - 1
    assert chance_of_at_least(k, n, p, rho) == pytest.approx(betabinom.sf(k - 1, n, p * size, (1 - p) * size), rel=0.25)


@pytest.mark.parametrize(("k", "n", "p", "rho"), [(3, 2, 0.5, 0), (-1, 2, 0.5, 0), (1, 2, 0.0, 0), (1, 2, 0.5, 1.0)])
def test_nonsense_is_refused(k, n, p, rho):
    """Impossible counts, probabilities and correlations."""
    with pytest.raises(ValueError, match="no tail"):
        chance_of_at_least(k, n, p, rho)
