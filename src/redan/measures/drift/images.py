"""Arrays as tables: the columns of a matrix, or of pictures their brightness, contrast, colours and patches."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.tables import Table, table_of

GRID = 8  # patches along each side of a picture
_PICTURE, _COLOURED = 3, 4  # axes, the first of which counts the items
_MOST_CHANNELS = 4
MOST_VALUES = 1 << 28  # 2 GB of doubles


def is_array(data: object) -> bool:
    """Whether something is an array or a tensor of several axes, rather than a table."""
    return isinstance(data, np.ndarray) or (hasattr(data, "__array__") and hasattr(data, "ndim") and not _framed(data))


def table_of_arrays(data: Any) -> Table:  # noqa: ANN401 - an array or a tensor
    """A table with one row per item.

    A matrix gives its columns `x0`, `x1` ...; pictures give `brightness`, `contrast`, the mean of each channel, and the
    mean of each patch of an 8 x 8 grid, so that a change of light, of colour or of one corner each shows somewhere.

    Args:
        data: shape (n, d), (n, height, width), (n, height, width, channels) or (n, channels, height, width), numbers.

    Raises:
        InputError: it has other axes, holds no numbers, or is too large.
    """
    values = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    if values.dtype.kind not in "biuf" or not 1 <= values.ndim <= _COLOURED or values.size > MOST_VALUES:
        advice = "give numbers of shape (n, d), (n, height, width) or (n, height, width, channels), 2 GB at most"
        raise InputError(f"an array of {values.dtype} and {values.ndim} axes cannot be compared", remedy=advice)
    if values.ndim < _PICTURE:
        matrix = values.reshape(len(values), math.prod(values.shape[1:]))
        return _table({f"x{i}": matrix[:, i] for i in range(matrix.shape[1])})
    return _table(_seen(values))


def _seen(values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    pictures = values.astype(np.float32, copy=False)
    columns = {}
    if values.ndim == _COLOURED:
        axis = 1 if values.shape[1] <= _MOST_CHANNELS < values.shape[3] else 3
        for i in range(values.shape[axis]):
            columns[f"channel {i}"] = np.take(pictures, i, axis=axis).mean(axis=(1, 2))
        pictures = pictures.mean(axis=axis)
    rows = [part for part in np.array_split(np.arange(pictures.shape[1]), GRID) if len(part)]
    across = [part for part in np.array_split(np.arange(pictures.shape[2]), GRID) if len(part)]
    found = {"brightness": pictures.mean(axis=(1, 2)), "contrast": pictures.std(axis=(1, 2)), **columns}
    for i, down in enumerate(rows):
        for j, right in enumerate(across):
            patch = pictures[:, down[0] : down[-1] + 1, right[0] : right[-1] + 1]
            found[f"patch {i},{j}"] = patch.mean(axis=(1, 2))
    return found


def _table(columns: dict[str, NDArray[Any]]) -> Table:
    import pyarrow as pa

    return table_of(
        pa.table(
            {
                name: np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
                for name, values in columns.items()
            }
        )
    )


def _framed(data: object) -> bool:
    return any(hasattr(data, name) for name in ("columns", "__arrow_c_stream__", "to_frame"))
