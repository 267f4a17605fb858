"""What is told of a campaign: broken and holding only for sure, never robust when the attacks failed by themselves."""

import json
from dataclasses import replace

import numpy as np
import pytest

from redan.attacks.campaign.telling import MASKED, ROBUST, shown, tell
from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.failure.signs import Sign, trust
from redan.errors import InputError
from redan.measures.robustness import curve
from redan.terms import Outcome

FINE = trust((Sign(name="a", fired=False, message="Fine."),))
BAD = trust((Sign(name="a", fired=True, message="The gradient is zero."),))


def tried(n, robust, *, clean=None, trusted=FINE, shape=(1, 4, 4), columns=()):
    """A campaign with some robust samples among those that were right."""
    right = n if clean is None else clean
    y = np.arange(n) % 3
    before = np.where(np.arange(n) < right, y, (y + 1) % 3)
    breaker = np.where((np.arange(n) >= robust) & (np.arange(n) < right), np.arange(n) % 2, -1)
    x = np.random.default_rng(0).random((n, *shape)).astype(np.float32)
    x_adv = np.where((breaker >= 0).reshape(-1, *[1] * len(shape)), 1 - x, x)
    return Tried(
        threat="linf:0.1",
        suite="standard",
        attacker="knows the model",
        attacks=("apgd-ce", "square"),
        classes=("cat", "dog", "owl"),
        y=y,
        before=before,
        after=np.where(breaker >= 0, (y + 1) % 3, before),
        breaker=breaker,
        size=np.zeros(n),
        x=x,
        x_adv=x_adv,
        cost=Cost(forward=10, backward=5, seconds=1.5),
        trust=trusted,
        columns=columns,
        curve=curve((0.0, 0.1), before == y, [np.zeros(n, bool), breaker >= 0]) if n else None,
    )


@pytest.mark.parametrize(
    ("n", "robust", "trusted", "outcome", "masked"),
    [
        (200, 180, FINE, Outcome.HOLDS, Outcome.HOLDS),
        (200, 180, BAD, Outcome.NOT_RUN, Outcome.NOT_RUN),
        (200, 20, FINE, Outcome.BROKEN, Outcome.HOLDS),
        (200, 20, BAD, Outcome.BROKEN, Outcome.NOT_RUN),
        (10, 6, FINE, Outcome.NOT_RUN, Outcome.HOLDS),
        (0, 0, FINE, Outcome.NOT_RUN, Outcome.HOLDS),
    ],
    ids=["robust", "robust-not-trusted", "broken", "broken-not-trusted", "too-few", "none"],
)
def test_outcomes(n, robust, trusted, outcome, masked):
    """What was broken stays broken; what survived is only robust when the interval and the checks say so."""
    first, second = tell(tried(n, robust, trusted=trusted), "model.onnx")
    assert (first.check, first.outcome) == (ROBUST, outcome)
    assert (second.check, second.outcome) == (MASKED, masked)
    if masked is Outcome.NOT_RUN:
        assert "The gradient is zero" in second.message


def test_the_bound_is_that_of_the_caller():
    """The same figure is broken against a high bound, and holds against a low one."""
    one = tried(200, 120)
    assert next(iter(tell(one, "m", threshold=0.9))).outcome is Outcome.BROKEN
    assert next(iter(tell(one, "m", threshold=0.1))).outcome is Outcome.HOLDS


def test_findings_carry_accuracy_cost_and_pictures():
    """Both accuracies have value, interval and n; the cost is whole; every picture is JSON, and none is a sample."""
    first, _ = tell(tried(90, 30, clean=80), "m")
    detail = json.loads(json.dumps(first.detail))
    assert detail["clean_accuracy"]["value"] == pytest.approx(80 / 90)
    assert detail["robust_accuracy"]["value"] == pytest.approx(30 / 90)
    assert detail["robust_accuracy"]["n"] == 90
    assert detail["robust_accuracy"]["interval"][0] < 30 / 90 < detail["robust_accuracy"]["interval"][1]
    assert detail["cost"] == {"forward": 10, "backward": 5, "queries": 0, "seconds": 1.5}
    assert detail["first_breaker"] == {"apgd-ce": 25, "square": 25}
    kinds = [picture["kind"] for picture in detail["pictures"]]
    assert kinds == ["shares", "robust-curve", "grid", "shares"]
    assert "seconds" not in next(iter(tell(tried(9, 3), "m", seconds=False))).detail["cost"]


def test_samples_are_shown_only_when_asked_for():
    """Pictures for arrays, changed cells for tables, nothing when nothing was broken or none are wanted."""
    assert shown(tried(30, 10)).to_json()["kind"] == "gallery"
    assert len(shown(tried(30, 10), most=2).shots) == 2
    assert shown(tried(30, 10)).shots[0].words == "dog is taken for owl"
    cells = shown(tried(30, 10, shape=(3,), columns=("a", "b", "c")))
    assert cells.to_json()["kind"] == "cells"
    assert {change.column for change in cells.changes} == {"a", "b", "c"}
    assert shown(tried(30, 30)) is None
    assert shown(tried(30, 10), most=0) is None
    assert shown(tried(30, 10, shape=(3,))) is None


def test_classes_are_called_by_their_names():
    """Places become names in pictures and samples; what the data named stays, and too few names are refused."""
    plain = replace(tried(6, 0), classes=("0", "1", "2"))
    named = plain.called(["cat", "dog", "owl", "never seen"])
    assert named.classes == ("cat", "dog", "owl", "never seen")
    assert any(shot.words == "cat is taken for dog" for shot in shown(named).shots)
    assert '"dog"' in json.dumps([finding.to_json() for finding in tell(named, "m")])
    assert plain.called([]) is plain
    assert tried(6, 0).called(["a", "b", "c"]).classes == ("cat", "dog", "owl")
    with pytest.raises(InputError, match="2 names for 3 classes"):
        plain.called(["cat", "dog"])
