"""Pictures: numbers stand where they belong, words of strangers are escaped, and what has no shape is not drawn."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.findings import Finding
from redan.findings.pictures import (
    Distributions,
    Funnel,
    Grid,
    Line,
    Point,
    Series,
    Shares,
    Slice,
    SliceTree,
    pictured,
)
from redan.reports.pictures import drawn
from redan.reports.pictures.scale import Scale, worded
from redan.stats.interval import Interval
from redan.terms import Outcome

EVIL = "<script>alert(1)</script>"
PICTURES = {
    "distributions": Distributions(title=EVIL, bins=("a", EVIL), reference=(0.25, 0.75), current=(0.5, 0.5)),
    "shares": Shares(
        title="t",
        names=("a", EVIL),
        values=(0.2, 0.4),
        intervals=(Interval(0.1, 0.3), None),
        expected=0.2,
        flagged=(EVIL,),
    ),
    "funnel": Funnel(
        title="t",
        unit=EVIL,
        points=(Point(name=EVIL, n=10, value=0.5, flagged=True), Point(name="b", n=1000, value=0.1)),
        centre=0.1,
        limits=((10.0, 0.0, 0.4), (1000.0, 0.05, 0.15)),
    ),
    "slice-tree": SliceTree(
        title="t",
        unit="misses",
        slices=(Slice(name=EVIL, depth=0, n=100, value=0.1), Slice(name="x", depth=1, n=10, value=0.5)),
    ),
    "grid": Grid(title=EVIL, rows=("a", EVIL), columns=("x",), values=((0.5,), (None,)), flagged=((0, 0),)),
    "series": Series(title=EVIL, x=("1", EVIL), lines=(Line(name=EVIL, values=(1.0, None)),), threshold=0.5),
}


def figures(detail):
    """What is drawn of a finding with this detail."""
    return drawn(Finding(check="C/x", subject="s", outcome=Outcome.BROKEN, message="m", detail=detail))


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_is_drawn_and_escaped(kind):
    """A figure stands there, and no markup of the data is in it."""
    (figure,) = figures(pictured([PICTURES[kind]]))
    assert figure.startswith(f'<figure class="picture {kind}">')
    assert "<script" not in figure
    assert "cannot be drawn" not in figure


def test_bars_are_as_long_as_their_shares():
    """The longest share fills the row, the others in proportion."""
    (figure,) = figures(pictured([PICTURES["distributions"]]))
    widths = [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)%"', figure)]
    assert widths == pytest.approx([100 / 3, 200 / 3, 100, 200 / 3], abs=0.01)


def test_flagged_is_told_by_shape_and_not_by_colour_alone():
    """What is broken is a diamond, what is not is a disc."""
    (figure,) = figures(pictured([PICTURES["funnel"]]))
    assert figure.count('class="dot broken"') == 1
    assert len(set(re.findall(r'<path d="([^"]+)"', figure))) == 2


def test_gaps_of_a_series_stay_gaps():
    """Nothing is drawn where nothing is known."""
    line = Line(name="a", values=(1.0, 2.0, None, 3.0, 4.0, None, 5.0))
    (figure,) = figures(pictured([Series(title="t", x=tuple("1234567"), lines=(line,))]))
    assert figure.count("<polyline") == 3
    assert figure.count("<circle") == 1


def test_many_bins_show_those_that_differ_most():
    """A feature of 200 levels stays readable, and what is left out is said."""
    reference = tuple(1 / 200 for _ in range(200))
    current = (0.3, *(0.7 / 199 for _ in range(199)))
    bins = tuple(f"level {i}" for i in range(200))
    (figure,) = figures(pictured([Distributions(title="t", bins=bins, reference=reference, current=current)]))
    assert "level 0<" in figure
    assert "160 bins that differ less are left out" in figure


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "distributions", "title": "t", "bins": ["a"], "reference": [0.1, 0.2], "current": [0.1]},
        {"kind": "distributions", "title": "t", "bins": ["a"], "reference": [None], "current": [0.1]},
        {
            "kind": "funnel",
            "title": "t",
            "unit": "",
            "points": [{"n": 0, "value": 1, "name": ""}],
            "centre": 0,
            "limits": [],
        },
        {"kind": "grid", "title": "t", "rows": ["a"], "columns": ["b"], "values": [[]], "flagged": [], "unit": ""},
        {"kind": "series", "title": "t", "x": [], "lines": [], "unit": ""},
        {"kind": "unknown", "title": "t"},
        {"kind": "shares"},
        7,
    ],
)
def test_what_has_no_shape_is_said_and_not_drawn(broken):
    """Evidence of another version, or of nobody's making, leaves a note in place of a picture."""
    (note,) = figures({"pictures": [broken]})
    assert "cannot be drawn" in note


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["n", "name", "value"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    kind=st.sampled_from([*PICTURES]),
    change=st.data(),
)
def test_hostile_fields_never_raise(kind, change):
    """Whatever stands in a field, something is drawn or said."""
    whole = PICTURES[kind].to_json()
    name = change.draw(st.sampled_from([*whole]))
    (figure,) = figures({"pictures": [{**whole, name: change.draw(JSON)}]})
    assert "<script" not in figure


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_lie_inside_and_are_few(low, width):
    """Round numbers stand inside the scale, two to eleven of them at most."""
    scale = Scale(low, low + width) if low + width > low else Scale(low, low + 1)
    ticks = scale.ticks()
    slack = (scale.high - scale.low) * 1e-6 + 1e-9
    assert len(ticks) <= 11
    assert all(scale.low - slack <= tick <= scale.high + slack for tick in ticks)


def test_words_of_numbers():
    """Shares are per cent, large numbers have separators, zero is zero."""
    assert [worded(v, "share") for v in (0, 0.123, 0.0123)] == ["0%", "12%", "1.2%"]
    assert worded(12345, "") == "12,300"
