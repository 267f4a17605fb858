"""Words of the reports: what the required questions came to."""

import re
from dataclasses import replace

import pytest

from redan.reports.pictures.scale import told
from redan.reports.words import brief, number, tally
from redan.terms import Outcome


def with_all_broken_known(material):
    """The same material, with everything that is broken in the baseline."""
    rows = tuple(
        replace(
            row,
            findings=tuple(replace(j, known=j.finding.outcome is Outcome.BROKEN) for j in row.findings),
            required=True,
        )
        for row in material.judgement.rows
    )
    return replace(material, judgement=replace(material.judgement, rows=rows))


def test_accepted_breaks_are_counted_apart(small_material):
    """What is broken and accepted is said to be so, lest a met gate seem to contradict itself."""
    broken = re.search(r"(\d+) broken", tally(small_material))
    assert broken
    assert "accepted" not in tally(small_material)
    assert f"{broken[1]} broken ({broken[1]} accepted)" in tally(with_all_broken_known(small_material))


@pytest.mark.parametrize(
    ("value", "unit", "apart", "says"),
    [
        (0.33634, "share", (), "33.6%"),
        (0.30412, "share", (0.304,), "30.41%"),
        (0.304, "share", (0.304,), "30.4%"),
        (0.99961, "share", (), "99.96%"),
        (1.0, "share", (), "100%"),
        (0.00042, "share", (), "0.042%"),
        (0.5465, "", (1.0,), "0.546"),
        (0.99999, "", (1.0,), "0.99999"),
        (0.1 + 0.2, "", (), "0.3"),
        (12345.6, "rows", (), "12,346 rows"),
        (2113.0, "rows", (), "2,113 rows"),
    ],
)
def test_a_gauge_shows_three_digits_unless_they_would_lie(value, unit, apart, says):
    """A value beside its threshold is told apart from it, and a share from all and nothing."""
    assert brief(value, unit, apart=apart) == says


def test_large_numbers_have_no_powers_of_ten_and_rows_show_what_the_sentence_does():
    """12,346 and not 1.235e+04; 42.5% and not 42%."""
    assert number(12345.6) == "12,346"
    assert number(float("inf")) == "inf"
    assert told(0.425, "share") == "42.5%"
    assert told(0.997, "share") == "99.7%"
    assert told(12.34, "") == "12.3"
