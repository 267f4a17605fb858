"""Rows of portraits: strangers' words are escaped, and what is no small PNG is not drawn."""

import numpy as np
import pytest

from redan.findings import Finding
from redan.findings.pictures import pictured
from redan.findings.portrait_picture import Portrait, PortraitRows
from redan.measures.robustness.gallery import small
from redan.reports.pictures import drawn
from redan.terms import Outcome

(DOT,) = small(np.zeros((1, 2, 2)))
EVIL = "<script>alert(1)</script>"


def figure(row, count=1):
    picture = PortraitRows(title=EVIL, rows=(row,) * count, note=EVIL)
    found = drawn(Finding(check="A/b", subject="m", outcome=Outcome.HOLDS, message="m", detail=pictured([picture])))
    return str(found[0])


def test_each_class_has_a_row():
    """With its pictures; words are escaped; no more than twelve rows."""
    page = figure(Portrait(words=EVIL, real=DOT, made=DOT, samples=(DOT, DOT), twin=DOT), 20)
    assert page.count("<img") == 12 * 5
    assert EVIL not in page


@pytest.mark.parametrize("bad", ["javascript:alert(1)", "data:image/svg+xml;base64,AAAA", DOT[:30] + "<", ""])
def test_what_is_no_png_is_not_drawn(bad):
    """Wherever it stands."""
    for row in (
        Portrait(words="a", real=bad, made=DOT, samples=(), twin=DOT),
        Portrait(words="a", real=DOT, made=DOT, samples=(DOT, bad), twin=DOT),
        Portrait(words="a", real=DOT, made=DOT, samples=(), twin=bad),
    ):
        assert "cannot be drawn" in figure(row)
    assert "cannot be drawn" in figure(Portrait(words="a", real=DOT, made=DOT, samples=(DOT,) * 9, twin=DOT))


def test_no_pictures_of_what_is_no_picture():
    """Rows of a table have none; pictures outside of the box are cut."""
    assert small(np.zeros((3, 4))) == ()
    assert len(small(np.full((2, 3, 4, 4), 9.0), (0.0, 1.0))) == 2
