"""The picture of a membership attack: both axes by powers of ten, and what cannot be drawn is not."""

import re
from dataclasses import replace

import pytest

from redan.findings import Finding
from redan.findings.attack_pictures import Band
from redan.findings.pictures import pictured
from redan.findings.roc_picture import LogRoc
from redan.reports.pictures import drawn
from redan.stats.interval import Interval
from redan.terms import Outcome

EVIL = "<script>alert(1)</script>"
CURVE = LogRoc(
    title=EVIL,
    rates=(0.001, 0.01, 0.1, 1.0),
    lines=(
        Band(name=EVIL, values=(0.0, 0.1, 0.5, 1.0), intervals=(Interval(0.0, 0.1), None, Interval(0.4, 0.6), None)),
        Band(name="without the model", values=(None, 0.01, 0.1, 1.0)),
    ),
    lowest=0.01,
    multiple=10.0,
)


def figure(picture):
    (found,) = drawn(Finding(check="A/b", subject="m", outcome=Outcome.HOLDS, message="m", detail=pictured([picture])))
    return str(found)


def test_decades_are_equally_far_apart_and_strangers_words_are_escaped():
    """A rate of a tenth stands a third from the end; nothing found is left out; the marks are there."""
    page = figure(CURVE)
    lines = dict(re.findall(r'<polyline class="line l(\d)" points="([^"]+)"', page))
    assert lines["1"].split()[1] == "66.67,33.33"
    assert lines["0"].split()[0].startswith("33.33,")
    assert "agreed: 10 times" in page
    assert "the lowest rate that can be shown" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "changed",
    [
        {"rates": (0.1, 0.01, 0.5, 1.0)},
        {"rates": (0.0, 0.01, 0.1, 1.0)},
        {"rates": (1.0,)},
        {"rates": (0.001, 0.01, 0.1, 2.0)},
        {"lines": CURVE.lines * 3},
        {"lines": (Band(name="short", values=(0.5,)),)},
    ],
)
def test_what_has_another_shape_is_not_drawn(changed):
    """A note stands in for rates that do not rise, too many lines, and lines of another length."""
    assert "cannot be drawn" in figure(replace(CURVE, **changed))
