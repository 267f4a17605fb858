"""Labelled rows, and who gave them, as what the searches for poison read: a bounded sample in plain arrays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.canon import digest
from redan.errors import IncompleteError, InputError
from redan.measures.columns import encode
from redan.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 40_000
CELLS = 1_600_000  # rows are traded for columns, so that wide tables take no longer
LEAST_PER_CLASS = 10
LEAST_ROWS = 100
MOST_CLASSES = 100
_DIGITS = 12
_LARGEST = 1e30  # sums of single-precision numbers stay finite


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRows:
    """Rows of a few classes.

    Args:
        x: shape (n, p), float32: ranks of ordered values, codes of others, NaN where missing.
        y: shape (n,), class codes from 0.
        classes: the label of each code, as text.
        contributor: shape (n,), codes from 0; None when nobody is named.
        names: a short digest per contributor code.
        columns: names of the p columns.
        total: rows of the data before sampling and leaving out.
        left_out: sampled rows without a label, without a contributor, or of a class of fewer than ten rows.
        source: shape (n,), number of each row in the sample that it comes from; None when nobody asked.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    classes: tuple[str, ...]
    contributor: NDArray[np.int64] | None
    names: tuple[str, ...]
    columns: tuple[str, ...]
    total: int
    left_out: int
    source: NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        """Rows that are looked at."""
        return len(self.y)

    def relabelled(self, y: NDArray[np.int64]) -> "LabelledRows":
        """The same rows with other labels."""
        return replace(self, y=y)

    def among(self, kept: NDArray[np.bool_]) -> "LabelledRows":
        """Some of the rows; codes of classes and contributors stay what they are.

        Args:
            kept: shape (n,).
        """
        who = None if self.contributor is None else self.contributor[kept]
        source = None if self.source is None else self.source[kept]
        return replace(self, x=self.x[kept], y=self.y[kept], contributor=who, source=source)


def name_of(contributor: object) -> str:
    """How findings name a contributor: the first digits of SHA-256 of what the column says, as text.

    Args:
        contributor: the cell; its owner can make the name again, and readers of a report cannot turn it back at sight.
    """
    return digest(str(contributor).encode())[:_DIGITS]


def labelled_rows(
    table: Table,
    label: str,
    *,
    contributor: str | None = None,
    leave_out: Sequence[str] = (),
    rng: np.random.Generator,
) -> LabelledRows:
    """A bounded sample of a table as arrays.

    Args:
        table: the data.
        label: column of the class.
        contributor: column that says who gave the row.
        leave_out: columns that must not speak about the label: identifiers, predictions, signatures.
        rng: of the sample.

    Raises:
        IncompleteError: there is not enough to go by: fewer than 100 labelled rows, one class, no usable column.
        InputError: there is no such column.
    """
    skipped = {label, contributor, *leave_out}
    names = [name for name in table.columns if name not in skipped]
    drawn = drawn_rows(table, [*names, label, *([contributor] if contributor else [])], rng)
    return labelled_sample(drawn, label, contributor=contributor, leave_out=leave_out, total=table.rows)


def labelled_sample(
    drawn: "pa.Table", label: str, *, contributor: str | None = None, leave_out: Sequence[str] = (), total: int
) -> LabelledRows:
    """Rows that were drawn, as arrays.

    Args:
        drawn: some rows.
        label: column of the class.
        contributor: column that says who gave the row.
        leave_out: columns that must not speak about the label.
        total: rows of the table that they were drawn from.

    Raises:
        IncompleteError: there is not enough to go by.
    """
    skipped = {label, contributor, *leave_out}
    names = [name for name in drawn.column_names if name not in skipped]
    columns = [c for name in names if (c := encode(name, drawn[name])).kind != "prose"]
    if not columns:
        raise IncompleteError("no column but the label can be compared", remedy="give rows with features")
    found = LabelledRows(
        x=np.column_stack([c.values for c in columns]),
        y=np.zeros(drawn.num_rows, dtype=np.int64),
        classes=(),
        contributor=None,
        names=(),
        columns=tuple(c.name for c in columns),
        total=total,
        left_out=0,
    )
    return _coded(found, texts(drawn[label]), texts(drawn[contributor]) if contributor else None)


def labelled_arrays(x: ArrayLike, y: ArrayLike, contributor: ArrayLike | None = None) -> LabelledRows:
    """Arrays of a notebook as labelled rows; all of them, in order unless some are left out.

    Args:
        x: shape (n, ...), numbers; flattened per row.
        y: shape (n,), class labels of any kind.
        contributor: shape (n,), names of any kind.

    Raises:
        IncompleteError: there is not enough to go by.
        InputError: shapes disagree.
    """
    values, labels = np.asarray(x, dtype=np.float64), np.asarray(y).reshape(-1)
    who = None if contributor is None else np.asarray(contributor).reshape(-1)
    count = values.shape[0] if values.ndim else 1
    if count != len(labels) or (who is not None and len(who) != len(labels)):
        raise InputError(f"{count} rows, {len(labels)} labels", remedy="give one label and one name per row")
    flat = values.reshape(count, math.prod(values.shape[1:]))
    rows = LabelledRows(
        x=np.clip(flat, -_LARGEST, _LARGEST).astype(np.float32),
        y=np.zeros(len(labels), dtype=np.int64),
        classes=(),
        contributor=None,
        names=(),
        columns=tuple(f"x{i}" for i in range(flat.shape[1])),
        total=len(labels),
        left_out=0,
    )
    return _coded(rows, [str(v) for v in labels.tolist()], None if who is None else [str(v) for v in who.tolist()])


def drawn_rows(table: Table, columns: Sequence[str], rng: np.random.Generator, limit: int = MOST_ROWS) -> "pa.Table":
    """A random sample of some columns, fewer rows the more columns there are."""
    most = min(limit, max(1_000, CELLS // max(len(columns), 1)))
    return table.select(columns).sample(most, int(rng.integers(2**31 - 1)))


def texts(cells: "pa.ChunkedArray") -> list[str | None]:
    """Cells as text, None where missing; NaN is missing."""
    found: list[Any] = cells.to_pylist()
    return [None if v is None or v != v else str(v) for v in found]  # noqa: PLR0124 -- NaN


def _coded(rows: LabelledRows, labels: Sequence[str | None], who: Sequence[str | None] | None) -> LabelledRows:
    named = np.array([label is not None for label in labels], dtype=bool)
    if who is not None:
        named &= np.array([name is not None for name in who], dtype=bool)
    classes, codes = np.unique(np.array([label or "" for label in labels], dtype=str), return_inverse=True)
    counts = np.bincount(codes[named], minlength=len(classes))
    kept = named & (counts[codes] >= LEAST_PER_CLASS)
    if kept.sum() < LEAST_ROWS:
        raise IncompleteError(
            f"{int(kept.sum())} rows of classes of {LEAST_PER_CLASS} rows or more are not enough data",
            remedy=f"give {LEAST_ROWS} labelled rows at least",
        )
    used, y = np.unique(codes[kept], return_inverse=True)
    if not 1 < len(used) <= MOST_CLASSES:
        what = "the label has one value only" if len(used) == 1 else f"the label has {len(used)} values"
        raise IncompleteError(what, remedy=f"choose a label of 2 to {MOST_CLASSES} classes")
    names: tuple[str, ...] = ()
    contributor: NDArray[np.int64] | None = None
    if who is not None:
        given = np.array([name or "" for name in who])[kept]
        people, codes = np.unique(given, return_inverse=True)
        names, contributor = tuple(name_of(one) for one in people), codes.astype(np.int64)
    return replace(
        rows,
        x=rows.x[kept],
        y=y.astype(np.int64),
        source=np.flatnonzero(kept),
        classes=tuple(str(classes[i]) for i in used),
        contributor=contributor,
        names=names,
        left_out=len(kept) - int(kept.sum()),
    )
