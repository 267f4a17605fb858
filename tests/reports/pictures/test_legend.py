"""What stands below and beside pictures: names with their strokes, bounds with their meaning, words that do not touch."""

import itertools
import re

from redan.findings import Finding
from redan.findings.pictures import Line, Series, Shares, pictured
from redan.reports.pictures import drawn
from redan.reports.pictures.legend import dash, legend, stroke
from redan.reports.pictures.plane import below
from redan.terms import Outcome

EVIL = "<script>alert(1)</script>"


def figure(picture):
    (found,) = drawn(Finding(check="A/b", subject="m", outcome=Outcome.HOLDS, message="m", detail=pictured([picture])))
    return str(found)


def test_a_stroke_is_drawn_as_the_line_is_and_stays_with_its_name():
    """The same class draws both, so that dashes tell lines apart without colours; words follow below, escaped."""
    page = str(legend([stroke(1, EVIL), dash("agreed: 2")], EVIL))
    assert re.findall(r'<line class="([a-z0-9 ]+)"', page) == ["line l1", "limit"]
    assert page.count('<span class="entry">') == 2
    assert page.count("<p") == 2
    assert "<script" not in page


def test_a_bound_is_named_as_what_it_is():
    """Where groups should be alike it says so; elsewhere it says what it stands for, and a score is no share."""
    alike = figure(Shares(title="t", names=("a", "b"), values=(0.2, 0.4), expected=0.3))
    assert "30%: where all of them should be" in alike
    score = figure(
        Shares(title="t", names=("a",), values=(0.25,), expected=1.0, meaning="seldom in clean models", plain=True)
    )
    assert "1: seldom in clean models" in score
    assert "should be" not in score
    assert "%<" not in score


def test_words_at_an_axis_do_not_lie_on_one_another():
    """On a telephone a plane is 340 pixels wide, and six letters take some 40 of them."""
    page = str(below([(float(at), "14,848") for at in range(20, 100, 5)]))
    places = [float(at) for at in re.findall(r'x="([\d.]+)%"', page)]
    assert places[0] == 20.0
    assert len(places) > 3
    assert min(b - a for a, b in itertools.pairwise(places)) * 3.4 > 42


def test_few_words_all_stay():
    """Days of a week keep their names."""
    days = ("Mo", "Tu", "We", "Th", "Fr")
    page = figure(Series(title="t", x=days, lines=(Line(name="n", values=(1.0, 2.0, 3.0, 4.0, 5.0)),)))
    assert all(day in page for day in days)
