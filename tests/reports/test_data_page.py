"""The page of a data verb: the worst first, its pictures, no script, nothing when nothing was found out."""

from redan.findings import Finding, Remedy
from redan.findings.pictures import Shares, pictured
from redan.reports.data_page import render
from redan.terms import Outcome


def finding(outcome, message, detail=None):
    """One finding."""
    return Finding(
        check="C/x",
        subject="dataset:<b>",
        outcome=outcome,
        message=message,
        remedy=Remedy(text="mend"),
        detail=detail or {},
    )


def test_the_worst_comes_first_with_its_picture():
    """Broken findings lead, and their pictures are there."""
    picture = pictured([Shares(title="classes", names=("a",), values=(0.5,))])
    page = render(
        "redan data load", ["a.csv"], [finding(Outcome.HOLDS, "fine"), finding(Outcome.BROKEN, "bad", picture)]
    )
    text = page.decode()
    assert "Something was found" in text
    assert text.index("bad") < text.index("fine")
    assert 'class="picture shares"' in text
    assert "dataset:<b>" not in text


def test_nothing_found_out_is_no_pass():
    """A page without findings says that nothing could be told."""
    text = render("redan data load", ["a.csv"], []).decode()
    assert "Could not be told" in text
    assert 'class="incomplete"' in text


def test_no_script_and_no_address():
    """The page runs nothing and fetches nothing."""
    text = render("redan data load", ["<script>"], [finding(Outcome.HOLDS, "fine")]).decode()
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
