"""Tests on counts against SciPy, and the p-values of small counts against all splits there are."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp

from redan.stats.two_sample import chi_square, draws_of, kolmogorov

counts = st.lists(st.integers(1, 500), min_size=2, max_size=8)


@given(st.data())
def test_chi_square_is_that_of_scipy(data):
    """Statistic, degrees of freedom and p are those of the contingency test without correction."""
    a = data.draw(counts)
    b = data.draw(st.lists(st.integers(1, 500), min_size=len(a), max_size=len(a)))
    found, peer = chi_square(a, b), chi2_contingency([a, b], correction=False)
    assert found.statistic == pytest.approx(peer.statistic, abs=1e-9)
    assert found.degrees == peer.dof
    assert found.p == pytest.approx(peer.pvalue, abs=1e-12)


@given(st.lists(st.integers(0, 30), min_size=3, max_size=80), st.lists(st.integers(0, 30), min_size=3, max_size=80))
def test_kolmogorov_is_that_of_scipy(left, right):
    """With a bin for every value, distance and limit are those of SciPy on the values."""
    a, b = np.bincount(left, minlength=31), np.bincount(right, minlength=31)
    found, peer = kolmogorov(a, b), ks_2samp(left, right, method="asymp")
    assert found.statistic == pytest.approx(peer.statistic, abs=1e-12)
    from scipy.special import kolmogorov as tail

    en = len(left) * len(right) / (len(left) + len(right))
    assert found.p == pytest.approx(tail(np.sqrt(en) * peer.statistic), abs=1e-12)


def test_small_counts_are_drawn():
    """Over draws, p is the hypergeometric chance of so uneven a split, counted over all splits of two levels."""
    a, b = [4, 0], [1, 5]
    chances = {i: comb(5, i) * comb(5, 4 - i) / comb(10, 4) for i in range(5)}
    statistic = {i: chi_square([i, 4 - i], [5 - i, 1 + i]).statistic for i in range(5)}
    exact = sum(p for i, p in chances.items() if statistic[i] >= statistic[4] - 1e-9)
    found = chi_square(a, b, np.random.default_rng(0))
    assert found.degrees == 0
    assert found.p == pytest.approx(exact, abs=0.01)
    assert chi_square([400, 10], [390, 20], np.random.default_rng(0)).degrees == 1


def test_draws_keep_the_margins():
    """Each draw has the wanted size and takes no more of a bin than there is."""
    both = np.array([5, 0, 30, 1])
    found = draws_of(both, 12, 500, np.random.default_rng(1))
    assert (found.sum(axis=1) == 12).all()
    assert (found <= both).all()
    np.testing.assert_allclose(found.mean(axis=0), both * 12 / 36, atol=0.2)


@pytest.mark.parametrize("test", [chi_square, kolmogorov])
def test_nothing_to_compare(test):
    """An empty sample or a single level is no evidence; other bins are an error of the caller."""
    assert test([0, 0], [1, 2]).p == 1
    assert test([5], [7]).p == 1
    with pytest.raises(ValueError, match="same"):
        test([1], [1, 2])
