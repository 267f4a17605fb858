"""Paired differences: a published example, symmetry, edges, and that intervals cover."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.stats.paired import paired_mean, paired_shares


def naive(b, c, n, z):
    """Differences on a grid that the score test does not reject, its nuisance share found by search."""
    kept = []
    for difference in np.linspace(-0.999, 0.999, 1999):
        shares = np.linspace(max(0.0, -difference), (1 - difference) / 2, 4001)[1:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            likelihood = (
                b * np.log(shares + difference) + c * np.log(shares) + (n - b - c) * np.log(1 - 2 * shares - difference)
            )
        q = shares[np.nanargmax(likelihood)]
        if abs(b - c - n * difference) <= z * math.sqrt(n * (2 * q + difference - difference**2)):
            kept.append(difference)
    return min(kept), max(kept)


@pytest.mark.parametrize(("b", "c", "n"), [(1, 2, 44), (12, 2, 44), (5, 5, 30), (9, 1, 100)])
def test_shares_are_those_of_the_naive_score_test(b, c, n):
    """The closed form of the nuisance share agrees with a search for the likeliest one."""
    assert np.allclose(paired_shares(b, c, n), naive(b, c, n, 1.959964), atol=2e-3)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_shares_are_symmetric_and_hold_their_value(b, c, rest):
    """Whichever share comes first, and whatever the counts."""
    n = b + c + rest
    low, high = paired_shares(b, c, n)
    assert -1 <= low <= high <= 1
    if n:
        assert low <= (b - c) / n <= high
        turned = paired_shares(c, b, n)
        assert (round(-turned.high, 9), round(-turned.low, 9)) == (round(low, 9), round(high, 9))


@pytest.mark.parametrize(("b", "c", "n"), [(0, 0, 0), (5, 0, 5), (0, 5, 5), (0, 0, 5)])
def test_shares_at_the_edges(b, c, n):
    """Nothing, all, and none of them."""
    low, high = paired_shares(b, c, n)
    assert high - low > 0
    assert (low, high) == (-1.0, 1.0) if n == 0 else low > -1.0 or high < 1.0


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, -1, 5)])
def test_what_is_no_count_is_refused(counts):
    """Before it becomes an interval."""
    with pytest.raises(ValueError, match="paired counts"):
        paired_shares(*counts)


@pytest.mark.parametrize(("p_b", "p_c", "n"), [(0.1, 0.05, 40), (0.02, 0.02, 100), (0.3, 0.1, 200), (0.0, 0.03, 60)])
def test_shares_cover(p_b, p_c, n):
    """95 % of intervals hold the true difference, within what 600 draws tell."""
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(n, [p_b, p_c, 1 - p_b - p_c], size=600)
    held = [low <= p_b - p_c <= high for low, high in (paired_shares(int(b), int(c), n) for b, c, _ in drawn)]
    assert np.mean(held) > 0.92


def test_mean_is_students():
    """As SciPy has it; without end below two values."""
    from scipy.stats import t

    values = np.array([0.1, 0.4, -0.2, 0.3])
    expected = t.interval(0.9, 3, loc=values.mean(), scale=values.std(ddof=1) / 2)
    assert np.allclose(paired_mean(values, 0.9), expected)
    assert paired_mean([1.0]) == (-math.inf, math.inf)
