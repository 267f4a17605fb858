"""AIPS-FBK-01 on what vectors do not hold: files that are hostile, data from which nothing can be told, privacy."""

import numpy as np
import pandas as pd
import pytest

from redan.controls.contract import Vector
from redan.errors import InputError
from redan.terms import Outcome
from redan.testing import answer

CAPPED, VETTED, FEW = (
    f"AIPS-FBK-01/{name}"
    for name in ("feedback-is-authenticated-and-capped", "feedback-is-vetted", "few-voices-cannot-move-the-model")
)
TOML = """[system]
name = "s"
stage = "operation"
[[dataset]]
name = "train"
role = "train"
path = "train.csv"
{label}
[[feedback]]
name = "f"
into = "train"
authenticated = true
capped = true
vetted = true
path = "said.csv"
contributor = "who"
reviewer = "by"
{more}
"""


def asked(tmp_path, check, said, *, train=None, label='label = "y"', more="cap = 3"):
    frame = pd.DataFrame({"a": np.arange(30.0), "y": ["k", "l"] * 15}) if train is None else train
    files = {
        "redan.toml": TOML.format(label=label, more=more).encode(),
        "train.csv": frame.to_csv(index=False).encode(),
        "said.csv": said if isinstance(said, bytes) else said.to_csv(index=False).encode(),
    }
    return answer(Vector(name="v", files=files, check=check, expect=Outcome.HOLDS, note="n"), tmp_path)


def said(**columns):
    return pd.DataFrame({"who": ["ann", "bob", "cy"], "by": ["dan"] * 3} | columns)


@pytest.mark.parametrize(
    ("frame", "check", "outcome"),
    [
        (said(), CAPPED, Outcome.HOLDS),
        (said(who=[7, 7, 8]), CAPPED, Outcome.HOLDS),
        (said(who=["", "x", None]), CAPPED, Outcome.BROKEN),
        (said(who=["ann", "Ann", " ANN "]).loc[[0, 1, 2, 0]], CAPPED, Outcome.BROKEN),
        (said().drop(columns="who"), CAPPED, Outcome.NOT_RUN),
        (said(), VETTED, Outcome.HOLDS),
        (said(by=["dan", None, "dan"]), VETTED, Outcome.BROKEN),
        (said(by=["ann", "dan", "dan"]), VETTED, Outcome.BROKEN),
        (said().drop(columns="by"), VETTED, Outcome.NOT_RUN),
        (said().drop(columns="who"), VETTED, Outcome.NOT_RUN),
    ],
)
def test_files_come_to_their_outcome(tmp_path, frame, check, outcome):
    """Numbers as names, blanks, capitals, missing columns, reviews by nobody and by oneself."""
    found = asked(tmp_path, check, frame)
    worst = [o for o in (Outcome.BROKEN, Outcome.NOT_RUN, Outcome.HOLDS) if o in {f.outcome for f in found}]
    assert worst[0] is outcome


def test_a_cap_without_a_number_cannot_be_measured(tmp_path):
    """Declared as capped, with a file, but at what nobody says."""
    outcomes = {f.part: f.outcome for f in asked(tmp_path, CAPPED, said(), more="")}
    assert outcomes == {"authors": Outcome.HOLDS, "cap": Outcome.NOT_RUN}


def test_a_file_that_is_no_table_is_refused(tmp_path):
    """The declared file cannot be read: the run says so and where."""
    with pytest.raises(InputError):
        asked(tmp_path, CAPPED, b"\x00\xff\x00")


@pytest.mark.parametrize(
    ("train", "label"),
    [
        (None, 'label = "y"'),
        (None, ""),
        (None, 'label = "z"'),
        (pd.DataFrame({"y": ["k", "l"] * 200}), 'label = "y"'),
        (pd.DataFrame({"a": range(400), "y": np.arange(400) / 7}), 'label = "y"'),
        (pd.DataFrame({"a": [1.5] * 400, "y": ["k"] * 400}), 'label = "y"'),
    ],
)
def test_data_that_nothing_can_be_learned_from_gives_no_answer(tmp_path, train, label):
    """Few rows, no label, a label that is no column, no input, numbers as labels, one class."""
    found = asked(tmp_path, FEW, said(), train=train, label=label)
    assert [f.outcome for f in found] == [Outcome.NOT_RUN]


def test_names_of_people_are_not_shown(tmp_path):
    """Findings name contributors by digest only."""
    found = asked(tmp_path, CAPPED, said(who=["carol.jones@example.org"] * 3), more="cap = 1")
    shown = "".join(str(f.to_json()) for f in found)
    assert Outcome.BROKEN in {f.outcome for f in found}
    assert "carol" not in shown
    assert "contributor " in shown
