"""Programs and learning curves as figures, and what is no such picture."""

import base64

import numpy as np
import pytest

from redan.findings.attack_pictures import Band
from redan.findings.program_picture import LearningCurve, ProgrammedInput, Programs
from redan.measures.robustness.gallery import data_uri
from redan.reports.pictures.fields import Fields, MalformedError
from redan.reports.pictures.program import learning_curve, programs
from redan.stats.interval import Interval

IMAGE = data_uri(np.zeros((4, 4, 1), np.uint8))


def test_a_program_is_drawn_with_its_words_escaped():
    """One image each, and words of a hostile task are text."""
    made = Programs(title="t", frames=(ProgrammedInput(words="<b>7</b>", image=IMAGE),), note="n")
    drawn = str(programs(Fields.of(made.to_json())))
    assert drawn.count("<img") == 1
    assert "<b>" not in drawn


def test_a_curve_has_a_line_for_each_attempt_and_names_its_levels():
    """Gaps are left out; chance and the agreed accuracy are told."""
    lines = (
        Band(name="queries", values=(0.1, None, 0.5), intervals=(Interval(0.0, 0.2), None, Interval(0.4, 0.6))),
        Band(name="label", values=(None, 0.2, 0.3)),
    )
    made = LearningCurve(
        title="t", unit="questions", counts=(10, 20, 30), lines=lines, threshold=0.28, levels=(("chance", 0.1),)
    )
    drawn = str(learning_curve(Fields.of(made.to_json())))
    assert drawn.count("<polyline") == 2
    assert "chance 10.0%" in drawn
    assert "agreed: below 28.0%" in drawn


@pytest.mark.parametrize(
    "change",
    [{"counts": [3, 2, 1]}, {"counts": []}, {"lines": [{"name": "a", "values": [1.0], "intervals": []}]}],
)
def test_a_malformed_curve_is_refused(change):
    """Counts that do not rise, none, or a line of another length."""
    made = LearningCurve(title="t", unit="questions", counts=(1, 2, 3), lines=(Band(name="a", values=(0, 0, 0)),))
    with pytest.raises(MalformedError):
        learning_curve(Fields.of(made.to_json() | change))


@pytest.mark.parametrize("image", ["https://example.org/x.png", "data:image/svg+xml;base64,AAAA", IMAGE + "<"])
def test_only_small_png_are_drawn(image):
    """Nothing from the network, and nothing that runs."""
    assert base64.b64decode(IMAGE.partition(",")[2])[1:4] == b"PNG"
    made = Programs(title="t", frames=(ProgrammedInput(words="w", image=image),))
    with pytest.raises(MalformedError):
        programs(Fields.of(made.to_json()))
