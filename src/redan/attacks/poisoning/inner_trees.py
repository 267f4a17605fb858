"""The trees of a model, behind the steps of a pipeline where there are some, and rows as the trees read them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.ensemble import Ensemble, ensemble_of
from redan.errors import IncompleteError

if TYPE_CHECKING:
    from redan.models.model import Inputs, Model

Array: TypeAlias = NDArray[Any]


class Within(NamedTuple):
    """What lies behind the steps.

    Args:
        ensemble: the trees.
        x: rows as the trees read them.
        columns: the column that each of theirs was made of; of the table where that can be told.
    """

    ensemble: Ensemble
    x: Array
    columns: tuple[str, ...]


def within(model: "Model | None", inputs: "Inputs", columns: tuple[str, ...]) -> Within:
    """The trees, exactly.

    Args:
        model: whose last step may be a forest or boosting.
        inputs: rows as the model reads them.
        columns: of the table.

    Raises:
        IncompleteError: there are no trees that can be read.
    """
    estimator = getattr(model, "estimator", None)
    if estimator is None:
        raise IncompleteError("the file shows no trees that can be read")
    given = _frame(estimator, inputs)
    steps = getattr(estimator, "steps", None)
    try:
        if isinstance(steps, list) and len(steps) > 1:
            made, names = estimator[:-1].transform(given), _names(estimator[:-1])
            x = _matrix(made)
            return Within(ensemble_of(steps[-1][1], x), x, tuple(_owner(name, columns) for name in names))
        x = _matrix(given)
        return Within(ensemble_of(model, x), x, columns)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise IncompleteError("the rows could not be passed to the trees of the model") from error


def _frame(estimator: Any, inputs: "Inputs") -> Any:  # noqa: ANN401 -- a frame of pandas where names are asked for
    if not isinstance(inputs, Mapping):
        return inputs
    import pandas as pd

    columns = {name: np.asarray(values).reshape(-1) for name, values in inputs.items()}
    return pd.DataFrame(columns)[list(getattr(estimator, "feature_names_in_", columns))]


def _matrix(made: Any) -> Array:  # noqa: ANN401 -- dense, sparse or a frame
    dense = made.toarray() if hasattr(made, "toarray") else made
    return np.asarray(dense, dtype=np.float64)


def _names(steps: Any) -> list[str]:  # noqa: ANN401 -- a pipeline
    try:
        return [str(name) for name in steps.get_feature_names_out()]
    except (AttributeError, ValueError, TypeError):
        return []


def _owner(name: str, columns: tuple[str, ...]) -> str:
    """The longest column of the table whose name is part of that of a made one; levels are not told."""
    able = [column for column in columns if column and column in name]
    return max(able, key=len, default="a made column")
