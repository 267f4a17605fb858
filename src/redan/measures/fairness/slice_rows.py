"""The rows on which the worst slice is searched: those that an attacker wants to be missed, in a bounded sample."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.measures.columns import encode
from redan.measures.fairness.answers import Answers, class_of, raw_values
from redan.measures.fairness.conditions import Condition, conditions
from redan.measures.fairness.slices import LEAST_ROWS
from redan.measures.identifying import identifying

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 40_000
CELLS = 20_000_000  # rows are traded for columns so that wide tables take no more memory
_PER_FEATURE = 22  # conditions of a column of numbers
_LOOKED_AT = 5_000
_SAME = 0.999
_COPY_LEVELS = 50
_COPY_SHARE = 0.1


class SliceRows(NamedTuple):
    """What the search looks at.

    Args:
        conditions: on n rows.
        missed: shape (n,), whether the model's answer was wrong.
        copies: shape (n,), equal numbers for copies of a row.
        kind: what the rows are, such as `rows of class fraud`.
        echoes: columns left out because they repeat the model's answer.
        total: rows of this kind before sampling.
    """

    conditions: list[Condition]
    missed: NDArray[np.bool_]
    copies: NDArray[np.int64]
    kind: str
    echoes: tuple[str, ...]
    total: int


def slice_rows(
    found: Answers, features: Sequence[str] | None, *, today: dt.date, rng: np.random.Generator
) -> SliceRows:
    """The rows of the class that matters (all rows where no class does), and conditions on their inputs.

    Columns that identify a row are left out: nobody can choose them. So are columns that repeat the model's answer,
    such as its score.

    Args:
        found: labels and answers.
        features: columns that an attacker can choose; None for all others than label and answer.
        today: to tell dates of birth from other dates.
        rng: of the sample.

    Raises:
        InputError: there is no such column.
        IncompleteError: there are too few rows, or no column to cut them by.
    """
    table, own = found.table, (found.label, found.prediction)
    names = [c for c in (table.columns if features is None else features) if c not in own]
    if not names:
        raise IncompleteError("there is no input to search", remedy="give the columns that the model reads")
    seed = int(rng.integers(2**31 - 1))
    keys = identifying(table, names, today=today, seed=seed)
    echoes = tuple(c for c in _echoes(found, names, seed) if c not in keys)
    usable = [c for c in names if c not in keys and c not in echoes]
    if not usable:
        raise IncompleteError("there is no input to search", remedy="give the columns that the model reads")
    rows, total = _drawn(found, usable, seed)
    truth = [class_of(v) for v in rows[found.label].to_pylist()]
    said = [found.answer(v) for v in rows[found.prediction].to_pylist()]
    whole = np.array([t is not None and s is not None for t, s in zip(truth, said, strict=True)], dtype=np.bool_)
    missed = np.array([t != s for t, s in zip(truth, said, strict=True)], dtype=np.bool_)[whole]
    kind = "rows" if found.positive is None else f"rows of class {found.shown[found.positive]}"
    if len(missed) < 4 * LEAST_ROWS:
        raise IncompleteError(f"{len(missed)} {kind} with an answer are not enough data")
    kept = rows.filter(whole).select(usable)
    found_conditions = conditions(kept, usable, 2 * LEAST_ROWS)
    if not found_conditions:
        raise IncompleteError("no input cuts the rows into regions that are large enough")
    return SliceRows(found_conditions, missed, _copies(kept), kind, echoes, total)


def _drawn(found: Answers, usable: Sequence[str], seed: int) -> tuple["pa.Table", int]:
    import pyarrow as pa

    limit = int(np.clip(CELLS // (_PER_FEATURE * len(usable)), 2_000, MOST_ROWS))
    columns = [*usable, found.label, found.prediction]
    table = found.table.select(columns)
    if found.positive is None:
        return table.sample(limit, seed), table.rows
    parts = [table.where(found.label, value) for value in raw_values(found, found.positive)]
    total = sum(part.rows for part in parts)
    drawn = [part.sample(max(1, limit * part.rows // max(total, 1)), seed) for part in parts]
    return pa.concat_tables(drawn), total


def _copies(rows: "pa.Table") -> NDArray[np.int64]:
    """Numbers that are equal for copies of a row; all different where equal rows are bound to happen."""
    columns = [encode(name, rows[name]) for name in rows.column_names]
    filled = [np.nan_to_num(c.values, nan=-1.0) for c in columns if c.kind != "prose"]
    levels = max((len(np.unique(values)) for values in filled), default=0)
    if levels < max(_COPY_LEVELS, _COPY_SHARE * rows.num_rows):
        return np.arange(rows.num_rows)
    found: NDArray[np.int64] = np.unique(np.column_stack(filled), axis=0, return_inverse=True)[1].reshape(-1)
    return found.astype(np.int64)


def _echoes(found: Answers, names: Sequence[str], seed: int) -> list[str]:
    """Columns from which one cut, or one level each, reads off the model's answer in nearly every row."""
    rows = found.table.select([*names, found.prediction]).sample(_LOOKED_AT, seed)
    said = np.array([found.answer(v) or "" for v in rows[found.prediction].to_pylist()])
    levels, counts = np.unique(said, return_counts=True)
    if len(levels) < 2 or counts.max() >= _SAME * len(said):  # noqa: PLR2004 -- an answer that never changes has no echo
        return []
    target = said == (levels[counts.argmax()] if found.positive is None else found.positive)
    return [name for name in names if _is_echo(rows[name], said, target, len(levels))]


def _is_echo(cells: "pa.ChunkedArray", said: NDArray[np.str_], target: NDArray[np.bool_], classes: int) -> bool:
    import pyarrow as pa

    if pa.types.is_nested(cells.type) or pa.types.is_binary(cells.type):
        return False
    values = encode("", cells)
    if values.kind == "prose":
        return False
    codes = np.nan_to_num(values.values, nan=-1.0)
    distinct, inverse = np.unique(codes, return_inverse=True)
    if len(distinct) <= 2 * classes:
        same = sum(_most(said[inverse == i]) for i in range(len(distinct)))
        return same >= _SAME * len(said)
    return values.kind == "ordered" and _best_cut(codes, target) >= _SAME


def _most(values: NDArray[np.str_]) -> int:
    return int(np.unique(values, return_counts=True)[1].max())


def _best_cut(codes: NDArray[np.float32], target: NDArray[np.bool_]) -> float:
    """Share of rows that the best single cut puts on their side, in either direction."""
    order = np.argsort(codes, kind="stable")
    sizes, hits = _sums(np.ones(len(codes)), codes[order]), _sums(target[order].astype(np.float64), codes[order])
    right = (sizes - hits) + (hits[-1] - hits)  # below the cut: not the target; from it on: the target
    return float(max(right.max(), len(codes) - right.min()) / len(codes))


def _sums(weights: NDArray[np.float64], codes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Running sums at the last row of each value."""
    ends = np.flatnonzero(np.r_[codes[1:] != codes[:-1], True])
    found: NDArray[np.float64] = np.cumsum(weights)[ends]
    return found
