"""Rows of a table as numbers that an attack moves, and back as what the model reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.observed import column_of, key_of
from redan.attacks.tables.rules import Rules
from redan.attacks.tables.space import Space, allowed, space_of
from redan.errors import InputError

if TYPE_CHECKING:
    from redan.models.model import Inputs, Model, Port

LIMIT = 100_000
_MATRIX = 2


class Rows(NamedTuple):
    """A sample of a table in numbers, and its labels.

    Args:
        x: shape (n, columns), float32; a category is the place of its level.
        y: labels as the table has them.
        space: the rules for these columns.
        left_out: rows that were not taken, by reason: a missing value, a level that the rules do not name, a number
            that single precision does not hold, or a rule that the row breaks before anything was changed.
    """

    x: NDArray[np.float32]
    y: NDArray[Any]
    space: Space
    left_out: Mapping[str, int]


def rows_of(table: object, label: str, rules: Rules, *, limit: int = LIMIT, seed: int = 0) -> Rows:
    """A sample of a table's rows, encoded under its rules, in random order.

    Args:
        table: pandas, Polars, pyarrow, DuckDB, Spark, or a `redan.tables.Table`.
        label: name of the label's column.
        rules: for all other columns.
        limit: most rows; more are sampled by the seed.
        seed: of the sample and its order.

    Raises:
        InputError: there is no such label, a column's values are not of the declared type, or no row is left.
    """
    from redan.tables import table_of

    read = table_of(table)
    if label not in read.columns:
        raise InputError(f"there is no column {label!r}", where=read.place, remedy="name the label's column")
    sample = read.sample(limit, seed)
    names = [name for name in read.columns if name != label]
    rules = _completed(rules, {name: sample[name].to_pylist() for name in names})
    coded = [_coded(rules, name, sample[name].to_pylist()) for name in names]
    wide = np.column_stack(coded) if coded else np.empty((sample.num_rows, 0))
    whys = np.array(sample[label].to_pylist(), dtype=object)
    x = wide.astype(np.float32)
    space = space_of(rules, names, x)
    left_out: dict[str, int] = {}
    kept = np.ones(len(x), dtype=bool)
    reasons = {
        "a missing value": np.isnan(wide).any(axis=1),
        "a level without a rule": np.isneginf(wide[:, list(space.levels)]).any(axis=1),
        "a missing label": np.array([value is None or value != value for value in whys], dtype=bool),  # noqa: PLR0124
        "a number beyond single precision": (space.whole & np.isfinite(wide) & (x != wide)).any(axis=1),
        "a rule is broken": ~allowed(space, x, x),
    }
    for reason, hit in reasons.items():
        left_out[reason] = int((hit & kept).sum())
        kept &= ~hit
    if not kept.any():
        told = ", ".join(f"{n:,} for {reason}" for reason, n in left_out.items() if n)
        raise InputError(f"no row can be attacked: {told or 'there is none'}", remedy="correct the rules or the table")
    y = np.array(whys[kept].tolist())
    order = np.random.default_rng(seed).permutation(len(y))  # a sample comes sorted, and its first rows are alike
    return Rows(x[kept][order], y[order], space, {reason: n for reason, n in left_out.items() if n})


@dataclass(frozen=True, slots=True, eq=False)
class TableModel:
    """A model that reads a table, asked with encoded rows.

    Args:
        model: any.
        space: how its rows are encoded.
    """

    model: "Model"
    space: Space

    @property
    def inputs(self) -> "tuple[Port, ...]":
        """What the model behind it reads."""
        return self.model.inputs

    def predict(self, x: "Inputs") -> NDArray[Any]:
        """The answer of the model for encoded rows, shape (n, ...).

        Raises:
            InputError: the rows do not fit the model.
        """
        if isinstance(x, Mapping):
            raise InputError("encoded rows are one matrix", remedy="give an array of shape (rows, columns)")
        return np.asarray(self.model.predict(self.decoded(np.asarray(x))))

    def decoded(self, x: NDArray[Any]) -> "Inputs":
        """The rows as the model reads them: columns by name where it has names, else one matrix."""
        ports = self.model.inputs
        names = [port.name for port in ports]
        columns = {name: _values(self.space, x, i) for i, name in enumerate(self.space.columns)}
        if sorted(names) == sorted(self.space.columns) and (len(names) > 1 or names[0]):
            return {
                port.name: columns[port.name].reshape(-1, 1) if len(port.shape) == _MATRIX else columns[port.name]
                for port in ports
            }
        if any(column.dtype == object for column in columns.values()):
            return np.column_stack([column.astype(object) for column in columns.values()])
        return np.asarray(np.column_stack(list(columns.values())), dtype=np.float64)


def _values(space: Space, x: NDArray[Any], place: int) -> NDArray[Any]:
    codes = x[:, place]
    if place not in space.levels:
        return np.asarray(codes, dtype=np.int64 if space.whole[place] else np.float64)
    levels = space.levels[place]
    kept = np.clip(np.nan_to_num(codes), 0, len(levels) - 1).astype(np.int64)
    alike = {type(level) for level in levels} <= {int, float}
    return np.asarray(np.array(levels, dtype=None if alike else object)[kept])


def _completed(rules: Rules, cells: Mapping[str, Sequence[object]]) -> Rules:
    """The rules with those columns declared that they leave to the data."""
    named = {*rules.columns, *(name for group in rules.one_hot for name in group.columns)}
    if rules.others == "refuse" or named >= cells.keys():
        return rules
    columns = dict(rules.columns)
    for name in [name for name in cells if name not in named]:
        found, notes = column_of(name, cells[name])
        if found is None:
            raise InputError(notes[-1], remedy="or declare it")
        columns[name] = found if rules.others == "free" else found.model_copy(update={"mutable": False})
    return rules.model_copy(update={"columns": columns})


def _coded(rules: Rules, name: str, values: Sequence[object]) -> NDArray[np.float64]:
    """One column as numbers: NaN where it is missing, minus infinity where a level is not declared."""
    declared = rules.columns.get(name)
    if declared is not None and declared.levels is not None:
        codes = {key_of(level): float(i) for i, level in enumerate(declared.levels)}
        return np.array([np.nan if _absent(v) else codes.get(key_of(v), -np.inf) for v in values], dtype=np.float64)
    try:
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise InputError(
            f"column {name!r} holds values that are no numbers",
            remedy='declare it with type = "category" and its levels',
        ) from error


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))
