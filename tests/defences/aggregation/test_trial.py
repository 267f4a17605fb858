"""The trial of a rule on recorded updates: what moves it, what does not, and when nothing can be said."""

import numpy as np
import pytest

from redan.defences.aggregation import RULES, trials
from redan.defences.aggregation.trial import ATTACKS
from redan.errors import IncompleteError, InputError


def recorded(noise=0.5, rounds=6, participants=15, width=30, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rounds, 1, width)) + noise * rng.normal(size=(rounds, participants, width))


@pytest.mark.parametrize("rule", RULES[1:])
@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
def test_robust_rules_stay_near_honest_updates(rule, noise):
    """Within two standard deviations of honest updates under every attack, whatever their noise."""
    found = trials(recorded(noise), rule, 3, rng=np.random.default_rng(1))
    assert [t.attack for t in found] == list(ATTACKS)
    assert max(t.interval.high for t in found) < 2.0


@pytest.mark.parametrize("bad", [1, 3, 7])
def test_a_mean_goes_where_attackers_want(bad):
    """One bad participant of fifteen is enough to turn it round."""
    found = trials(recorded(), "mean", bad, rng=np.random.default_rng(1))
    assert max(t.moved for t in found) > 10
    assert min(t.forward_interval.high for t in found) < 0


def test_updates_without_much_in_common_are_turned_round():
    """Fall of Empires: where the noise is large, a small step against the mean is what Krum picks."""
    found = trials(recorded(6.0), "krum", 3, rng=np.random.default_rng(1))
    assert min(t.forward_interval.high for t in found) < 0


def test_nothing_is_said_without_differing_updates():
    """Equal updates, or too few of them, give no number."""
    rng = np.random.default_rng(1)
    with pytest.raises(IncompleteError):
        trials(np.ones((4, 9, 3)), "krum", 2, rng=rng)
    with pytest.raises(IncompleteError):
        trials(np.full((4, 9, 3), np.nan), "krum", 2, rng=rng)
    with pytest.raises(InputError):
        trials(np.ones((9, 3)), "krum", 2, rng=rng)


def test_wide_updates_are_sampled_and_equal_seeds_agree():
    """A choice of coordinates says nearly the same as all of them."""
    wide = recorded(width=30_000, rounds=2)
    first = trials(wide, "median", 3, rng=np.random.default_rng(1))
    assert first == trials(wide, "median", 3, rng=np.random.default_rng(1))
    assert 0.1 < max(t.moved for t in first) < 1.0
