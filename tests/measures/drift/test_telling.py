"""Findings of a comparison: outcome and number agree, pictures have shares, and nothing personal stands in them."""

import numpy as np
import pandas as pd
import pytest

from redan.measures.drift import Settings, shift
from redan.measures.drift.telling import TOLD, tell_features, tell_joint
from redan.terms import Outcome


def made(rows, seed, moved=0.0, columns=2):
    rng = np.random.default_rng(seed)
    found = {f"x{i}": rng.normal(moved, 1, rows) for i in range(columns)}
    return pd.DataFrame({**found, "plan": rng.choice(["basic", "gold"], rows)})


def told(old, new, **more):
    found = shift(old, new, **more)
    return [*tell_features(found, "C/f", "s"), *tell_joint(found, "C/j", "s")]


def test_holds_and_broken_agree_with_their_numbers():
    """Broken findings lie above the threshold and have a remedy; those that hold do not."""
    quiet, moved = told(made(900, 1), made(900, 2)), told(made(900, 1), made(900, 2, moved=1))
    assert [f.outcome for f in quiet] == [Outcome.HOLDS, Outcome.HOLDS]
    assert {f.part: f.outcome for f in moved} == {
        "x0": Outcome.BROKEN,
        "x1": Outcome.BROKEN,
        "joint": Outcome.BROKEN,
    }
    for finding in (*quiet, *moved):
        measure = finding.measure
        assert (measure.value > measure.threshold) == (finding.outcome is Outcome.BROKEN)
        assert measure.interval.low <= measure.value <= measure.interval.high
        assert measure.threshold == 0.1
        assert finding.outcome is Outcome.HOLDS or finding.remedy is not None


def test_pictures_are_shares():
    """Each picture has as many words as shares, and they add up to one on either side; detail is the same every time."""
    finding = told(made(900, 1), made(900, 2, moved=1))[0]
    again = told(made(900, 1), made(900, 2, moved=1))[0]
    assert finding.to_json() == again.to_json()
    picture = finding.detail["pictures"][0]
    assert len(picture["bins"]) == len(picture["reference"]) == len(picture["current"])
    assert 8 <= len(picture["bins"]) <= 14
    for side in ("reference", "current"):
        assert sum(picture[side]) == pytest.approx(1, abs=1e-3)
    assert len(finding.detail["reference"]) == 64  # the digest of the frozen reference
    assert finding.detail["columns"][0]["edges"]


def test_too_few_rows_are_said_to_be():
    """Twenty rows are no verdict, and the finding says what would show; one that does show is told all the same."""
    found = told(made(900, 1), made(20, 2))
    assert {f.outcome for f in found} == {Outcome.NOT_RUN}
    assert "not enough data" in found[0].message
    assert "38%" in found[0].message
    found = told(made(900, 1), made(60, 2, moved=6))
    assert Outcome.BROKEN in {f.outcome for f in found}


def test_gone_columns_are_not_passed_over():
    """A column that is gone is not-run, by name; the others are told."""
    found = told(made(900, 1), made(900, 2).drop(columns="x1"))
    assert [(f.part, f.outcome) for f in found[:2]] == [("gone", Outcome.NOT_RUN), ("", Outcome.HOLDS)]
    assert "x1" in found[0].message


def test_many_moved_columns_are_counted():
    """Beyond thirty, columns are counted instead of listed one by one."""
    found = shift(made(600, 1, columns=40), made(600, 2, moved=1.5, columns=40), jointly=False)
    findings = list(tell_features(found, "C/f", "s"))
    assert len(findings) == TOLD + 1
    assert findings[-1].message.startswith("10 further features")


def test_levels_of_personal_columns_are_not_shown():
    """Levels that are telephone numbers, or of a column declared personal, appear as numbered bins."""
    rng = np.random.default_rng(1)
    lines = [f"+48501{i:06}" for i in range(100_003, 100_011)]
    old = pd.DataFrame(
        {"line": rng.choice(lines, 900), "town": rng.choice(["Ulm", "Bonn"], 900), "x": rng.normal(size=900)}
    )
    new = old.assign(line=lines[0], town="Ulm")
    shown = str([f.to_json() for f in told(old, new, private=["town"])])
    assert "town" in shown
    assert not any(word in shown for word in (*lines, "Ulm", "Bonn"))
    assert "Ulm" in str([f.to_json() for f in told(old, new)])


def test_looks_and_tolerance_are_in_the_message():
    """What was decided by is said."""
    text = told(made(900, 1), made(900, 2), settings=Settings(tolerated=0.2, alarms=0.01, looks=7))[0].message
    assert "20%" in text
    assert "7 looks" in text
    assert "1%" in text
