"""Trains an estimator of scikit-learn again, on other rows, as attackers on a property do."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.properties import Answering, Array, Train
from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.models.model import Model, SklearnModel


def retrained(model: Model, columns: Mapping[str, NDArray[Any]], label: Array, *, label_only: bool = False) -> Train:
    """What trains a copy of a model's recipe on some of the rows.

    Args:
        model: whose recipe it is.
        columns: as `redan.measures.answers.fed` gives them, n rows.
        label: shape (n,).
        label_only: whether answers are shown as the likeliest class alone.

    Raises:
        IncompleteError: the model cannot be trained again from its file.
        MissingExtraError: scikit-learn is not installed.
    """
    if not isinstance(model, SklearnModel) or not hasattr(model.estimator, "get_params"):
        raise IncompleteError(
            "the model cannot be trained again from its file", remedy="give an estimator of scikit-learn as skops"
        )
    try:
        from sklearn.base import clone
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    estimator, named = model.estimator, bool(model.inputs[0].name)
    classes = np.unique(label) if hasattr(estimator, "predict_proba") else None

    def train(rows: NDArray[np.int64], seed: int) -> Answering:
        made = clone(estimator)
        seeds = [name for name in made.get_params() if name.rpartition("__")[2] == "random_state"]
        made.set_params(**dict.fromkeys(seeds, seed))
        try:
            made.fit(_table(columns, rows, named=named), label[rows])
        except (TypeError, ValueError) as error:
            raise InputError("the model's recipe does not take these rows", remedy="train on rows alike") from error
        return lambda asked: _answers(made, _table(columns, asked, named=named), classes, label_only=label_only)

    return train


def _table(columns: Mapping[str, NDArray[Any]], rows: NDArray[np.int64], *, named: bool) -> Any:  # noqa: ANN401
    """Some rows as the estimator was fitted: a frame of pandas where it knows names, else an array."""
    chosen = {name: values[rows] for name, values in columns.items()}
    if not named:
        return np.column_stack(list(chosen.values()))
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("sklearn", "pandas") from error
    return pd.DataFrame(chosen)


def _answers(made: Any, table: Any, classes: Array | None, *, label_only: bool) -> NDArray[np.float64]:  # noqa: ANN401
    """Shares of all classes, those that these rows lacked included; one column of values without classes."""
    if classes is None:
        return np.asarray(made.predict(table), dtype=np.float64).reshape(len(table), -1)
    told = np.zeros((len(table), len(classes)))
    told[:, np.searchsorted(classes, made.classes_)] = made.predict_proba(table)
    return np.asarray(np.eye(len(classes))[told.argmax(axis=1)], dtype=np.float64) if label_only else told
