"""A bounded sample of rows as numbers in [0, 1] by the frozen bins, so that no planted extreme can dominate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.measures.drift.bins import Bins
from redan.measures.drift.counting import NUMERIC, as_number, as_text, viewed
from redan.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 5_000
MOST_CELLS = 4_000_000
SPELLED = 12  # levels that get a number of their own
_BEYOND = 0.05  # how far outside the reference everything outside it lies


class Rows(NamedTuple):
    """Rows as numbers.

    Args:
        values: shape (n, d).
        owners: shape (d,), the column that each of them comes from, as an index.
    """

    values: NDArray[np.float32]
    owners: NDArray[np.int64]


def limit_of(bins: Sequence[Bins]) -> int:
    """How many rows are drawn: fewer when there are many columns."""
    return max(min(MOST_ROWS, MOST_CELLS // max(len(bins), 1)), 200)


def rows_of(table: Table, bins: Sequence[Bins], limit: int, seed: int) -> Rows:
    """At most `limit` rows of a table, encoded.

    Args:
        table: the data; it has every column of `bins`.
        bins: of the reference.
        limit: most rows.
        seed: of the sample.
    """
    view = viewed(table, bins)
    cells = view.sample(limit, seed)
    parts, owners = [], []
    for i, one in enumerate(bins):
        made = _number(cells[one.name], one, typed=view.dtype(one.name) in NUMERIC)
        part = made if one.ordered else _level(cells[one.name], one)
        parts.append(part)
        owners += [i] * part.shape[1]
    return Rows(np.concatenate(parts, axis=1).astype(np.float32), np.array(owners, dtype=np.int64))


def _number(cells: "pa.ChunkedArray", bins: Bins, *, typed: bool) -> NDArray[np.float64]:
    """The rank among the edges, and whether the value is missing."""
    if not bins.ordered:
        return np.empty((len(cells), 0))
    values = _floats(cells) if typed else np.array([as_number(cell) for cell in cells.to_pylist()])
    missing = np.isnan(values)
    if not bins.edges:
        return np.column_stack([np.where(missing, 0.5, 0.0), missing])
    edges = np.array(bins.edges)
    ranks = np.interp(np.where(missing, edges[0], values), edges, np.linspace(0, 1, len(edges)))
    ranks = np.where(values < edges[0], -_BEYOND, np.where(values > edges[-1], 1 + _BEYOND, ranks))
    return np.column_stack([np.where(missing, 0.5, ranks), missing])


def _floats(cells: "pa.ChunkedArray") -> NDArray[np.float64]:
    import pyarrow as pa

    return np.asarray(cells.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _level(cells: "pa.ChunkedArray", bins: Bins) -> NDArray[np.float64]:
    place = {level: i for i, level in enumerate(bins.levels[:SPELLED], start=1)}
    wide = min(len(bins.levels), SPELLED) + 2
    codes = [0 if (text := as_text(cell)) is None else place.get(text, wide - 1) for cell in cells.to_pylist()]
    return np.eye(wide)[codes]
