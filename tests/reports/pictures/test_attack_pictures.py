"""Pictures of attacks: bars and points stand where they belong, strangers' words are escaped, and a picture is a PNG."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.findings import Finding
from redan.findings.attack_pictures import (
    Band,
    Between,
    Cells,
    Change,
    Gallery,
    Passage,
    Path,
    RobustCurve,
    Shot,
    Stop,
    Surface,
)
from redan.findings.pictures import pictured
from redan.findings.transfer_picture import Carried, TransferMatrix
from redan.findings.trigger_picture import Triggers, TriggerShot
from redan.measures.robustness.gallery import data_uri
from redan.reports.data_page import render
from redan.reports.pictures import drawn
from redan.stats.interval import Interval
from redan.terms import Outcome

EVIL = "<script>alert(1)</script>"
PNG = data_uri(np.zeros((2, 2, 1), dtype=np.uint8))
SHOT = Shot(words=EVIL, clean=PNG, adversarial=PNG, difference=PNG)
PICTURES = {
    "robust-curve": RobustCurve(
        title=EVIL,
        norm=EVIL,
        eps=(0.0, 0.1, 0.2),
        lines=(
            Band(name=EVIL, values=(1.0, 0.5, None), intervals=(None, Interval(0.4, 0.6), None)),
            Band(name="certified", values=(0.9, 0.2, 0.0)),
        ),
    ),
    "between": Between(
        title="t",
        names=("a", EVIL),
        certified=(0.25, 0.5),
        empirical=(0.75, 0.4),
        true=(Interval(0.2, 0.8), Interval(0.3, 0.6)),
    ),
    "gallery": Gallery(title="t", shots=(SHOT,), note=EVIL),
    "cells": Cells(
        title="t",
        changes=(
            Change(row="1", column="age", before="30", after="31"),
            Change(row="1", column=EVIL, before=EVIL, after="9" * 500),
            Change(row="2", column="age", before="1", after="2"),
        ),
    ),
    "transfer": TransferMatrix(
        title="t",
        sources=("a", EVIL),
        targets=(EVIL, "b", "c"),
        cells=(
            (Carried(value=0.625, interval=Interval(0.5, 0.75), n=1200, flagged=True), None, None),
            (None, Carried(value=0.0, interval=Interval(0.0, 0.2), n=17), None),
        ),
        own=(Carried(value=1.0, interval=Interval(0.9, 1.0), n=40), None, None),
        words=EVIL,
    ),
    "surface": Surface(
        title="t",
        paths=(
            Path(
                stops=(Stop(name="source:a", note=EVIL, outside=True), Stop(name=EVIL), Stop(name="model:m")),
                passages=(Passage(words=EVIL, state="open"), Passage(words="tls", state="secured")),
            ),
            Path(stops=(Stop(name="model:m"),), passages=()),
        ),
    ),
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
    """Certified, unknown and broken fill the row; a contradiction has no unknown part and is flagged."""
    (figure,) = figures(pictured([PICTURES["between"]]))
    widths = [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)%"', figure)]
    assert widths == pytest.approx([25, 50, 25, 50, 0, 50], abs=0.01)
    assert figure.count('class="row flagged"') == 1


def test_a_matrix_shows_share_interval_and_number():
    """Each cell with what is behind it, empty ones empty, and the row of who knows the model below."""
    (figure,) = figures(pictured([PICTURES["transfer"]]))
    assert "50 to 75%, n 1,200" in figure
    assert figure.count("<small>") == 3
    assert figure.count('class="flagged"') == 1
    assert figure.index("knows the model") > figure.index("n 17")


@pytest.mark.parametrize(
    "change",
    [
        {"cells": [[None]]},
        {"own": []},
        {"cells": [[{"value": 2.0, "interval": [0, 1], "n": 3}, None, None], [None, None, None]]},
        {"cells": [[{"value": 0.5, "n": 3}, None, None], [None, None, None]]},
        {"cells": [["x", None, None], [None, None, None]]},
    ],
)
def test_a_matrix_that_is_none_is_not_drawn(change):
    """Cells that do not fill it, or hold no share: a note in its place."""
    held = PICTURES["transfer"].to_json() | change
    (figure,) = figures({"pictures": [held]})
    assert "cannot be drawn" in figure


def test_gaps_of_a_curve_have_no_point():
    """Each known value is a point; a gap is none; a band spans its intervals alone."""
    (figure,) = figures(pictured([PICTURES["robust-curve"]]))
    assert figure.count("<circle") == 5
    assert figure.count("<polygon") == 1


def test_open_passages_and_outsiders_are_marked():
    """What crosses a line of trust unprotected is marked by more than its colour; who is outside is marked, too."""
    (figure,) = figures(pictured([PICTURES["surface"]]))
    assert figure.count('class="passage open"') == figure.count("✗") == 1
    assert figure.count('class="stop outside"') == 1
    assert figure.count('<ol class="way">') == 2


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "https://example.org/x.png",
        'data:image/png;base64,iVBORw0KGgo" onerror="alert(1)',
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:image/png;base64,iVBORw0KGgo" + "A" * 30_000,
        PNG + "\n",
        "",
    ],
)
def test_only_small_pngs_are_shown(uri):
    """Anything but a small PNG inside of the page leaves a note."""
    shots = [{"words": "w", "clean": PNG, "adversarial": uri, "difference": PNG}]
    (note,) = figures({"pictures": [{"kind": "gallery", "title": "t", "note": "", "shots": shots}]})
    assert "cannot be drawn" in note


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "robust-curve", "title": "t", "norm": "linf", "eps": [0.2, 0.1], "lines": []},
        {"kind": "robust-curve", "title": "t", "norm": "linf", "eps": [], "lines": []},
        {
            "kind": "robust-curve",
            "title": "t",
            "norm": "linf",
            "eps": [0.1],
            "lines": [{"name": "a", "values": [], "intervals": []}],
        },
        {"kind": "between", "title": "t", "names": ["a"], "certified": [2], "empirical": [1], "true": [None]},
        {"kind": "between", "title": "t", "names": ["a"], "certified": [], "empirical": [1], "true": [None]},
        {"kind": "gallery", "title": "t", "note": "", "shots": []},
        {"kind": "cells", "title": "t", "changes": [{"row": "1"}]},
        {"kind": "surface", "title": "t", "paths": [{"stops": [], "passages": []}]},
        {"kind": "surface", "title": "t", "paths": [{"stops": [{"name": "a", "note": ""}], "passages": [{}]}]},
        {"kind": "cells", "title": "t", "changes": [{}] * 41},
    ],
)
def test_what_has_no_shape_is_said_and_not_drawn(bad):
    """Evidence of another version, or of nobody's making, leaves a note in place of a picture."""
    (note,) = figures({"pictures": [bad]})
    assert "cannot be drawn" in note


@given(
    kind=st.sampled_from([*PICTURES]),
    value=st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers() | st.none(), max_size=3),
    data=st.data(),
)
def test_hostile_fields_never_raise(kind, value, data):
    """Any field may hold anything: a figure or a note comes out."""
    held = PICTURES[kind].to_json()
    held[data.draw(st.sampled_from(sorted(set(held) - {"kind"})))] = value
    (figure,) = figures({"pictures": [held]})
    assert figure


def test_the_page_says_when_it_shows_samples():
    """A page with a gallery says so, one without says that there is no row of the data in it."""
    bare = Finding(check="C/x", subject="s", outcome=Outcome.HOLDS, message="m")
    shown = Finding(
        check="C/x", subject="s", outcome=Outcome.HOLDS, message="m", detail=pictured([PICTURES["gallery"]])
    )
    assert b"no row of the data" in render("t", ["f"], [bare])
    page = render("t", ["f"], [bare, shown])
    assert b"no row of the data" not in page
    assert b"shows single samples" in page


@pytest.mark.parametrize(("example", "said"), [("", b"no row of the data"), (PNG, b"shows single samples")])
def test_an_example_of_a_trigger_is_a_sample(example, said):
    """A trigger by itself was worked out; laid over a sample it shows that sample."""
    triggers = Triggers(title="t", shots=(TriggerShot(words="w", mask=PNG, pattern=PNG, example=example),))
    found = Finding(check="C/x", subject="s", outcome=Outcome.HOLDS, message="m", detail=pictured([triggers]))
    assert said in render("t", ["f"], [found])


def test_a_gallery_says_what_its_pictures_are():
    """Three others than clean, adversarial and difference are named; two names are none."""
    (other,) = figures({"pictures": [Gallery(title="t", shots=(SHOT,), names=("mean", "drawn", "both")).to_json()]})
    assert "Each: mean, drawn, both." in other
    assert "adversarial" not in other
    (none,) = figures({"pictures": [{**Gallery(title="t", shots=(SHOT,)).to_json(), "names": ["mean", "drawn"]}]})
    assert "cannot be drawn" in none
