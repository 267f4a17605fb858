"""Asks a model about rows of a table: each input gets its column, in the type and shape that it reads."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from redan.models import Model, Port


def fed(model: "Model", rows: "pa.Table", names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Columns as a model reads them, by name.

    Args:
        model: what is asked.
        rows: n rows with at least the named columns.
        names: the model's inputs, in the order in which they were described.

    Returns:
        Shape (n,) each: texts for inputs of words, float64 for numbers, NaN where a cell is not a number.

    Raises:
        InputError: the model reads other inputs, or words where it takes one matrix of numbers.
    """
    ports = {port.name: port for port in model.inputs}
    separate = set(names) == ports.keys()
    if not separate and not (len(ports) == 1 and _width(model.inputs[0]) in (None, len(names))):
        raise InputError(
            f"the model reads {len(ports)} inputs that are not those described",
            remedy="list the model's inputs under their own names",
        )
    if separate:
        return {name: _words(rows[name]) if _is_word(ports[name]) else numbers(rows[name]) for name in names}
    return {name: numbers(rows[name]) for name in names}


def answers(model: "Model", columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """What a model answers.

    Args:
        model: what is asked.
        columns: as `fed` returns them, some perhaps changed.

    Returns:
        Shape (n, c): a column per class, or one column of values.

    Raises:
        InputError: the columns do not fit, or the answers are no numbers.
    """
    ports = model.inputs
    if {port.name for port in ports} == columns.keys():
        shaped = {p.name: columns[p.name].reshape(-1, *(1,) * (len(p.shape) - 1)) for p in ports}
        found = model.predict(shaped)
    else:
        kind = ports[0].dtype or "float64"
        found = model.predict(np.column_stack(list(columns.values())).astype(kind))
    try:
        values = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("the model's answers are no numbers", remedy="export the probabilities, too") from error
    rows = len(next(iter(columns.values())))
    return values.reshape(rows, -1) if values.size else np.zeros((rows, 0))


def numbers(cells: "pa.ChunkedArray") -> NDArray[np.float64]:
    """Cells as numbers, NaN where missing or not one; times count microseconds."""
    import pyarrow as pa

    if pa.types.is_dictionary(cells.type):
        return numbers(cells.cast(cells.type.value_type))
    if pa.types.is_temporal(cells.type):
        micros = cells.cast(pa.timestamp("us")) if not pa.types.is_time(cells.type) else cells
        return np.asarray(micros.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type) or pa.types.is_nested(cells.type):
        return np.array([_number(cell) for cell in cells.to_pylist()], dtype=np.float64)
    return np.asarray(cells.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _number(cell: object) -> float:
    try:
        return float(cell.strip()) if isinstance(cell, str) else np.nan
    except ValueError:
        return np.nan


def _words(cells: "pa.ChunkedArray") -> NDArray[np.object_]:
    return np.array(["" if cell is None else str(cell) for cell in cells.to_pylist()], dtype=object)


def _is_word(port: "Port") -> bool:
    return port.dtype in ("object", "")  # an estimator that knows its columns by name takes both; words stay words


def _width(port: "Port") -> int | None:
    return port.shape[1] if len(port.shape) == 2 else None  # noqa: PLR2004 -- rows and columns
