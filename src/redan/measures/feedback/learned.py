"""Training rows as a learner takes them: numbers without gaps, and class codes."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.measures.columns import encode
from redan.measures.fairness.answers import MOST_CLASSES, class_of
from redan.measures.fairness.answers import written as as_shown
from redan.measures.identifying import identifying
from redan.tables import Table

MOST_ROWS = 5_000


class Learned(NamedTuple):
    """A sample of labelled rows.

    Args:
        x: shape (n, d), ranks of values; -1 where one is missing.
        y: shape (n,), class codes.
        classes: what the codes mean, as the data writes them.
        keys: classes in the one writing that names them however they are encoded.
        total: rows before sampling.
    """

    x: NDArray[np.float64]
    y: NDArray[np.int64]
    classes: tuple[str, ...]
    keys: tuple[str, ...]
    total: int


def learned(table: Table, label: str, inputs: Sequence[str], *, today: dt.date, rng: np.random.Generator) -> Learned:
    """A bounded sample of labelled rows, without columns that identify a row.

    Args:
        table: the training data.
        label: column of classes.
        inputs: columns to learn from.
        today: to tell dates of birth from other dates.
        rng: of the sample.

    Raises:
        InputError: there is no such column.
        IncompleteError: no row has a label, there are more than 20 classes, or no input is left.
    """
    seed = int(rng.integers(2**31 - 1))
    names = [c for c in inputs if c != label]
    keys = identifying(table, names, today=today, seed=seed)
    usable = [c for c in names if c not in keys]
    drawn = table.select([*usable, label]).sample(MOST_ROWS, seed)
    written = drawn[label].to_pylist()
    said = [class_of(v) for v in written]
    shown = {key: as_shown(v) for key, v in zip(reversed(said), reversed(written), strict=True) if key is not None}
    if not shown or len(shown) > MOST_CLASSES:
        what = "no row has a label" if not shown else f"column {label!r} has more than {MOST_CLASSES} classes"
        raise IncompleteError(what, remedy="give labelled rows of a few classes")
    columns = [c for c in (encode(name, drawn[name]) for name in usable) if c.kind != "prose"]
    if not columns:
        raise IncompleteError("no column can be learned from", remedy="give the columns that the model reads")
    order = tuple(sorted(shown))
    kept = np.array([key is not None for key in said], dtype=np.bool_)
    x = np.column_stack([np.nan_to_num(c.values.astype(np.float64), nan=-1.0) for c in columns])[kept]
    y = np.array([order.index(key) for key in said if key is not None], dtype=np.int64)
    return Learned(x, y, tuple(shown[key] for key in order), order, table.rows)
