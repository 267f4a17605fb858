"""Prepares a model's inputs and label for relevance: a bounded, balanced sample without copies of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.measures.columns import Column, encode
from redan.measures.relevance import Task
from redan.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa

DRAWN_ROWS = 20_000  # rows leave the table only up to here
MOST_ROWS = 5_000
CELLS = 400_000  # rows are traded for columns so that wide tables take no longer
COPY_SHARE = 0.1  # a column with this many levels per row makes equal rows copies, not coincidence
COPY_LEVELS = 50  # below this it is a category, and equal rows are bound to happen
MANY_VALUES = 50  # a label of fractions with more values than this is a number, whatever the task is called
_LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What relevance is measured on.

    Args:
        columns: inputs that can be compared with shadows.
        label: shape (n,), class codes or numbers.
        task: what the label is.
        prose: inputs that hold free text or nested values.
        missing: inputs that are no column of the data.
        copies: rows left out because they are copies of others.
        total: rows of the data before sampling.
    """

    columns: tuple[Column, ...]
    label: NDArray[Any]
    task: Task
    prose: tuple[str, ...]
    missing: tuple[str, ...]
    copies: int
    total: int

    @property
    def rows(self) -> int:
        """Rows that were kept."""
        return len(self.label)


def prepare(
    tables: Sequence[tuple[Table, str]],
    names: Sequence[str],
    task: str,
    rng: np.random.Generator,
    *,
    most: int = MOST_ROWS,
) -> Inputs:
    """A sample of labelled rows of all training tables, as columns for relevance.

    Copies of a row are left out: a tree would recognise them, and any column that tells rows apart would look relevant.
    Of a rare class all drawn rows stay, which changes how common it is but not what tells it apart.

    Args:
        tables: each with the name of its label column.
        names: the model's inputs.
        task: the model's task, as described.
        rng: of the sample.
        most: rows that are kept at most; fewer of wide tables.

    Returns:
        Empty columns when no input is a column of every table.

    Raises:
        IncompleteError: no row has a label.
    """
    found = [n for n in names if all(n in table.columns and n != label for table, label in tables)]
    drawn = _drawn(tables, found, rng)
    labelled = drawn.filter(drawn[_LABEL].is_valid())
    if labelled.num_rows == 0:
        raise IncompleteError("no row has a label", remedy="give labelled rows")
    label, kind = _label(labelled[_LABEL].combine_chunks(), task)
    columns = [encode(name, labelled[f"x{i}"]) for i, name in enumerate(found)]
    usable = [c for c in columns if c.kind != "prose"]
    unique = _without_copies(usable, label)
    limit = min(most, max(1_000, CELLS * most // MOST_ROWS // max(len(usable), 1)))
    kept = unique[_balanced(label[unique], kind, limit, rng)]
    return Inputs(
        columns=tuple(Column(name=c.name, kind=c.kind, values=c.values[kept]) for c in usable),
        label=label[kept],
        task=kind,
        prose=tuple(c.name for c in columns if c.kind == "prose"),
        missing=tuple(n for n in names if n not in found),
        copies=len(label) - len(unique),
        total=sum(table.rows for table, _ in tables),
    )


def _drawn(tables: Sequence[tuple[Table, str]], names: Sequence[str], rng: np.random.Generator) -> "pa.Table":
    import pyarrow as pa

    total = sum(table.rows for table, _ in tables)
    heads = [f"x{i}" for i in range(len(names))]
    parts = []
    for table, label in tables:
        limit = max(1, DRAWN_ROWS * table.rows // max(total, 1))
        rows = table.select([*names, label]).sample(limit, int(rng.integers(2**31 - 1)))
        parts.append(rows.rename_columns([*heads, _LABEL]))
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        plain = pa.schema([(head, pa.string()) for head in (*heads, _LABEL)])
        return pa.concat_tables([part.cast(plain) for part in parts])


def _label(cells: "pa.Array", task: str) -> tuple[NDArray[Any], Task]:
    import pyarrow as pa

    kind = cells.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if numeric:
        values = np.asarray(cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
        distinct = np.unique(values)
        fractions = len(distinct) > MANY_VALUES and bool((distinct % 1 != 0).any())
        counted = task not in ("classification", "anomaly") and len(distinct) > MANY_VALUES
        if fractions or counted or task in ("regression", "forecast", "ranking"):
            return values, "regression"
        return np.unique(values, return_inverse=True)[1], "classification"
    texts = np.array([str(v) for v in cells.to_pylist()])
    return np.unique(texts, return_inverse=True)[1], "classification"


def _without_copies(columns: Sequence[Column], label: NDArray[Any]) -> NDArray[np.int64]:
    """Indices of rows, the first of each set of copies only; all rows where equal rows are bound to happen."""
    if not columns:
        return np.arange(len(label))
    filled = [np.nan_to_num(c.values, nan=-1.0) for c in columns]
    rows = np.column_stack([*filled, label])
    first = np.sort(np.unique(rows, axis=0, return_index=True)[1])
    levels = max(len(np.unique(values)) for values in filled)
    return first if levels >= max(COPY_LEVELS, COPY_SHARE * len(first)) else np.arange(len(label))


def _balanced(label: NDArray[Any], task: Task, limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    order = rng.permutation(len(label))
    if len(label) <= limit:
        return np.arange(len(label))
    if task == "regression":
        return np.sort(order[:limit])
    classes, counts = np.unique(label, return_counts=True)
    kept: list[NDArray[np.int64]] = []
    left = limit
    for place, i in enumerate(np.argsort(counts, kind="stable")):  # the rarest class first leaves more to the others
        quota = left // (len(classes) - place)
        chosen = order[label[order] == classes[i]][:quota]
        kept.append(chosen)
        left -= len(chosen)
    return np.sort(np.concatenate(kept))
