"""Durations as people and ISO 8601 write them, and the day they end."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.system.retention import Duration, parse_duration, retention_end

DAY = dt.date(2024, 8, 31)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("18 months", dt.date(2026, 2, 28)),
        ("P18M", dt.date(2026, 2, 28)),
        ("P1Y6M", dt.date(2026, 2, 28)),
        ("1 year and 6 months", dt.date(2026, 2, 28)),
        ("1 Year, 6 Months", dt.date(2026, 2, 28)),
        ("2 years", dt.date(2026, 8, 31)),
        ("90 days", dt.date(2024, 11, 29)),
        ("P90D", dt.date(2024, 11, 29)),
        ("2 weeks", dt.date(2024, 9, 14)),
        ("P2W", dt.date(2024, 9, 14)),
        ("1 month 1 day", dt.date(2024, 10, 1)),
        ("9999 years", dt.date.max),
        ("99999 days", dt.date(2298, 6, 15)),
    ],
)
def test_durations_end_on_their_day(text, end):
    """Months keep the day of the month where it exists; days are counted after months (worked by hand)."""
    assert retention_end(DAY, text) == end
    assert retention_end(None, text) is None


@pytest.mark.parametrize(
    "text",
    ["", "P", "P0D", "0 days", "forever", "18", "months", "18months", "-1 days", "1 day 1 day", "1.5 years", "P1M1Y",
     "PT1H", "P1Y2", "18 months,", "18 months and", "١٨ months", "1 fortnight", "1000000 days", "P1Y\n", "1 year; drop"],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text):
    """Nothing, zero, other units, other orders, fractions and other scripts' digits; outer blanks do not matter."""
    if text == "P1Y\n":
        assert parse_duration(text) == Duration(12, 0)
        return
    with pytest.raises(ValueError, match="must be a date such as"):
        retention_end(DAY, text)


def test_a_date_is_its_own_end():
    """A date needs no day of collection; nothing stated has no end."""
    assert retention_end(None, DAY) == DAY
    assert retention_end(DAY, None) is None


@given(st.integers(0, 600), st.integers(0, 4000), st.dates(max_value=dt.date(2200, 1, 1)))
def test_durations_survive_both_spellings(months, days, start):
    """The two spellings mean the same, and a longer duration never ends earlier."""
    if not months and not days:
        return
    words = parse_duration(f"{months} months {days} days")
    assert words == parse_duration(f"P{months}M{days}D") == Duration(months, days)
    assert words.after(start) >= start
    assert Duration(months + 1, days).after(start) >= words.after(start)
    assert Duration(months, days + 1).after(start) > words.after(start)
