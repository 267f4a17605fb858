"""Confusion matrices per group: who is misjudged how often, counted by the engine."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, UsageError, escaped
from redan.measures.fairness.answers import Answers, class_of, level_of
from redan.tables import Table
from redan.tables.table import Value

MOST_GROUPS = 50
FEW_NUMBERS = 12  # a column of more different numbers is cut into bands
BANDS = (0.25, 0.5, 0.75)
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Rows by group, true class and answer.

    Args:
        column: that the groups come from.
        groups: their names, largest first.
        classes: names of the true classes, as the data writes them.
        positive: index of the class that matters; None when all do.
        counts: shape (groups, classes, classes + 1), rows; the last column counts answers that are no class.
        left_out: rows without label, answer or group.
    """

    column: str
    groups: tuple[str, ...]
    classes: tuple[str, ...]
    positive: int | None
    counts: NDArray[np.int64]
    left_out: int

    @property
    def rows(self) -> int:
        """Rows in all groups."""
        return int(self.counts.sum())


def confusion(found: Answers, column: str) -> Confusion:
    """The confusion matrix of each group of a column; numbers and dates are cut into four bands of equal size.

    Args:
        found: labels and answers.
        column: whose values are the groups.

    Raises:
        InputError: there is no such column.
        UsageError: the column is the label or the answer.
        IncompleteError: it has more than 50 values, fewer than two groups, or no row is complete.
    """
    if column in (found.label, found.prediction):
        raise UsageError(f"column {column!r} cannot be a group as well as the label or the answer")
    table, named = _grouped(found.table, column)
    cells: dict[tuple[str, int, int], int] = {}
    left = 0
    for (group, truth, answer), rows in table.group_counts([column, found.label, found.prediction]):
        name, actual, said = named(group), class_of(truth), found.answer(answer)
        if name is None or actual is None or said is None:
            left += rows
            continue
        place = found.classes.index(said) if said in found.classes else len(found.classes)
        key = (name, found.classes.index(actual), place)
        cells[key] = cells.get(key, 0) + rows
    return _confusion(found, column, cells, left)


def _confusion(found: Answers, column: str, cells: dict[tuple[str, int, int], int], left: int) -> Confusion:
    sizes: dict[str, int] = {}
    for (name, _, _), rows in cells.items():
        sizes[name] = sizes.get(name, 0) + rows
    names = tuple(sorted(sizes, key=lambda name: (-sizes[name], name)))
    if len(names) < 2:  # noqa: PLR2004 -- one group has nothing to be compared with
        raise IncompleteError(f"column {column!r} holds fewer than two groups with a label and an answer")
    counts = np.zeros((len(names), len(found.classes), len(found.classes) + 1), dtype=np.int64)
    for (name, actual, said), rows in cells.items():
        counts[names.index(name), actual, said] = rows
    return Confusion(
        column=column,
        groups=names,
        classes=tuple(found.shown[name] for name in found.classes),
        positive=None if found.positive is None else found.classes.index(found.positive),
        counts=counts,
        left_out=left,
    )


def _grouped(table: Table, column: str) -> tuple[Table, Callable[[Value], str | None]]:
    kind = table.dtype(column)
    if kind in ("date", "datetime"):
        year = table.frame.with_columns(nw.col(column).dt.year().cast(nw.Int64))
        table, kind = Table(year, table.keeps, table.place), "int"
    if kind in ("int", "float") and table.level_counts([column], FEW_NUMBERS)[column] is None:
        edges = _edges(float(edge) for edge in table.quantiles(column, BANDS))
        if edges:
            return table.binned({column: edges}), lambda value: None if value is None else _band(int(value), edges)
    if table.level_counts([column], MOST_GROUPS + 1)[column] is None:
        raise IncompleteError(
            f"column {column!r} has more than {MOST_GROUPS} different values", remedy="declare a coarser column"
        )
    return table, _level


def _edges(found: Iterable[float]) -> list[float]:
    return sorted({edge for edge in found if np.isfinite(edge)})


def _band(band: int, edges: list[float]) -> str:
    if band == 0:
        return f"below {edges[0]:g}"
    if band == len(edges):
        return f"{edges[-1]:g} and above"
    return f"{edges[band - 1]:g} to below {edges[band]:g}"


def _level(value: Value) -> str | None:
    name = level_of(value)
    return None if name is None else escaped(name[:_LONGEST])
