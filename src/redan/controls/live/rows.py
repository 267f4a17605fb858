"""Rows that an endpoint's model is asked about, as its one input takes them, with their labels."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.dataset_file import ARRAYS, DatasetFile
from redan.errors import IncompleteError, InputError
from redan.system.records import Dataset, Model

Array: TypeAlias = NDArray[Any]
MOST = 20_000


class Rows(NamedTuple):
    """Rows of a dataset.

    Args:
        x: shape (n, columns), float32.
        y: labels, shape (n,); None where the data has none.
        columns: names of the columns; empty for arrays.
    """

    x: Array
    y: Array | None
    columns: tuple[str, ...] = ()


def rows_of(file: DatasetFile, data: Dataset, model: Model) -> Rows:
    """The rows of a dataset, in its order.

    Raises:
        IncompleteError: the model's inputs are no single array of numbers.
        InputError: the data cannot be read.
    """
    if file.path.suffix.lower() in ARRAYS:
        from redan.attacks.campaign.inputs import read_arrays

        read = read_arrays(file.path, MOST, 0)
        return Rows(read.x.reshape(len(read.x), -1), read.y)
    return _of_table(file, data, model)


def _of_table(file: DatasetFile, data: Dataset, model: Model) -> Rows:
    from redan.measures.answers import numbers

    rows = file.table().sample(MOST, 0)
    if data.time is not None and data.time in rows.column_names:
        rows = rows.sort_by(data.time)
    apart = {data.label, data.prediction, data.time, data.contributor, data.signature}
    apart |= {*data.identifiers, *data.pseudonyms}
    names = model.inputs or tuple(name for name in rows.column_names if name not in apart)
    missing = [name for name in names if name not in rows.column_names]
    if missing:
        raise InputError(f"dataset {data.name} has no column {missing[0]!r}", remedy="name columns that are there")
    x = np.column_stack([numbers(rows[name]) for name in names]).astype(np.float32)
    whole = np.isfinite(x).all(axis=1)
    if not whole.any():
        raise IncompleteError("the model's inputs are not all numbers, and no array of them can be made")
    y = None if data.label is None or data.label not in rows.column_names else np.array(rows[data.label].to_pylist())
    return Rows(x[whole], None if y is None else y[whole], tuple(names))
