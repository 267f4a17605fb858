"""Rules that a table's rows happen to satisfy: a suggestion for somebody who knows what the columns mean.

Every rule is read from a sample and may be chance; a relation is only suggested where shuffled rows would break it.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.observed import FEWEST, column_of
from redan.attacks.tables.rules import Column, Linear, OneHot, Ratio, Rules
from redan.attacks.tables.space import GRID
from redan.errors import InputError

SAMPLE = 20_000
_RELATED = 24  # numeric columns among which relations are looked for
_BREAKS = 0.05  # share of shuffled rows that break a relation which means something


class Suggestion(NamedTuple):
    """Rules to be read before they are used.

    Args:
        rules: as a file would declare them; see `written`.
        notes: what a reader should decide.
    """

    rules: Rules
    notes: tuple[str, ...]


def suggest_rules(table: object, label: str | None = None, *, seed: int = 0) -> Suggestion:
    """The rules that a sample of a table satisfies.

    Args:
        table: pandas, Polars, pyarrow, DuckDB, Spark, or a `redan.tables.Table`.
        label: name of the label's column, which is no input.
        seed: of the sample, and of the shuffles.

    Raises:
        InputError: there is no such label, or no row.
    """
    from redan.tables import table_of

    read = table_of(table)
    if label is not None and label not in read.columns:
        raise InputError(f"there is no column {label!r}", where=read.place, remedy="name the label's column")
    sample = read.sample(SAMPLE, seed)
    if not sample.num_rows:
        raise InputError("the table has no row", where=read.place, remedy="give one with rows")
    values = {name: sample[name].to_pylist() for name in read.columns if name != label}
    columns: dict[str, Column] = {}
    notes: list[str] = []
    for name, cells in values.items():
        found, note = column_of(name, cells)
        notes += note
        if found is not None:
            columns[name] = found
    numbers = {name: _numbers(values[name]) for name, column in columns.items() if column.type != "category"}
    groups = tuple(_groups({name: numbers[name] for name, c in columns.items() if c.type == "bool"}))
    for name in (name for group in groups for name in group.columns):
        del columns[name], numbers[name]
    linear, ratio = _relations(columns, numbers, np.random.default_rng(seed))
    notes += [f"{len(linear) + len(ratio)} relations hold in the sample; keep those that must hold"] * bool(
        linear or ratio
    )
    notes.append("every column is taken as one that the attacker can change: write mutable = false where not")
    return Suggestion(Rules(columns=columns, one_hot=groups, linear=linear, ratio=ratio), tuple(notes))


def _numbers(cells: Sequence[object]) -> NDArray[np.float64]:
    return np.array([np.nan if c is None else float(c) for c in cells], dtype=np.float64)  # type: ignore[arg-type]


def _groups(flags: dict[str, NDArray[np.float64]]) -> Iterator[OneHot]:
    """Runs of columns of 0 and 1 with a common beginning of the name, of which exactly one is 1 in every row."""
    names = list(flags)
    at = 0
    while at < len(names):
        total = np.zeros(len(flags[names[at]]))
        for end in range(at, len(names)):
            total = total + flags[names[end]]
            if not (total <= 1).all():
                break
            if end > at and (total == 1).all():
                yield OneHot(columns=tuple(names[at : end + 1]))
                at = end
                break
        at += 1


def _relations(
    columns: dict[str, Column], numbers: dict[str, NDArray[np.float64]], rng: np.random.Generator
) -> tuple[tuple[Linear, ...], tuple[Ratio, ...]]:
    names = [n for n, c in columns.items() if c.type in {"number", "integer"} and c.mutable][:_RELATED]
    if not names:
        return (), ()
    whole = np.column_stack([numbers[name] for name in names])
    whole = whole[np.isfinite(whole).all(axis=1)]
    if len(whole) < FEWEST:
        return (), ()
    shuffled = np.column_stack([rng.permutation(column) for column in whole.T])
    linear = [_order(names, i, j) for i, j in permutations(range(len(names)), 2) if _below(whole, shuffled, i, j)]
    ratio = list(_quotients(names, columns, whole, shuffled))
    return (*linear, *_sums(names, whole, shuffled)), tuple(ratio)


def _order(names: Sequence[str], small: int, large: int) -> Linear:
    return Linear(terms={names[small]: 1.0, names[large]: -1.0}, at_most=0.0)


def _below(x: NDArray[np.float64], shuffled: NDArray[np.float64], i: int, j: int) -> bool:
    return bool((x[:, i] <= x[:, j]).all() and (shuffled[:, i] > shuffled[:, j]).mean() >= _BREAKS)


def _same(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(a - b) <= GRID * (np.abs(a) + np.abs(b)))


def _sums(names: Sequence[str], x: NDArray[np.float64], shuffled: NDArray[np.float64]) -> Iterator[Linear]:
    for total in range(len(names)):
        for i, j in combinations([k for k in range(len(names)) if k != total], 2):
            told = _same(x[:20, total], x[:20, i] + x[:20, j]).all() and _same(x[:, total], x[:, i] + x[:, j]).all()
            if told and not _same(shuffled[:, total], shuffled[:, i] + shuffled[:, j]).mean() > 1 - _BREAKS:
                yield Linear(terms={names[total]: 1.0, names[i]: -1.0, names[j]: -1.0}, equals=0.0)


def _quotients(
    names: Sequence[str], columns: dict[str, Column], x: NDArray[np.float64], shuffled: NDArray[np.float64]
) -> Iterator[Ratio]:
    above_zero = [k for k, name in enumerate(names) if (columns[name].low or 0.0) > 0.0]
    for below in above_zero:
        for above, told in permutations([k for k in range(len(names)) if k != below], 2):
            if not _same(x[:20, told], x[:20, above] / x[:20, below]).all():
                continue
            whole = _same(x[:, told], x[:, above] / x[:, below]).all()
            chance = _same(shuffled[:, told], shuffled[:, above] / shuffled[:, below]).mean()
            if whole and chance < 1 - _BREAKS:
                yield Ratio(numerator=names[above], denominator=names[below], equals=names[told])
