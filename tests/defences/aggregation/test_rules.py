"""Robust aggregation: naive twins, published properties, hostile updates."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import trim_mean

from redan.defences.aggregation import (
    RULES,
    aggregate,
    bulyan,
    krum,
    krum_scores,
    least_participants,
    mean,
    median,
    most_bad,
    multi_krum,
    trimmed_mean,
)
from redan.errors import InputError

ROBUST = RULES[1:]


def naive_scores(updates, bad):
    """Krum's score as section 4 of the paper writes it, with loops."""
    found = []
    for i, one in enumerate(updates):
        away = sorted(float(((one - other) ** 2).sum()) for j, other in enumerate(updates) if j != i)
        found.append(sum(away[: max(1, len(updates) - bad - 2)]))
    return np.array(found)


def naive_bulyan(updates, bad):
    """Repeated Krum, then the values nearest to the median, with loops."""
    left, chosen = list(range(len(updates))), []
    for _ in range(len(updates) - 2 * bad):
        scores = naive_scores(updates[left], bad) if len(left) > 1 else np.zeros(1)
        chosen.append(left.pop(int(scores.argmin())))
    picked = updates[sorted(chosen)]
    kept = len(picked) - 2 * bad
    middle = [sorted(column)[len(column) // 2] if len(column) % 2 else np.median(column) for column in picked.T]
    near = [sorted(column, key=lambda v, m=m: abs(v - m))[:kept] for column, m in zip(picked.T, middle, strict=True)]
    return np.array([np.mean(values) for values in near])


@pytest.mark.parametrize("seed", range(5))
def test_rules_are_their_naive_twins(seed):
    """Loops over the papers' definitions give the same numbers."""
    rng = np.random.default_rng(seed)
    bad = int(rng.integers(1, 4))
    updates = rng.normal(size=(4 * bad + 3 + seed, 6))
    scores = naive_scores(updates, bad)
    np.testing.assert_allclose(krum_scores(updates, bad), scores)
    np.testing.assert_array_equal(krum(updates, bad), updates[scores.argmin()])
    best = np.argsort(scores, kind="stable")[: len(updates) - bad - 2]
    np.testing.assert_allclose(multi_krum(updates, bad), updates[best].mean(axis=0))
    np.testing.assert_allclose(bulyan(updates, bad), naive_bulyan(updates, bad))
    np.testing.assert_allclose(trimmed_mean(updates, bad), trim_mean(updates, bad / len(updates) + 1e-9, axis=0))
    np.testing.assert_allclose(median(updates, bad), np.median(updates, axis=0))
    np.testing.assert_allclose(mean(updates), updates.mean(axis=0))


@pytest.mark.parametrize("rule", ROBUST)
@pytest.mark.parametrize("size", [1e3, 1e150, 1e300, np.nan, np.inf])
def test_bad_updates_stay_without_effect(rule, size):
    """As many bad participants as are assumed, with any numbers, leave the result among the honest updates."""
    rng = np.random.default_rng(3)
    honest = rng.normal(1.0, 0.1, (12, 8))
    for bad in (1, 2, 3):
        sent = np.concatenate([np.full((bad, 8), size), honest])
        found = aggregate(sent, rule, bad)
        assert ((found >= honest.min(axis=0)) & (found <= honest.max(axis=0))).all()


def test_one_participant_decides_a_mean():
    """The rule that is not robust: one huge update is the result."""
    sent = np.concatenate([np.full((1, 3), 1e9), np.ones((9, 3))])
    assert (mean(sent) > 1e7).all()
    with pytest.raises(InputError, match="mean withstands no bad"):
        aggregate(sent, "mean", 1)


@pytest.mark.parametrize("rule", RULES)
def test_assumption_is_checked_at_its_edge(rule):
    """The fewest participants are enough, and one less is refused; the two ways to say it agree."""
    for bad in range(1, 6):
        least = least_participants(rule, bad)
        if least is None:
            assert most_bad(rule, 1000) == 0
            continue
        assert most_bad(rule, least) == bad
        assert most_bad(rule, least - 1) == bad - 1
        assert aggregate(np.ones((least, 2)), rule, bad).tolist() == [1.0, 1.0]
        with pytest.raises(InputError, match="needs"):
            aggregate(np.ones((least - 1, 2)), rule, bad)


def test_published_bounds():
    """2 f + 3 for Krum (Blanchard et al., 2017), 4 f + 3 for Bulyan (El Mhamdi et al., 2018)."""
    assert [least_participants("krum", f) for f in (1, 2, 3)] == [5, 7, 9]
    assert [least_participants("bulyan", f) for f in (1, 2, 3)] == [7, 11, 15]


@pytest.mark.parametrize("sent", [np.ones(3), np.ones((2, 2, 2)), np.ones((0, 4))])
def test_other_shapes_are_refused(sent):
    """One row per participant, and one participant at least."""
    with pytest.raises(InputError, match="shape"):
        aggregate(sent, "median")


def test_more_broken_updates_than_assumed_are_refused():
    """Updates that are not finite are bad for certain."""
    sent = np.ones((9, 2))
    sent[:2] = np.nan
    with pytest.raises(InputError, match="not finite"):
        aggregate(sent, "krum", 1)
    assert aggregate(sent, "krum", 2).tolist() == [1.0, 1.0]


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, (11, 3), elements=st.floats(-100, 100)),
    st.permutations(range(11)),
    st.floats(-50, 50),
    st.sampled_from(["median", "trimmed-mean"]),
)
def test_order_and_place_do_not_matter(sent, order, shift, rule):
    """Rules by coordinate do not depend on the order of participants, and move with the updates."""
    found = aggregate(sent, rule, 2)
    np.testing.assert_allclose(aggregate(sent[order], rule, 2), found, atol=1e-9)
    np.testing.assert_allclose(aggregate(sent + shift, rule, 2), found + shift, atol=1e-6)


def test_krum_picks_an_update_that_was_sent():
    """For every choice of who is bad, the result is one of the honest updates."""
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(7, 4))
    for places in itertools.combinations(range(7), 2):
        sent = honest.copy()
        sent[list(places)] = 40.0
        assert (np.delete(honest, places, axis=0) == krum(sent, 2)).all(axis=1).any()
