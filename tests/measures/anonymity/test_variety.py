"""l-diversity and t-closeness against naive twins, published tables and SciPy's earth mover's distance."""

import math
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from redan.errors import InputError
from redan.measures.anonymity import l_diversity, t_closeness
from redan.measures.anonymity.closeness import distances

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["p", "q", "r", None])), min_size=1, max_size=30)
# Li et al. 2007, table 3: salaries and diseases of nine patients in three groups.
SALARIES = [3, 4, 5, 6, 11, 8, 7, 9, 10]
GROUPS = [1, 1, 1, 2, 2, 2, 3, 3, 3]


def held(rows):
    groups = defaultdict(Counter)
    for key, value in rows:
        if value is not None:
            groups[key][value] += 1
    return groups


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_variety_agrees_with_counting(rows):
    """Distinct values, entropy and persons by group are those of plain counting."""
    groups = held(rows)
    found = l_diversity(
        pl.DataFrame({"g": [r[0] for r in rows], "s": [r[1] for r in rows]}, schema={"g": pl.String, "s": pl.String}),
        ["g"],
        "s",
    )
    assert found.l == min((len(g) for g in groups.values()), default=None)
    entropies = [-sum(n / g.total() * math.log(n / g.total()) for n in g.values()) for g in groups.values()]
    assert found.entropy == pytest.approx(math.exp(min(entropies))) if groups else found.entropy is None
    few = [g for g in groups.values() if len(g) < 2]
    assert found.below(2) == (len(few), sum(g.total() for g in few))
    assert found.unknown == sum(r[1] is None for r in rows)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_equal_distance_is_half_the_sum_of_differences(rows):
    """t for words is the largest total variation between a group and everybody."""
    groups = held(rows)
    whole = sum(groups.values(), Counter())
    found = t_closeness(
        pl.DataFrame({"g": [r[0] for r in rows], "s": [r[1] for r in rows]}, schema={"g": pl.String, "s": pl.String}),
        ["g"],
        "s",
    )
    if not groups:
        assert found.t is None
        return
    far = [sum(abs(g[v] / g.total() - whole[v] / whole.total()) for v in whole) / 2 for g in groups.values()]
    assert found.t == pytest.approx(max(far))
    assert not found.ordered


def test_published_ordered_distance():
    """Li et al. 2007, section 4.1: {3k,4k,5k} lies 0.375 from {3k,...,11k}, and {6k,8k,11k} lies 0.167 from it."""
    rank = {v: i for i, v in enumerate(sorted(SALARIES))}
    group, level = np.array(GROUPS) - 1, np.array([rank[v] for v in SALARIES])
    far = distances(group, level, np.ones(9, dtype=np.int64), ordered=True)
    assert far[:2] == pytest.approx([0.375, 0.1667], abs=1e-4)
    assert t_closeness(pd.DataFrame({"g": GROUPS, "s": SALARIES}), ["g"], "s").t == pytest.approx(0.375)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_ordered_distance_is_scipys(seed):
    """The distance over ranks is SciPy's earth mover's distance, scaled to its largest value."""
    rng = np.random.default_rng(seed)
    group, level = rng.integers(0, 4, 80), rng.integers(0, 6, 80)
    level[:6] = range(6)
    group[:4] = range(4)
    far = distances(group, level, np.ones(80, dtype=np.int64), ordered=True)
    for g in range(4):
        assert far[g] == pytest.approx(wasserstein_distance(level[group == g], level) / 5)


def test_closeness_of_dealt_values_is_chance_and_of_sorted_ones_is_not():
    """Random groups lie as far as chance alone puts them; groups of one value are skewed, and are told."""
    rng = np.random.default_rng(8)
    g, s = rng.integers(0, 40, 2000), rng.choice(list("pqr"), 2000)
    fair = t_closeness(pd.DataFrame({"g": g, "s": s}), ["g"], "s", rng=np.random.default_rng(1))
    assert fair.by_chance is not None
    assert abs(fair.t - fair.by_chance) < 0.1
    assert fair.skewed == 0
    s[g == 7] = "p"
    told = t_closeness(pd.DataFrame({"g": g, "s": s}), ["g"], "s")
    assert told.skewed == int((g == 7).sum())
    assert told.gain > 0.6


def test_chance_alone_skews_no_group_in_twenty_tables():
    """Dealt values give no alarm about skewed groups in 20 tables of 300 small groups."""
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        data = pd.DataFrame(
            {"g": rng.integers(0, 300, 2000), "s": rng.choice(list("pqrs"), 2000, p=[0.6, 0.2, 0.1, 0.1])}
        )
        alarms += t_closeness(data, ["g"], "s").skewed > 0
    assert alarms <= 1


def test_numbers_of_many_values_are_binned_and_infinities_fit():
    """A thousand incomes become bins; infinite and missing ones do no harm."""
    rng = np.random.default_rng(3)
    values = rng.gamma(2, 1000, 1000)
    values[:3] = [np.inf, -np.inf, np.nan]
    found = t_closeness(pd.DataFrame({"g": rng.integers(0, 5, 1000), "s": values}), ["g"], "s")
    assert found.binned
    assert found.ordered
    assert found.persons == 999
    assert 0 < found.t < 0.2


def test_words_with_an_order_are_compared_along_it():
    """A given order makes 'low' nearer to 'middle' than to 'high'; a value that is not in it is refused."""
    data = pd.DataFrame({"g": [0, 0, 1, 1], "s": ["low", "middle", "middle", "high"]})
    order = ["low", "middle", "high"]
    assert t_closeness(data, ["g"], "s", order=order).t == pytest.approx(0.25)
    with pytest.raises(InputError):
        t_closeness(data, ["g"], "s", order=["low", "high"])


def test_a_sensitive_column_that_is_a_quasi_identifier_is_refused():
    """Within groups it could not vary."""
    data = pd.DataFrame({"g": [0, 1]})
    for measure in (l_diversity, t_closeness):
        with pytest.raises(InputError):
            measure(data, ["g"], "g")
