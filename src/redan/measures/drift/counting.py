"""Counts a table over frozen bins: the engine counts, and nothing but counts leaves it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np

from redan.measures.drift.bins import Bins, Counts, counted, level_counts
from redan.tables import Kind, Table

Group: TypeAlias = str | None  # a class or a window as text; None where it is missing
TEXT = 80  # characters of a text that tell levels apart; longer ones never reach Python
MOST_LEVELS_NOW = 10_000  # a level of the reference that is rarer now than this many others counts as gone
MOST_CELLS = 200_000
PARSED = 100_000  # rows of a column that was numbers in the reference and is text now
NUMERIC: frozenset[Kind] = frozenset({"int", "float", "bool"})


def count(table: Table, bins: Sequence[Bins], seed: int) -> dict[str, Counts]:
    """Counts of each column over all rows; columns that the table lacks are left out.

    Args:
        table: the data.
        bins: of the reference.
        seed: of the bounded sample in which text is read as numbers, where a column became text.
    """
    there = [b for b in bins if b.name in table.columns]
    if not there:
        return {}
    view = viewed(table, there)
    edged = [b for b in there if b.ordered and view.dtype(b.name) in NUMERIC]
    found: dict[str, Counts] = {}
    if edged:
        for name, counts in view.edge_counts_many({b.name: b.edges for b in edged}).items():
            found[name] = np.concatenate([[view.rows - counts.sum()], counts]).astype(np.int64)
    for one in there:
        if one.name not in found:
            found[one.name] = _read(view, one, seed) if one.ordered else _levels(view, one)
    return {b.name: found[b.name] for b in there}


def count_by(table: Table, bins: Sequence[Bins], by: str, groups: int) -> dict[Group, dict[str, Counts]]:
    """Counts of each column for each value of another column.

    Columns that cannot be counted by group in one pass (text that should be numbers, levels without number) are left
    out.

    Args:
        table: the data.
        bins: of the reference.
        by: the column of groups.
        groups: most groups.

    Raises:
        InputError: there are more groups.
    """
    there = [b for b in bins if b.name in table.columns and b.name != by]
    view = viewed(table, [*there, Bins(name=by, kind="level")])
    sizes = {as_text(key[0]): rows for key, rows in view.group_counts([by], groups)}
    edged = {b.name: b.edges for b in there if b.ordered and view.dtype(b.name) in NUMERIC}
    found: dict[Group, dict[str, Counts]] = {group: {} for group in sizes}
    if edged:
        for key, columns in view.edge_counts_by([by], edged, groups).items():
            group = as_text(key[0])
            for name, counts in columns.items():
                found[group][name] = np.concatenate([[sizes[group] - counts.sum()], counts]).astype(np.int64)
    for one in (b for b in there if not b.ordered):
        for group, counts in _levels_by(view, one, by, len(sizes)).items():
            found[group][one.name] = counts
    return found


def viewed(table: Table, bins: Iterable[Bins]) -> Table:
    """The columns as they are counted: texts cut short, or their lengths, and levels as text."""
    terms = {}
    for one in bins:
        kind = table.dtype(one.name)
        if one.kind == "length" and kind not in NUMERIC:
            terms[one.name] = nw.col(one.name).cast(nw.String).str.len_chars().cast(nw.Int64)
        elif kind == "string":
            terms[one.name] = nw.col(one.name).cast(nw.String).str.slice(0, TEXT)
        else:
            terms[one.name] = nw.col(one.name)
    return Table(table.frame.select(**terms), table.keeps, table.place)


def level_pairs(table: Table, column: str, limit: int) -> list[tuple[str | None, int]]:
    """The most frequent levels of a viewed column as text with their rows, missing values included."""
    pairs: list[tuple[str | None, int]] = [(as_text(v), n) for v, n in table.value_counts(column, limit)]
    missing = table.select([column]).null_counts()[column]
    return [*pairs, (None, missing)] if missing else pairs


def _levels(view: Table, bins: Bins) -> Counts:
    pairs = level_pairs(view, bins.name, MOST_LEVELS_NOW)
    rest = view.rows - sum(rows for _, rows in pairs)
    counts = level_counts(pairs, bins)
    counts[-1] += rest
    return counts


def _levels_by(view: Table, bins: Bins, by: str, groups: int) -> Mapping[Group, Counts]:
    few = view.level_counts([bins.name], max(MOST_CELLS // max(groups, 1), 1))[bins.name] is not None
    if not few:
        return {}
    pairs: dict[Group, list[tuple[str | None, int]]] = {}
    for (group, level), rows in view.group_counts([by, bins.name]):
        pairs.setdefault(as_text(group), []).append((as_text(level), rows))
    return {group: level_counts(found, bins) for group, found in pairs.items()}


def _read(view: Table, bins: Bins, seed: int) -> Counts:
    """Numbers of a column that is text now, from a bounded sample; what is no number counts as missing."""
    cells = view.select([bins.name]).sample(PARSED, seed)[bins.name].to_pylist()
    return counted([as_number(cell) for cell in cells], bins)


def as_number(cell: object) -> float:
    """A cell as a number; NaN for what is none."""
    try:
        return float(str(cell))  # None and words are no numbers
    except ValueError:
        return math.nan


def as_text(value: Any) -> str | None:  # noqa: ANN401 - a cell
    """A level as text: 1 and 1.0 are the same level; None when it is missing."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
