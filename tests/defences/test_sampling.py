"""Fair samples: chance decides, floods cost nobody else a row, and the same seed gives the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.defences.sampling import fair_cap, fair_sample
from redan.errors import UsageError


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=60), st.integers(0, 70), st.integers(0, 9))
def test_the_limit_is_kept_and_used(who, limit, seed):
    """At most the limit, exactly the limit when there is more, ascending, no row twice; equal for equal seeds."""
    first, again = (fair_sample(len(who), limit, rng=np.random.default_rng(seed), contributors=who) for _ in range(2))
    assert len(first) == min(limit, len(who))
    assert np.array_equal(first, again)
    assert (np.diff(first) > 0).all()
    assert not len(first) or (first[0] >= 0 and first[-1] < len(who))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 200))
def test_the_fair_cap_is_the_largest_that_fits(counts, limit):
    """One more row for each would go over the limit, unless everything fits."""
    cap = fair_cap(counts, limit)
    assert sum(min(c, cap) for c in counts) <= limit
    assert sum(counts) <= limit or sum(min(c, cap + 1) for c in counts) > limit


def test_a_flood_costs_nobody_else_a_row():
    """One sender with ten thousand rows leaves the five of every other where they are."""
    who = np.repeat(np.arange(101), [5] * 100 + [10_000])
    taken = np.bincount(who[fair_sample(len(who), 1_000, rng=np.random.default_rng(0), contributors=who)])
    assert taken[:100].tolist() == [5] * 100
    assert taken[100] == 500


def test_every_row_has_the_same_chance():
    """Without contributors each of 50 rows is drawn in about 200 of 1,000 samples of ten."""
    rng = np.random.default_rng(1)
    drawn = np.zeros(50)
    for _ in range(1_000):
        drawn[fair_sample(50, 10, rng=rng)] += 1
    assert ((drawn > 140) & (drawn < 260)).all()


def test_a_cap_is_never_passed():
    """A stated cap holds even where the limit leaves room."""
    who = ["a"] * 50 + ["b"] * 3 + [None] * 20
    taken = fair_sample(73, 60, rng=np.random.default_rng(2), contributors=who, cap=4)
    assert len(taken) == 11


@pytest.mark.parametrize(
    "wrong", [{"rows": -1}, {"limit": -1}, {"cap": 3}, {"contributors": ["a"]}, {"cap": -1, "contributors": ["a"] * 5}]
)
def test_nonsense_is_refused(wrong):
    """Negative numbers, a cap without contributors, and too few of them."""
    words = {"rows": 5, "limit": 3, "rng": np.random.default_rng(0), **wrong}
    with pytest.raises(UsageError):
        fair_sample(words.pop("rows"), words.pop("limit"), **words)
