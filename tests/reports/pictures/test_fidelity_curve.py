"""The picture of fidelity over questions: points stand where they belong, and what cannot be drawn is not."""

import re

import pytest

from redan.findings import Finding
from redan.findings.attack_pictures import Band
from redan.findings.extraction_picture import FidelityCurve
from redan.findings.pictures import pictured
from redan.reports.pictures import drawn
from redan.stats.interval import Interval
from redan.terms import Outcome

EVIL = "<script>alert(1)</script>"
CURVE = FidelityCurve(
    title=EVIL,
    queries=(16, 32, 64),
    lines=(
        Band(name=EVIL, values=(0.5, None, 1.0), intervals=(Interval(0.4, 0.6), None, Interval(0.9, 1.0))),
        Band(name="knockoff", values=(0.5, 0.6, 0.7)),
    ),
    threshold=0.9,
    levels=((EVIL, 0.75),),
)


def figure(picture):
    (found,) = drawn(Finding(check="A/b", subject="m", outcome=Outcome.HOLDS, message="m", detail=pictured([picture])))
    return str(found)


def test_doublings_are_equally_far_apart_and_strangers_words_are_escaped():
    """The middle of 16 and 64 is 32; the better copy stands higher; one dash for the agreed bound."""
    page = figure(CURVE)
    points = re.findall(r'class="point l(\d)" cx="([\d.]+)%" cy="([\d.]+)"', page)
    across = sorted({float(x) for _, x, _ in points})
    assert len(points) == 5
    assert across[1] == pytest.approx((across[0] + across[2]) / 2, abs=0.01)
    heights = {(line, float(x)): float(y) for line, x, y in points}
    assert heights["0", across[2]] < heights["1", across[2]] < heights["1", across[0]]
    assert page.count('class="limit"') == 2, "in the plane, and beside its name"
    assert "agreed: below 90%" in page
    assert "75.0%" in page
    assert EVIL not in page
    assert 'class="band l0"' in page


def test_one_point_is_drawn_too():
    """A single number of questions."""
    one = FidelityCurve(title="t", queries=(7,), lines=(Band(name="a", values=(0.25,)),))
    assert 'class="point l0"' in figure(one)


@pytest.mark.parametrize(
    "change",
    [
        {"queries": []},
        {"queries": [0, 1, 2]},
        {"queries": [4, 4, 5]},
        {"queries": [3, 2, 1]},
        {"queries": "x"},
        {"lines": [{"name": "a", "values": [0.5]}]},
        {"lines": [{"name": "a", "values": [0.5] * 3, "intervals": [None]}]},
        {"lines": [{"name": str(i), "values": [0.5] * 3, "intervals": []} for i in range(5)]},
    ],
)
def test_what_is_malformed_is_a_note(change):
    """A detail may come from a file."""
    held = {**CURVE.to_json(), **change}
    found = Finding(check="A/b", subject="m", outcome=Outcome.HOLDS, message="m", detail={"pictures": [held]})
    assert "cannot be drawn" in str(drawn(found)[0])
