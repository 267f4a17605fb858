"""Recipes that are trained again: named columns, lacking classes, numbers, labels alone."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from redan.attacks.inference.properties_training import retrained
from redan.errors import IncompleteError
from redan.models.model import model_of

_RNG = np.random.default_rng(0)
_COLUMNS = {"age": _RNG.normal(size=90), "plan": _RNG.choice(["a", "b", "c"], 90).astype(object)}
_LABEL = np.array(["x", "y", "z"])[np.arange(90) % 3]


def test_a_pipeline_of_named_columns_is_trained_again() -> None:
    """Words and numbers go where the pipeline expects them; the seed reaches its last step."""
    encode = ColumnTransformer([("plan", OneHotEncoder(handle_unknown="ignore"), ["plan"])], remainder="passthrough")
    fitted = make_pipeline(encode, RandomForestClassifier(5)).fit(pd.DataFrame(_COLUMNS), _LABEL)
    train = retrained(model_of(fitted), _COLUMNS, _LABEL)
    rows = np.arange(60)
    one, same, other = (train(rows, seed)(np.arange(60, 90)) for seed in (1, 1, 2))
    assert one.shape == (30, 3)
    assert (one == same).all()
    assert (one != other).any()


def test_a_class_that_the_rows_lack_keeps_its_place() -> None:
    """Answers have all classes of the label, in their order."""
    x = {"a": _COLUMNS["age"], "b": _COLUMNS["age"] ** 2}
    fitted = LogisticRegression().fit(np.column_stack([*x.values()]), _LABEL)
    told = retrained(model_of(fitted), x, _LABEL)(np.flatnonzero(_LABEL != "y"), 0)(np.arange(10))
    assert told.shape == (10, 3)
    assert (told[:, 1] == 0).all()
    alone = retrained(model_of(fitted), x, _LABEL, label_only=True)(np.arange(90), 0)(np.arange(10))
    assert set(alone.ravel()) <= {0.0, 1.0}


def test_numbers_are_answered_as_one_column() -> None:
    """A regression has no classes."""
    x = {"a": _COLUMNS["age"]}
    fitted = LinearRegression().fit(x["a"][:, None], x["a"])
    assert retrained(model_of(fitted), x, x["a"] * 2)(np.arange(50), 0)(np.arange(4)).shape == (4, 1)


def test_what_cannot_be_trained_again_is_refused() -> None:
    """Something that only predicts has no recipe."""

    class Fixed:
        n_features_in_ = 1

        def predict(self, x: np.ndarray) -> np.ndarray:
            return np.zeros(len(x))

    with pytest.raises(IncompleteError, match="trained again"):
        retrained(model_of(Fixed()), {"a": _COLUMNS["age"]}, _LABEL)
