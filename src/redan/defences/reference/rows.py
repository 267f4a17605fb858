"""Rows of a file as a model is fed with them, in exactly its types, with their labels."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.files import open_regular

if TYPE_CHECKING:
    import pyarrow as pa

    from redan.models import OnnxModel, Port
    from redan.tables import Table

LIMIT: Final = 200_000
_MATRIX: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a file.

    Args:
        feed: one array for each input of the model, in its type; texts as objects of `str`.
        columns: of the input that has columns, in order; made up for arrays.
        labels: shape (n,), as texts; empty texts where they are missing.
        dropped: rows with a number that is missing or not finite.
    """

    feed: Mapping[str, NDArray[Any]]
    columns: tuple[str, ...]
    labels: NDArray[np.str_]
    dropped: int

    def __len__(self) -> int:
        """How many."""
        return len(self.labels)

    def at(self, places: NDArray[Any]) -> "Rows":
        """Some of the rows."""
        return replace(self, feed={k: v[places] for k, v in self.feed.items()}, labels=self.labels[places])


def read_rows(
    path: Path, model: "OnnxModel", label: str | None, columns: Sequence[str] | None, *, seed: int, limit: int = LIMIT
) -> Rows:
    """Rows of a table, or of the arrays x and y of an `.npz`.

    Args:
        path: the file.
        model: that is fed.
        label: column of true answers; None for arrays.
        columns: of the table, in the order in which the model reads them as one matrix; None for all but the label.
        seed: of the sample, where there are more rows than `limit`.
        limit: rows at most.

    Raises:
        InputError: the file cannot be read, or does not fit the model.
    """
    if path.suffix.lower() == ".npz":
        return _finite(model, *_arrays(path, model))
    from redan.tables import open_table

    table = open_table(path)
    names = _names(model, table, label, columns)
    read = table.select([*names, *([label] if label is not None else [])]).sample(limit, seed)
    labels = np.array(_texts(read[label]) if label is not None else [""] * read.num_rows, dtype=np.str_)
    return _finite(model, _fed(model, read, names), tuple(names), labels)


def _names(model: "OnnxModel", table: "Table", label: str | None, columns: Sequence[str] | None) -> list[str]:
    if label is not None and label not in table.columns:
        raise InputError(f"there is no column {label!r}", where=table.place, remedy="name the label's column")
    ports = [port.name for port in model.inputs]
    if label is not None and label in (columns or ports):
        raise InputError(f"the model reads {label!r}, the label", where=table.place, remedy="name the label's column")
    if columns is None and set(ports) <= set(table.columns):
        return ports
    names = [name for name in table.columns if name != label] if columns is None else [*columns]
    if len(ports) == 1:
        width = model.inputs[0].shape[1] if len(model.inputs[0].shape) == _MATRIX else None
        if width is not None and width != len(names):
            raise InputError(
                f"the model reads {width:,} columns, and there are {len(names):,}",
                where=table.place,
                remedy="name them in order: --column",
            )
    return names


def _fed(model: "OnnxModel", rows: "pa.Table", names: Sequence[str]) -> dict[str, NDArray[Any]]:
    from redan.measures.answers import fed

    found, ports = fed(model, rows, names), model.inputs
    if {port.name for port in ports} == found.keys():
        return {port.name: _cast(found[port.name].reshape(-1, *(1,) * (len(port.shape) - 1)), port) for port in ports}
    return {ports[0].name: _cast(np.column_stack(list(found.values())), ports[0])}


def _cast(values: NDArray[Any], port: "Port") -> NDArray[Any]:
    if values.dtype == object or port.dtype == "object":
        return values.astype(object)
    real = np.dtype(port.dtype or "float64").kind == "f"
    if not real and not np.isfinite(values).all():
        return values  # rows that are dropped, as whole numbers cannot say so
    return values.astype(port.dtype or None)


def _arrays(path: Path, model: "OnnxModel") -> tuple[dict[str, NDArray[Any]], tuple[str, ...], NDArray[np.str_]]:
    from redan.measures.drift.array_file import read_member

    found = []
    for name in ("x", "y"):
        with os.fdopen(open_regular(path), "rb") as file:
            try:
                found.append(read_member(file, name))
            except InputError as error:
                raise InputError(error.what, where=str(path), remedy=error.remedy) from error
    x, y = found
    ports = model.inputs
    fits = len(ports) == 1 and x.ndim == len(ports[0].shape) and y.shape == x.shape[:1]
    if not fits or any(n not in {None, m} for n, m in zip(ports[0].shape, x.shape, strict=True)):
        raise InputError(f"x of shape {x.shape} and y of shape {y.shape} do not fit the model", where=str(path))
    width = int(np.prod(x.shape[1:]))
    whole = y.dtype.kind == "f" and bool((y == np.round(y)).all())
    labels = (y.astype(np.int64) if whole else y).astype(np.str_)
    return {ports[0].name: _cast(x, ports[0])}, tuple(f"{ports[0].name}[{i}]" for i in range(width)), labels


def _finite(
    model: "OnnxModel", feed: dict[str, NDArray[Any]], columns: tuple[str, ...], labels: NDArray[np.str_]
) -> Rows:
    kept = np.ones(len(labels), dtype=bool)
    for values in feed.values():
        if values.dtype != object:
            kept &= np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    ports = {port.name: port for port in model.inputs}
    whole = {name: _cast(values[kept], ports[name]) for name, values in feed.items()}
    return Rows(feed=whole, columns=columns, labels=labels[kept], dropped=int((~kept).sum()))


def _texts(cells: "pa.ChunkedArray") -> list[str]:
    from redan.measures.drift.counting import as_text

    return [as_text(cell) or "" for cell in cells.to_pylist()]
