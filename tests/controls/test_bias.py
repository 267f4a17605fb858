"""A-MLSG-002-D003 on what vectors do not hold: models that are asked, files that are hostile, stances."""

import numpy as np
import pandas as pd
import pytest

from redan.controls.contract import Vector
from redan.terms import Outcome
from redan.testing import answer

GROUPS = "A-MLSG-002-D003/error-rates-are-equal-across-groups"
SLICES = "A-MLSG-002-D003/no-slice-is-an-easy-target"
HEAD = """[system]
name = "s"
stage = "training"
[[dataset]]
name = "test"
role = "test"
path = "test.csv"
label = "y"
sensitive = ["g"]
"""
MODEL = """
[[feature]]
name = "a"
[[feature]]
name = "b"
[[model]]
name = "m"
path = "m.onnx"
validated_on = ["test"]
inputs = ["a", "b"]
"""


def rows(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"g": rng.choice(["u", "v"], n), "a": rng.normal(size=n), "b": rng.normal(size=n)})
    frame["y"] = np.where(frame.a + frame.b > 0, "bad", "good")
    return frame


def asked(tmp_path, check, toml, files):
    vector = Vector(name="v", files={"redan.toml": toml.encode(), **files}, check=check, expect=Outcome.HOLDS, note="n")
    return answer(vector, tmp_path)


def csv(frame):
    return frame.to_csv(index=False).encode()


def onnx_of(frame, label):
    skl2onnx = pytest.importorskip("skl2onnx")
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100).fit(frame[["a", "b"]].to_numpy(), label)
    types = [("x", FloatTensorType([None, 2]))]
    return skl2onnx.to_onnx(model, initial_types=types, target_opset=17).SerializeToString()


def test_a_model_is_asked_where_no_column_holds_its_answers(tmp_path):
    """The declared ONNX model answers: a good one holds, one blind for a corner is broken."""
    frame = rows()
    good = {"test.csv": csv(frame), "m.onnx": onnx_of(frame, frame.y)}
    assert {f.outcome for f in asked(tmp_path / "a", GROUPS, HEAD + MODEL, good)} == {Outcome.HOLDS}
    turned = frame.assign(y=np.where((frame.g == "v") & (frame.y == "bad") & (frame.a > 0), "good", frame.y))
    blind = {"test.csv": csv(frame), "m.onnx": onnx_of(frame, np.where(frame.a < 0.3, frame.y, "good"))}
    found = asked(tmp_path / "b", SLICES, HEAD + MODEL, blind)
    assert {f.outcome for f in found} == {Outcome.BROKEN}
    assert any("a at least" in f.message and "of class bad" in f.message for f in found)
    found = asked(tmp_path / "c", GROUPS, HEAD + MODEL, {"test.csv": csv(turned), "m.onnx": onnx_of(frame, frame.y)})
    assert [f.outcome for f in found] == [Outcome.BROKEN]


@pytest.mark.parametrize(
    "model", [b"not a model", b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", b""], ids=["noise", "pickle", "empty"]
)
def test_models_that_are_not_loaded_leave_no_answer(tmp_path, model):
    """A file that is no safe model is not run, with what to do instead."""
    found = asked(tmp_path, GROUPS, HEAD + MODEL, {"test.csv": csv(rows(100)), "m.onnx": model})
    assert [f.outcome for f in found] == [Outcome.NOT_RUN]
    assert found[0].remedy is not None


def test_test_data_without_answers_is_told(tmp_path):
    """Groups are declared and there is a model, but nobody says what it answers."""
    toml = HEAD + MODEL.replace('validated_on = ["test"]\n', "")
    found = asked(tmp_path, GROUPS, toml, {"test.csv": csv(rows(100)), "m.onnx": b"x"})
    assert [f.outcome for f in found] == [Outcome.NOT_RUN]
    assert "no column holds a model's answers" in found[0].message


def predicted(**more):
    frame = rows(**more)
    wrong = np.random.default_rng(9).random(len(frame)) < 0.1
    return frame.assign(p=np.where(wrong, np.where(frame.y == "bad", "good", "bad"), frame.y))


HOSTILE = {
    "one row": lambda f: f[:1],
    "all labels missing": lambda f: f.assign(y=""),
    "all answers missing": lambda f: f.assign(p=""),
    "one class": lambda f: f.assign(y="bad"),
    "numbers as labels": lambda f: f.assign(y=f.a),
    "foreign answers": lambda f: f.assign(p="maybe"),
    "groups missing": lambda f: f.assign(g=""),
    "one group": lambda f: f.assign(g="u"),
    "a group for each row": lambda f: f.assign(g=[f"p{i}" for i in range(len(f))]),
    "infinite inputs": lambda f: f.assign(a=np.inf, b=-np.inf),
    "no inputs": lambda f: f[["g", "y", "p"]].assign(g="u"),
    "column of groups gone": lambda f: f.drop(columns="g"),
    "column of answers gone": lambda f: f.drop(columns="p"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("check", [GROUPS, SLICES])
def test_hostile_data_comes_to_a_reason(tmp_path, check, name):
    """Whatever the file holds: no traceback, no alarm, and never a pass without groups."""
    toml = HEAD + 'prediction = "p"\n'
    found = asked(tmp_path, check, toml, {"test.csv": csv(HOSTILE[name](predicted(n=600)))})
    assert {f.outcome for f in found} <= {Outcome.NOT_RUN, Outcome.HOLDS}
    assert check == SLICES or name == "infinite inputs" or {f.outcome for f in found} == {Outcome.NOT_RUN}


def test_long_texts_are_not_repeated(tmp_path):
    """Classes and groups of a megabyte are shown by their beginning."""
    frame = predicted(n=600).replace({"bad": "bad" + "x" * 100_000, "u": "u" * 100_000})
    found = asked(tmp_path, GROUPS, HEAD + 'prediction = "p"\n', {"test.csv": csv(frame[:200])})
    assert max(len(str(f.to_json())) for f in found) < 50_000


@pytest.mark.parametrize(
    ("threshold", "outcome"), [("0.0", Outcome.BROKEN), ("0.9", Outcome.HOLDS), ("7.0", Outcome.HOLDS)]
)
def test_threshold_of_the_stance_decides(tmp_path, threshold, outcome):
    """The margin that was agreed replaces ours; beyond 1 it is 1."""
    frame = predicted()
    blind = frame.assign(p=np.where((frame.g == "u") & (np.arange(len(frame)) % 3 == 0), "good", frame.p))
    toml = HEAD + f'prediction = "p"\npositive = "bad"\n[controls."A-MLSG-002-D003"]\nthreshold = {threshold}\n'
    found = asked(tmp_path, GROUPS, toml, {"test.csv": csv(blind)})
    assert [f.outcome for f in found] == [outcome]
