"""Asks a model about the rows of a table, where nobody has written its answers into a column."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError
from redan.measures.fairness.answers import class_of
from redan.models import Model, OnnxModel, Port
from redan.tables import Table, table_of
from redan.tables.table import Value

if TYPE_CHECKING:
    import pyarrow as pa

ANSWER = "answer of the model"
MOST_ROWS = 100_000
_TEXT = ("object",)


def asked(model: Model, table: Table, inputs: Sequence[str], label: str, keep: Sequence[str], *, seed: int) -> Table:
    """Some columns of a table with the model's answers beside them.

    Classes are taken from an output of labels where the model has one; otherwise the most probable one counts, the
    classes of the label in order standing for the columns of its probabilities.

    Args:
        model: takes one array per input, or one table of numbers.
        table: of at most 100,000 rows; of a larger one, a sample.
        inputs: columns in the order in which the model reads them; empty when its inputs are named like columns.
        label: column of the truth.
        keep: further columns of the answer.
        seed: of the sample.

    Returns:
        A table in memory with the columns `keep`, the label and `ANSWER`.

    Raises:
        InputError: the model's inputs are no columns of the table, or do not fit it.
        IncompleteError: its answers cannot be matched with the classes of the label, or no row is complete.
    """
    ports = model.inputs
    named = [port.name for port in ports] if len(ports) > 1 or ports[0].name in table.columns else list(inputs)
    missing = [name for name in named if name not in table.columns]
    if missing or not named:
        raise InputError(
            "the model's inputs are no columns of the data", remedy="write the model's answers into a column"
        )
    import pyarrow as pa

    drawn = table.select([*dict.fromkeys([*named, *keep, label])]).sample(MOST_ROWS, seed)
    kinds = [ports[0].dtype] * len(named) if _is_one_table(ports, named) else [_port(ports, n).dtype for n in named]
    columns = [_array(drawn[name], kind) for name, kind in zip(named, kinds, strict=True)]
    # How the model's own preparation fills gaps is not known, so rows with a missing number are left out.
    whole = np.ones(drawn.num_rows, dtype=np.bool_)
    for column in columns:
        whole &= np.ones_like(whole) if column.dtype == object else np.isfinite(column)
    if not whole.any():
        raise IncompleteError("no row has a number in every input of numbers")
    rows = drawn.filter(whole)
    filled = [
        c[whole] if c.dtype == object else c[whole].astype(kind or np.float64)
        for c, kind in zip(columns, kinds, strict=True)
    ]
    given = _given(ports, named, filled)
    said = _said(model, given, [name for v in rows[label].to_pylist() if (name := class_of(v)) is not None])
    kept = rows.select([*dict.fromkeys([*keep, label])])
    return table_of(kept.append_column(ANSWER, pa.array(said)))


def _is_one_table(ports: Sequence[Port], named: Sequence[str]) -> bool:
    return len(ports) == 1 and ports[0].name not in named


def _port(ports: Sequence[Port], name: str) -> Port:
    return next(port for port in ports if port.name == name)


def _given(
    ports: Sequence[Port], named: Sequence[str], columns: Sequence[NDArray[Any]]
) -> "Mapping[str, Any] | NDArray[Any]":
    if _is_one_table(ports, named):
        return np.column_stack(columns)
    flat = {port.name for port in ports if len(port.shape) == 1}
    return {name: c if name in flat else c.reshape(-1, 1) for name, c in zip(named, columns, strict=True)}


def _array(cells: "pa.ChunkedArray", dtype: str) -> NDArray[Any]:
    """One column as texts, or as numbers with NaN where there is none; as it comes where the model does not say."""
    import pyarrow as pa

    if dtype in _TEXT or (not dtype and pa.types.is_string(cells.type)):
        return np.array(["" if v is None else str(v) for v in cells.to_pylist()], dtype=object)
    return np.array([_number(v) for v in cells.to_pylist()], dtype=np.float64)


def _number(value: Value) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _said(model: Model, given: "Mapping[str, Any] | NDArray[Any]", labels: Sequence[str]) -> list[str]:
    classes = sorted({name for name in map(class_of, labels) if name is not None})
    found = _labels(model, given)
    if found is None:
        scores = np.asarray(model.predict(given))
        if scores.ndim == 2 and scores.shape[1] == len(classes):  # noqa: PLR2004 -- rows and classes
            return [classes[i] for i in scores.argmax(axis=1)]
        found = scores.reshape(-1)
    said = [class_of(v) or "" for v in found.tolist()]
    if set(said) <= set(classes):
        return said
    if set(said) <= {str(i) for i in range(len(classes))}:  # the model counts the classes that the data names
        return [classes[int(v)] for v in said]
    raise IncompleteError(
        "the model's answers are no classes of the label", remedy="write the model's answers into a column"
    )


def _labels(model: Model, given: "Mapping[str, Any] | NDArray[Any]") -> NDArray[Any] | None:
    """The output of labels of an exported classifier: whole numbers or words, one per row."""
    if not isinstance(model, OnnxModel):
        return None
    ports = [p for p in model.outputs if p.dtype in ("int64", "int32", "object") and len(p.shape) == 1]
    return model.output(given, ports[0].name) if ports else None
