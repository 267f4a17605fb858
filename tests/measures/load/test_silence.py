"""Silence: missed deliveries are told, planted rows do not hide them, and agreed pauses are no fault."""

import datetime as dt

import pytest

from measures.load.load_cases import START, days
from redan.errors import IncompleteError
from redan.measures.load import arrivals, silence


def test_a_missed_day_of_a_daily_source_is_told():
    """One day without rows is a gap of two days where one was agreed."""
    counts = [20] * 30
    counts[12] = 0
    found = silence(arrivals(days(counts), "1 days"))
    assert (found.gaps, found.longest, found.allowed, found.since) == (1, 2, 1, START + dt.timedelta(days=11))


def test_planted_rows_do_not_hide_a_standstill():
    """One row on each silent day is not a delivery of a source that sends a hundred."""
    counts = [100] * 10 + [1] * 6 + [100] * 10
    assert silence(arrivals(days(counts), "1 days")).longest == 7


def test_months_and_grace():
    """A monthly source that delivers on the first of each month keeps its word; a skipped month does not."""
    months = [dt.date(2025, m, 1) for m in range(1, 13)]
    from redan.measures.load.arrivals import merged

    kept = merged([days([9], m) for m in months])
    assert silence(arrivals(kept, "1 months")).gaps == 0
    skipped = merged([days([9], m) for m in months if m.month != 6])
    assert silence(arrivals(skipped, "1 months")).gaps == 1


def test_the_rhythm_is_learned_where_none_is_agreed():
    """Weekday deliveries tolerate weekends; a silent fortnight is told; a handful of deliveries teaches nothing."""
    counts = [20 if i % 7 < 5 else 0 for i in range(70)]
    assert silence(arrivals(days(counts))).gaps == 0
    counts[28:42] = [0] * 14
    assert silence(arrivals(days(counts))).gaps == 1
    with pytest.raises(IncompleteError, match="too few"):
        silence(arrivals(days([20] * 8)))


def test_silence_until_today_counts_for_data_that_still_arrives():
    """The time since the last row is a gap when today is given."""
    found = silence(arrivals(days([20] * 20), "1 days"), START + dt.timedelta(days=25))
    assert found.ongoing
    assert found.longest == 6
    assert silence(arrivals(days([20] * 20), "1 days")).gaps == 0
