"""One feature of a reference and of now, as counts over bins of the reference."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError, UsageError
from redan.measures.drift.bins import QUANTILES, Bins, Counts, counted, edges_of
from redan.measures.drift.counting import count
from redan.measures.drift.frozen import freeze
from redan.tables import table_of

_LEVELS = 1_000


def pair_of(reference: object, current: object, column: str | None, seed: int) -> tuple[Bins, Counts, Counts]:
    """Bins of the reference and both counts.

    Args:
        reference: values of one feature, shape (n,), or a table together with `column`.
        current: likewise.
        column: of both tables.
        seed: of bounded samples.

    Raises:
        InputError: there is no such column, or an array has more than one axis.
    """
    if column is None:
        left, right = values_of(reference), values_of(current)
        bins = bins_of(left)
        return bins, counted(left, bins), counted(right, bins)
    old, new = table_of(reference), table_of(current)
    new.dtype(column)
    frozen = freeze(old, [column], seed=seed)
    if not frozen.bins:
        raise InputError(f"column {column!r} cannot be compared: {frozen.skipped[column]}")
    return frozen.bins[0], frozen.counts[column], count(new, frozen.bins, seed)[column]


def values_of(values: Any) -> NDArray[Any]:  # noqa: ANN401 - whatever NumPy understands
    """One feature as an array with one axis.

    Raises:
        InputError: it has more than one.
        UsageError: it is a table, and no column was named.
    """
    if not isinstance(values, list | tuple | np.ndarray) and not hasattr(values, "__array__"):
        raise UsageError("a table needs the name of a column", remedy="give column=...")
    found = np.asarray(values)
    if found.ndim != 1:
        raise InputError(f"one feature has one axis, not {found.ndim}", remedy="give column=..., or one column")
    return found


def bins_of(values: NDArray[Any]) -> Bins:
    """Bins of an array of numbers (quantiles) or of anything else (levels)."""
    if values.dtype.kind in "biuf":
        numbers = values.astype(np.float64)
        present = numbers[~np.isnan(numbers)]
        with np.errstate(invalid="ignore"):  # between infinities there is no quantile
            quantiles = np.quantile(present, QUANTILES) if len(present) else np.empty(0)
        return Bins(name="", kind="number", edges=edges_of(quantiles, whole=values.dtype.kind in "biu"))
    levels, counts = np.unique([str(v) for v in values if v is not None], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_LEVELS]
    return Bins(name="", kind="level", levels=tuple(levels[order].tolist()))
