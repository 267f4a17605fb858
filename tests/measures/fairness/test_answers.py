"""Labels and answers, however they are encoded."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import IncompleteError, InputError, UsageError
from redan.measures.fairness import answers
from redan.measures.fairness.answers import class_of, level_of, raw_values
from redan.tables import table_of

TRUTH = [0, 1, 1, 0, 1, 0]


def table(label, prediction):
    return table_of(pd.DataFrame({"y": label, "p": prediction}))


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", " 1 ", "1.0", "true", "TRUE"])
def test_every_encoding_of_yes_is_one_class(value):
    """Bools, whole numbers and their texts name the same class."""
    assert class_of(value) == "1"


@pytest.mark.parametrize("value", [None, float("nan"), "", "   "])
def test_what_is_missing_is_no_class(value):
    """Null, NaN and blanks are missing."""
    assert class_of(value) is None


@pytest.mark.parametrize("value", [float("inf"), "01", "1.5", "yes", 10**30])
def test_other_values_stay_apart(value):
    """Codes with leading zeros, fractions, infinities and words stay what they are."""
    assert class_of(value) == str(value)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_classes_are_texts_without_ends(value):
    """Whatever a cell holds, its class is a stripped text or missing, and reading it again changes nothing."""
    name = class_of(value)
    assert name is None or name == name.strip() != ""
    assert class_of(name) == name
    assert level_of(level_of(value)) == level_of(value)


@pytest.mark.parametrize(
    ("label", "prediction"),
    [
        (TRUTH, TRUTH),
        (TRUTH, [float(v) for v in TRUTH]),
        ([bool(v) for v in TRUTH], TRUTH),
        ([str(v) for v in TRUTH], [bool(v) for v in TRUTH]),
        (TRUTH, [0.1 + 0.8 * v for v in TRUTH]),
    ],
)
def test_encodings_of_label_and_answer_may_differ(label, prediction):
    """Ints, floats, bools, texts and scores: every answer is right."""
    found = answers(table(label, prediction), "y", "p")
    counts = found.table.group_counts(["y", "p"])
    assert all(class_of(truth) == found.answer(said) for (truth, said), _ in counts)
    assert (found.classes, found.positive) == (("0", "1"), "1")


def test_rarer_class_matters_when_nobody_says():
    """Of two words, the rarer one; of three, none; a named one always."""
    assert answers(table(["ok", "ok", "bad"], ["ok", "ok", "ok"]), "y", "p").positive == "bad"
    assert answers(table(["a", "b", "c"], ["a", "b", "b"]), "y", "p").positive is None
    assert answers(table(["a", "b", "c"], ["a", "b", "b"]), "y", "p", "c").positive == "c"


def test_scores_of_words_belong_to_the_class_that_matters():
    """A score of 0.5 or more is the positive class; missing scores are no answer."""
    found = answers(table(["ok", "bad", "ok", "ok"], [0.2, 0.5, None, 0.1]), "y", "p", "bad")
    said = [found.answer(v) for v in found.table.frame.select("p").collect()["p"].to_list()]
    assert (found.cut, said) == (0.5, ["ok", "bad", None, "ok"])


def test_raw_values_of_a_class():
    """Every writing of a class in the data."""
    found = answers(table(["1", "1 ", "0", "1"], ["1", "1", "0", "1"]), "y", "p")
    assert raw_values(found, "1") == ("1", "1 ")


@pytest.mark.parametrize(
    ("label", "prediction", "error", "words"),
    [
        (["a", "a"], ["a", "a"], IncompleteError, "one class only"),
        ([None, None], [0, 1], IncompleteError, "no value"),
        (list(range(60)), list(range(60)), IncompleteError, "more than 20"),
        (list(range(200)), list(range(200)), IncompleteError, "more than 20"),
        (["a", "b"], ["c", "d"], InputError, "is a class"),
        (["a", "b"], [None, None], IncompleteError, "no answer"),
        ([0, 1] * 80, np.arange(160.0), InputError, "neither classes nor scores"),
        ([0, 1] * 80, [f"w{i}" for i in range(160)], InputError, "more than 100"),
        ([0, 1, 2] * 2, [0.1, 0.2, 0.3] * 2, InputError, "neither classes nor scores"),
        ([0, 1], [0.5, float("inf")], InputError, "neither classes nor scores"),
    ],
)
def test_what_cannot_be_read_is_said(label, prediction, error, words):
    """Constant, empty, continuous and foreign columns come to a reason."""
    with pytest.raises(error, match=words):
        answers(table(label, prediction), "y", "p")


def test_wrong_columns_are_refused():
    """Unknown columns, one column for both, and a positive class that no row has."""
    data = table(TRUTH, TRUTH)
    with pytest.raises(InputError, match="no column"):
        answers(data, "y", "q")
    with pytest.raises(UsageError, match="same column"):
        answers(data, "y", "y")
    with pytest.raises(UsageError, match="fraud"):
        answers(data, "y", "p", "fraud")
