"""Answers of a model that is asked: the same as the library that trained it gives."""

import numpy as np
import pandas as pd
import pytest

from redan.errors import IncompleteError, InputError
from redan.measures.fairness.asked import ANSWER, asked
from redan.models import OnnxModel, SklearnModel
from redan.tables import table_of

sklearn = pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300), "plan": rng.choice(["x", "y"], 300)})
    frame["y"] = np.where(frame.a + (frame.plan == "x") > 0.3, "yes", "no")
    return frame


def fitted(rows, inputs, label):
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    words = [c for c in inputs if c == "plan"]
    encode = make_column_transformer((OneHotEncoder(), words), remainder="passthrough")
    return make_pipeline(encode, LogisticRegression()).fit(rows[inputs], label)


def exported(model, types, **options):
    skl2onnx = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    made = skl2onnx.to_onnx(model, initial_types=types, target_opset=17, **options)
    return OnnxModel(runtime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]))


def named_types():
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    return [
        ("a", FloatTensorType([None, 1])),
        ("plan", StringTensorType([None, 1])),
        ("b", FloatTensorType([None, 1])),
    ]


def said(model, frame, inputs=()):
    return asked(model, table_of(frame), inputs, "y", ["plan"], seed=0).sample(1000, 0).to_pandas()


@pytest.mark.parametrize("counted", [False, True])
def test_an_exported_model_answers_as_before(rows, counted):
    """One input per column, labels in words or as numbers of the classes."""
    label = (rows.y == "yes").astype(int) if counted else rows.y
    model = fitted(rows, ["a", "plan", "b"], label)
    found = said(exported(model, named_types()), rows)
    expected = pd.Series(model.predict(rows[["a", "plan", "b"]]))
    words = expected.map({0: "no", 1: "yes"}) if counted else expected
    pairs = pd.crosstab(found.y, found[ANSWER])
    assert pairs.equals(pd.crosstab(rows.y, words).rename_axis(columns=ANSWER))


def test_one_table_of_numbers(rows):
    """A model with one input takes the columns in the order of its inputs."""
    from skl2onnx.common.data_types import FloatTensorType

    model = fitted(rows, ["b", "a"], rows.y)
    found = said(exported(model, [("x", FloatTensorType([None, 2]))]), rows, ["b", "a"])
    assert (found[ANSWER] == "yes").sum() == (model.predict(rows[["b", "a"]]) == "yes").sum()


def test_an_estimator_is_asked_for_probabilities(rows):
    """A model of scikit-learn answers with the class of the highest probability."""
    model = fitted(rows, ["a", "plan"], rows.y)
    found = said(SklearnModel(model), rows, ["a", "plan"])
    assert (found[ANSWER] == "yes").sum() == (model.predict(rows[["a", "plan"]]) == "yes").sum()


def test_rows_with_gaps_in_numbers_are_left_out(rows):
    """Nobody knows how the model's preparation fills them."""
    model = exported(fitted(rows, ["a", "plan", "b"], rows.y), named_types())
    assert len(said(model, rows.assign(a=rows.a.where(rows.index % 3 > 0)))) == 200
    with pytest.raises(IncompleteError, match="no row"):
        said(model, rows.assign(a=np.nan))


def test_foreign_inputs_and_answers_are_said(rows):
    """Inputs that are no columns, and classes that the data does not have."""
    model = exported(fitted(rows, ["a", "plan", "b"], rows.y), named_types())
    with pytest.raises(InputError, match="no columns"):
        said(model, rows.drop(columns="b"))
    other = exported(fitted(rows, ["a", "plan", "b"], rows.y + "!"), named_types())
    with pytest.raises(IncompleteError, match="no classes"):
        said(other, rows)
