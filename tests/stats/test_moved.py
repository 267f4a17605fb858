"""The share of rows that moved at least: twins by brute force, coverage by simulation, and what is refused."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from redan.stats.binomial import clopper_pearson
from redan.stats.moved import difference_at_least, moved, moved_share

SHARES = {
    "alike": ([0.25] * 4, [0.25] * 4),
    "moved": ([0.25] * 4, [0.05, 0.15, 0.3, 0.5]),
    "one bin": ([0.3, 0.3, 0.3, 0.1], [0.2, 0.2, 0.2, 0.4]),
    "apart": ([0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]),
    "both tails": ([0.05, 0.45, 0.45, 0.05], [0.3, 0.2, 0.2, 0.3]),
    "many": (list(np.full(30, 1 / 30)), list(np.arange(1, 31) / 465)),
}
few = st.lists(st.integers(0, 60), min_size=2, max_size=7)


def brute(a, b):
    """The largest difference of the shares of any set of bins."""
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    sets = [s for r in range(len(a) + 1) for s in combinations(range(len(a)), r)]
    return max(abs(sum(q[i] - p[i] for i in s)) for s in sets)


@given(st.data())
def test_distance_is_the_largest_over_all_sets(data):
    """Half the sum of differences is what brute force over every set of bins finds."""
    a = data.draw(few.filter(any))
    b = data.draw(st.lists(st.integers(0, 60), min_size=len(a), max_size=len(a)).filter(any))
    assert moved_share(a, b) == pytest.approx(brute(a, b))


@given(st.data(), st.booleans(), st.floats(1e-6, 0.5))
def test_bounds_lie_around_what_was_counted(data, ordered, level):
    """The lower bound is never above the distance as counted, nor the upper one below; sides may be exchanged."""
    a = data.draw(few)
    b = data.draw(st.lists(st.integers(0, 60), min_size=len(a), max_size=len(a)))
    found = moved(a, b, level=level, ordered=ordered)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value <= found.high + 1e-12
    assert found.high <= 1
    other = moved(b, a, level=level, ordered=ordered)
    assert other.low == pytest.approx(found.low, abs=1e-9)


@settings(deadline=None)  # the search for p takes a while on a busy machine
@given(st.data(), st.floats(0, 0.6), st.floats(1e-8, 0.3))
def test_p_and_bound_say_the_same(data, tolerated, level):
    """The bound exceeds what is tolerated at a level just when p lies below that level."""
    a = np.array(data.draw(few.filter(any))) * 20
    b = np.array(data.draw(st.lists(st.integers(0, 60), min_size=len(a), max_size=len(a)).filter(any))) * 20
    found = moved(a, b, level=level, tolerated=tolerated)
    if abs(found.low - tolerated) > 1e-6:
        assert (found.low > tolerated) == (found.p < level)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize(("n", "m"), [(60, 60), (400, 50), (1_000, 1_000)])
@pytest.mark.parametrize("case", SHARES)
def test_bounds_cover(case, n, m, ordered):
    """In at most 5 of 100 samples does the lower bound lie above the truth, and in as few the upper one below."""
    rng = np.random.default_rng(1)
    p, q = (np.array(side) for side in SHARES[case])
    truth = np.abs(p - q).sum() / 2
    a, b = rng.multinomial(n, p, size=120), rng.multinomial(m, q, size=120)
    found = [moved(x, y, level=0.05, ordered=ordered) for x, y in zip(a, b, strict=True)]
    allowed = 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 120)
    assert np.mean([f.low > truth + 1e-9 for f in found]) <= allowed
    assert np.mean([f.high < truth - 1e-9 for f in found]) <= allowed


@pytest.mark.parametrize("shift", [0.0, 0.25, 1.0])
def test_lower_bound_covers_with_edges_of_the_reference_itself(shift):
    """Bins at the quantiles of the very reference that is counted do not spoil the bound."""
    rng = np.random.default_rng(2)
    truth = 2 * norm.cdf(shift / 2) - 1
    above = 0
    for _ in range(200):
        reference, current = rng.normal(size=200), rng.normal(shift, 1, 300)
        edges = np.quantile(reference, np.arange(1, 20) / 20)
        a, b = (np.bincount(np.searchsorted(edges, v, side="right"), minlength=20) for v in (reference, current))
        above += moved(a, b, level=0.05).low > truth
    assert above / 200 <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 200)


def test_tight_enough_to_be_of_use():
    """One standard deviation over 20 tests and 30 looks is told from a tenth with 300 rows a side, nearly always."""
    rng = np.random.default_rng(3)
    edges = norm.ppf(np.arange(1, 20) / 20)
    told = 0
    for _ in range(100):
        a, b = (np.bincount(np.searchsorted(edges, rng.normal(s, 1, 300), side="right"), minlength=20) for s in (0, 1))
        told += moved(a, b, level=0.05 / 30 / 40).low > 0.1
    assert told >= 97


def test_what_is_noticeable_is_noticed_half_of_the_time():
    """A shift of the size that is called noticeable is found in a fair share of samples, a much smaller one hardly."""
    rng = np.random.default_rng(4)
    rows, level = 500, 1e-4
    limit = moved([rows // 2] * 2, [rows // 2] * 2, level=level, tolerated=0.1).noticeable
    for size, low, high in ((limit, 0.2, 0.95), (limit - 0.1, 0.0, 0.1), (limit + 0.1, 0.95, 1.0)):
        found = [
            moved(rng.multinomial(rows, [0.5, 0.5]), rng.multinomial(rows, [0.5 - size, 0.5 + size]), level=level).low
            for _ in range(100)
        ]
        assert low <= np.mean(np.array(found) > 0.1) <= high


def test_nothing_to_compare():
    """Without rows nothing is known: no lower bound, no upper bound, no evidence."""
    found = moved([0, 0], [3, 4], level=0.05, tolerated=0.1)
    assert (found.low, found.high, found.p, found.noticeable) == (0.0, 1.0, 1.0, 1.0)
    assert np.isnan(moved_share([0], [1]))
    assert moved([5], [7], level=0.05).low == 0


@pytest.mark.parametrize(("a", "b", "level"), [([1], [1, 2], 0.05), ([1], [1], 0.0), ([-1], [1], 0.05)])
def test_what_is_refused(a, b, level):
    """Other bins, no level and counts below zero are errors of the caller."""
    with pytest.raises(ValueError, match=r"needs|negative"):
        moved(a, b, level=level)


@given(st.integers(0, 40), st.integers(0, 40), st.floats(1e-6, 0.5))
def test_difference_is_of_two_exact_intervals(k, j, level):
    """A share is above another by the low end of its exact interval less the high end of the other's."""
    inner = 1 - level
    expected = clopper_pearson(j, 40, inner).low - clopper_pearson(k, 40, inner).high
    assert difference_at_least((k, 40), (j, 40), level) == pytest.approx(expected, abs=1e-9)
    assert difference_at_least((0, 0), (j, 40), level) == -1
