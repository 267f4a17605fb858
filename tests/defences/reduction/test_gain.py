"""Falls of leakage: none is claimed without ground, real ones are found, and intervals cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.attacks.inference.membership import judged
from redan.defences.reduction import Pair, exposure_gain, membership_gain
from redan.defences.reduction.gain import needed
from redan.errors import IncompleteError, InputError
from redan.stats.roc import negatives_for

RNG = np.random.default_rng


def drawn(rng, shift_before, shift_after, *, members=500, others=500, alike=0.8):
    """Scores of one attack on two models, alike on each record; members score higher by the shifts."""
    inside = np.arange(members + others) < members
    one = rng.normal(size=len(inside))
    two = alike * one + np.sqrt(1 - alike**2) * rng.normal(size=len(inside))
    return Pair(one + shift_before * inside, two + shift_after * inside, inside)


def test_a_real_fall_is_proven_and_none_is_not():
    """Twice as much before as after is found; the same twice is not called a gain."""
    found = membership_gain(drawn(RNG(0), 2.5, 0.5), 0.01, rng=RNG(1))
    assert found.proven
    assert found.interval.low > 0.1
    assert found.pairs == "records"
    same = membership_gain(drawn(RNG(0), 1.0, 1.0), 0.01, rng=RNG(1))
    assert same.verdict == "no proven gain"
    assert "no proven gain" in str(same)
    assert membership_gain(drawn(RNG(0), 0.5, 2.5), 0.01, rng=RNG(1)).verdict == "higher"


def test_rates_are_those_of_the_membership_test():
    """The same figure as the attack's own judge gives, ties included."""
    for seed in range(4):
        pair = drawn(RNG(seed), 1.5, 0.5)
        pair = pair._replace(before=np.round(pair.before, 1), after=np.round(pair.after, 1))
        for rate in (0.01, 0.1):
            found = membership_gain(pair, rate, rng=RNG(0))
            assert found.before == pytest.approx(judged(pair.before, pair.members, rates=(rate,)).at[0].value)
            assert found.after == pytest.approx(judged(pair.after, pair.members, rates=(rate,)).at[0].value)


def test_the_same_seed_gives_the_same_interval():
    """And the order of records tells nothing of the rates."""
    pair = drawn(RNG(0), 1.5, 0.5)
    one, two = (membership_gain(pair, 0.05, rng=RNG(3)) for _ in range(2))
    assert one == two
    turned = Pair(pair.before[::-1], pair.after[::-1], pair.members[::-1])
    assert membership_gain(turned, 0.05, rng=RNG(3)).fall == one.fall


def test_several_models_are_pairs_of_models():
    """What their spread says holds for other trainings, too; one noisy pair is no proof."""
    rng = RNG(2)
    pairs = [drawn(rng, 2.0, 0.2) for _ in range(6)]
    found = membership_gain(Pair(*(np.stack(part) for part in zip(*pairs, strict=True))), 0.01, rng=RNG(0))
    assert (found.pairs, found.n, found.verdict) == ("models", 6, "lower")
    pairs = [drawn(rng, 1.0, 1.0) for _ in range(6)]
    found = membership_gain(Pair(*(np.stack(part) for part in zip(*pairs, strict=True))), 0.01, rng=RNG(0))
    assert not found.proven


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1, 0.5])
def test_what_is_needed_is_the_rule_of_resolution(rate):
    """As the membership test has it; one fewer is refused."""
    assert needed(rate) == negatives_for(rate)
    pair = drawn(RNG(0), 1.0, 0.0, members=60, others=needed(rate) - 1)
    with pytest.raises(IncompleteError, match="non-members"):
        membership_gain(pair, rate, rng=RNG(0))
    membership_gain(drawn(RNG(0), 1.0, 0.0, members=60, others=needed(rate)), rate, rng=RNG(0))


def test_what_does_not_fit_is_refused():
    """Too few members, NaN, other shapes, rates that are none."""
    good = drawn(RNG(0), 1.0, 0.0, members=60, others=400)
    with pytest.raises(IncompleteError, match="members are too few"):
        membership_gain(drawn(RNG(0), 1.0, 0.0, members=49, others=400), 0.01, rng=RNG(0))
    with pytest.raises(InputError, match="no number"):
        membership_gain(good._replace(after=np.where(good.members, np.nan, good.after)), 0.01, rng=RNG(0))
    with pytest.raises(InputError, match="shapes"):
        membership_gain(good._replace(after=good.after[1:]), 0.01, rng=RNG(0))
    for rate in (0.0, 1.0, np.nan):
        with pytest.raises(InputError, match="rate"):
            membership_gain(good, rate, rng=RNG(0))


def test_constant_scores_are_no_gain():
    """A model that answers the same to all gives nothing away, before and after."""
    inside = np.arange(400) < 100
    found = membership_gain(Pair(np.zeros(400), np.zeros(400), inside), 0.01, rng=RNG(0))
    assert (found.before, found.after, found.verdict) == (0.0, 0.0, "no proven gain")


@pytest.mark.slow
@pytest.mark.parametrize(("others", "rate"), [(300, 0.01), (1000, 0.01), (100, 0.1)])
@pytest.mark.parametrize(("before", "after"), [(0.5, 0.5), (1.0, 1.0), (2.0, 0.5)])
def test_intervals_cover(others, rate, before, after, monkeypatch):
    """95 % of them hold the true fall, within what 150 draws tell; a gain that is none is seldom proven."""
    from scipy.special import ndtr, ndtri

    monkeypatch.setattr("redan.defences.reduction.gain._DRAWS", 400)
    edge = ndtri(1 - rate)
    true = ndtr(before - edge) - ndtr(after - edge)
    rng, held, proven = RNG(5), 0, 0
    for _ in range(150):
        found = membership_gain(drawn(rng, before, after, members=300, others=others), rate, rng=rng)
        held += found.interval.low <= true <= found.interval.high
        proven += found.proven
    assert held >= 0.9 * 150
    assert proven <= 0.05 * 150 or before > after


def test_exposure_falls_where_it_does():
    """Bits of the same canaries; too few canaries are no ground."""
    rng = RNG(0)
    before = rng.uniform(8, 14, 12)
    found = exposure_gain(before, before - rng.uniform(2, 4, 12))
    assert found.proven
    assert (found.pairs, found.n) == ("canaries", 12)
    assert not exposure_gain(before, before + rng.normal(0, 0.5, 12)).proven
    assert not exposure_gain(before, before).proven
    assert exposure_gain(before, before + 3).verdict == "higher"
    with pytest.raises(IncompleteError, match="too few"):
        exposure_gain(before[:4], before[:4])
    with pytest.raises(InputError, match="no pairs"):
        exposure_gain(before, before[1:])
    with pytest.raises(InputError, match="no pairs"):
        exposure_gain(before, np.full(12, np.inf))


@given(st.integers(0, 2**20), st.floats(0.1, 10.0), st.floats(-5.0, 5.0))
@settings(max_examples=6, deadline=None)
def test_only_the_order_of_scores_counts(seed, scale, shift):
    """Scores of one model may be on any scale, and need not be on the scale of the other's."""
    pair = drawn(RNG(seed), 1.5, 0.5, members=60, others=60)
    pair = pair._replace(before=np.round(pair.before, 2), after=np.round(pair.after, 2))
    moved = pair._replace(after=np.round(pair.after * 100).astype(int) * scale + shift)
    one, two = (membership_gain(each, 0.1, rng=RNG(0)) for each in (pair, moved))
    assert (one.fall, one.interval) == (two.fall, two.interval)


@given(st.integers(0, 2**20))
@settings(max_examples=6, deadline=None)
def test_turned_round_the_fall_is_a_rise(seed):
    """What is proven in one direction is proven against in the other."""
    pair = drawn(RNG(seed), 2.0, 0.2, members=60, others=60)
    there = membership_gain(pair, 0.1, rng=RNG(0))
    back = membership_gain(Pair(pair.after, pair.before, pair.members), 0.1, rng=RNG(0))
    assert back.fall == pytest.approx(-there.fall)
    assert back.interval == pytest.approx((-there.interval.high, -there.interval.low))
    assert there.interval.low <= there.fall <= there.interval.high
