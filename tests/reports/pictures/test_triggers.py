"""The picture of triggers: small PNGs alone are drawn, and what is told is marked."""

import numpy as np

from redan.findings import Finding
from redan.findings.pictures import pictured
from redan.findings.trigger_picture import Triggers, TriggerShot
from redan.measures.robustness.gallery import data_uri
from redan.reports.pictures.shelf import drawn
from redan.terms import Outcome

PNG = data_uri(np.zeros((4, 4, 1), dtype=np.uint8))


def figure(*shots):
    detail = pictured([Triggers(title="t", shots=shots, note="<b>n")])
    (made,) = drawn(Finding(check="C/x", subject="s", outcome=Outcome.BROKEN, message="m", detail=detail))
    return str(made)


def test_triggers_are_drawn_and_escaped():
    """Two pictures without an example, three with one; the one that is told is marked."""
    made = figure(
        TriggerShot(words="<script>", mask=PNG, pattern=PNG),
        TriggerShot(words="b", mask=PNG, pattern=PNG, example=PNG, flagged=True),
    )
    assert made.count("<img") == 5
    assert made.count("✗") == 1
    assert "<script" not in made
    assert "<b>" not in made


def test_what_is_no_small_png_is_not_drawn():
    """Addresses of elsewhere, and nothing at all."""
    assert "cannot be drawn" in figure(TriggerShot(words="a", mask="https://example.org/a.png", pattern=PNG))
    assert "cannot be drawn" in figure()
