"""Volume: stable sources do not alarm, floods and droughts do, and neither trend nor weekends are attacks."""

import numpy as np
import pytest

from measures.load.load_cases import days
from redan.errors import IncompleteError
from redan.measures.load import arrivals, volume

STABLE = {
    "calm": lambda rng: rng.poisson(40, 60),
    "rare": lambda rng: rng.poisson(6, 90),
    "two weeks": lambda rng: rng.poisson(40, 14),
    "bursts": lambda rng: rng.negative_binomial(10, 10 / 110, 60),
    "heavy bursts": lambda rng: rng.poisson(np.exp(rng.normal(5, 0.5, 90))),
    "weekends": lambda rng: rng.poisson(np.tile([100] * 5 + [30] * 2, 6)),
    "growth": lambda rng: rng.poisson(50 * np.exp(np.arange(120) / 60)),
}


@pytest.mark.parametrize("kind", STABLE)
def test_stable_sources_do_not_alarm(kind):
    """At a stated chance of 1 % over all days, at most 6 of 200 simulated sources see any alarm."""
    alarms = 0
    for seed in range(200):
        counts = np.maximum(STABLE[kind](np.random.default_rng(seed)), 1)
        alarms += bool(volume(arrivals(days(counts), "1 days")).outside)
    assert alarms <= 6


@pytest.mark.parametrize(("kind", "factor"), [("calm", 3), ("bursts", 10), ("weekends", 3), ("growth", 3)])
def test_a_flood_on_one_day_is_found(kind, factor):
    """A day with several times its rows is told, and with it few others, in at least 19 of 20 sources."""
    found = 0
    for seed in range(20):
        counts = np.maximum(STABLE[kind](np.random.default_rng(seed)), 1)
        counts[20] = counts[20] * factor + factor
        outside = volume(arrivals(days(counts), "1 days")).outside
        found += 20 in outside and len(outside) <= 2
    assert found >= 19


def test_two_standing_days_are_found():
    """Days with hardly a row among days of forty are told."""
    counts = np.random.default_rng(1).poisson(40, 40)
    counts[10:12] = 1
    assert volume(arrivals(days(counts), "1 days")).outside == (10, 11)


def test_a_declared_range_needs_no_history():
    """Three days suffice; the cut first day is not too small, but can be too large."""
    found = volume(arrivals(days([5, 50, 90, 30]), "1 days"), (20.0, 60.0))
    assert found.outside == (2,)
    assert volume(arrivals(days([500, 50, 40]), "1 days"), (20.0, 60.0)).outside == (0,)


def test_few_intervals_teach_nothing():
    """Thirteen days are refused."""
    with pytest.raises(IncompleteError, match="too few"):
        volume(arrivals(days([5] * 13), "1 days"))


def test_one_misdated_row_does_not_hide_a_flood():
    """With a row from 1971 in the file the flood is still told."""
    from redan.measures.load.arrivals import merged, without_strays

    counts = np.random.default_rng(2).poisson(40, 40)
    counts[9] = 300
    import datetime as dt

    both = without_strays(merged([days(counts), days([1], dt.date(1971, 1, 1))]))
    assert volume(arrivals(both, "1 days")).outside == (9,)
