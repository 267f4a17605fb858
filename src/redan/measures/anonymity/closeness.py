"""How far the sensitive values of a group lie from those of everybody: t-closeness, and what a guesser gains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.measures.anonymity.diversity import sensitive_cells
from redan.measures.anonymity.groups import standing
from redan.tables import Table, table_of

if TYPE_CHECKING:
    import pyarrow as pa

CELLS = 1_000_000  # combinations of group and value; more are rows, not an aggregate
BINS = 100  # numbers with more values than this are put into so many bins of equal frequency
CHUNK = 2_000_000  # cells of the dense table of groups by values that are held at once
SHUFFLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TCloseness:
    """How much a group tells about the sensitive value of its members.

    Args:
        t: largest distance of any group; None when no group has a value.
        ordered: whether the distance is the earth mover's over ordered values, or half the sum of differences.
        by_chance: the same when values are dealt at random to groups of the same sizes (mean of ten deals).
        gain: most that an attacker's confidence in one value rises, over all groups and values.
        skewed: persons in groups where it rises by more than half, and by more than chance explains at 1 %.
        groups: with at least one value.
        persons: in these groups, with a value.
        levels: distinct values, or bins.
        binned: whether numbers were put into bins.
    """

    t: float | None
    ordered: bool
    by_chance: float | None
    gain: float
    skewed: int
    groups: int
    persons: int
    levels: int
    binned: bool


class _Cells(NamedTuple):
    group: NDArray[np.int64]  # one entry per group and value that occurs
    level: NDArray[np.int64]
    n: NDArray[np.int64]
    groups: int
    levels: int


def t_closeness(
    data: Any,  # noqa: ANN401 -- whatever `table_of` understands
    quasi_identifiers: Sequence[str],
    sensitive: str,
    *,
    person: str | None = None,
    order: Sequence[Any] | None = None,
    rng: np.random.Generator | None = None,
) -> TCloseness:
    """The largest distance between a group's distribution of a sensitive value and everybody's.

    Source: Li, Li and Venkatasubramanian, t-Closeness, ICDE 2007, section 4: ordered distance for numbers, dates and
    values with a given order, equal distance for others. The gain is the confidence gained of Brickell and Shmatikov
    (KDD 2008, section 4), tested per group against the hypergeometric distribution with Bonferroni's correction.

    Args:
        data: a table, or a frame of any kind that `redan.tables.table_of` takes.
        quasi_identifiers: columns that an outsider may know.
        sensitive: column whose value nobody should be able to tell of a person.
        person: column that tells persons apart where one person has several rows.
        order: the values from lowest to highest, for words that have an order.
        rng: deals values at random for `by_chance`, which is None without it.

    Returns:
        `t` is None when no row left to judge has a sensitive value.

    Raises:
        InputError: there is no such column, the sensitive column is a quasi-identifier, there are more than a
            million combinations, or a value is not in the given order.
    """
    table = standing(table_of(data), quasi_identifiers)
    numeric = table.dtype(sensitive) in {"int", "float", "bool"}
    table, binned = _binned(table, sensitive) if numeric else (table, False)
    ordered = order is not None or (table.dtype(sensitive) in {"int", "float", "date", "datetime"})
    cells = _collected(table, quasi_identifiers, sensitive, person, order)
    if not len(cells.n):
        return TCloseness(
            t=None,
            ordered=ordered,
            by_chance=None,
            gain=0.0,
            skewed=0,
            groups=0,
            persons=0,
            levels=0,
            binned=binned,
        )
    gain, skewed = _gains(cells)
    return TCloseness(
        t=float(distances(cells.group, cells.level, cells.n, ordered=ordered).max()),
        ordered=ordered,
        by_chance=None if rng is None else _by_chance(cells, rng, ordered=ordered),
        gain=gain,
        skewed=skewed,
        groups=cells.groups,
        persons=int(cells.n.sum()),
        levels=cells.levels,
        binned=binned,
    )


def distances(
    group: NDArray[np.int64], level: NDArray[np.int64], n: NDArray[np.int64], *, ordered: bool
) -> NDArray[np.float64]:
    """The distance of each group's distribution of values from the distribution of all.

    Args:
        group: shape (c,), group of each cell, from 0.
        level: shape (c,), value of each cell, from 0 and in order.
        n: shape (c,), persons in each cell.
        ordered: earth mover's distance over the order of values, else total variation.

    Returns:
        Shape (groups,), each in [0, 1].
    """
    sizes = np.bincount(group, weights=n)
    overall = np.bincount(level, weights=n) / n.sum()
    if not ordered or len(overall) <= 2:  # noqa: PLR2004 -- with two values both distances are the same
        excess = np.maximum(n / sizes[group] - overall[level], 0.0)
        # Values that a group lacks only fall, and what falls is what rises.
        return np.asarray(np.bincount(group, weights=excess, minlength=len(sizes)), dtype=np.float64)
    found = np.empty(len(sizes))
    step = max(1, CHUNK // len(overall))
    order = np.argsort(group, kind="stable")
    group, level, n = group[order], level[order], n[order]
    for start in range(0, len(sizes), step):
        stop = min(start + step, len(sizes))
        part = slice(np.searchsorted(group, start), np.searchsorted(group, stop))
        places = (group[part] - start) * len(overall) + level[part]
        dense = np.bincount(places, weights=n[part], minlength=(stop - start) * len(overall))
        shares = dense.reshape(stop - start, -1) / sizes[start:stop, None]
        found[start:stop] = np.abs(np.cumsum(shares - overall, axis=1)).sum(axis=1) / (len(overall) - 1)
    return found


def _binned(table: Table, sensitive: str) -> tuple[Table, bool]:
    """Numbers of many values as numbers of bins; infinities fall into the outer ones."""
    if table.select([sensitive]).distinct_counts()[sensitive] <= BINS:
        return table, False
    cuts = np.unique(table.quantiles(sensitive, [i / BINS for i in range(1, BINS)]))
    finite = [float(cut) for cut in cuts if np.isfinite(cut)]
    return (table.binned({sensitive: finite}), True) if finite else (table, False)


def _collected(
    table: Table,
    quasi_identifiers: Sequence[str],
    sensitive: str,
    person: str | None,
    order: Sequence[Any] | None,
) -> _Cells:
    cells = sensitive_cells(table, quasi_identifiers, sensitive, person)
    found = cells.head(CELLS + 1).collect("pyarrow").to_arrow()
    if found.num_rows > CELLS:
        raise InputError(
            f"columns {', '.join([*quasi_identifiers, sensitive])} have more than {CELLS:,} combinations",
            where=table.place,
            remedy="generalise the quasi-identifiers first",
        )
    found = found.filter(found["s"].is_valid())
    keys = [*(f"q{i}" for i in range(len(quasi_identifiers))), "s"]
    found = found.sort_by([(key, "ascending") for key in keys])  # engines give groups in an order of their own
    level, levels = _levels(found["s"], order)
    group, groups = codes([found[f"q{i}"] for i in range(len(quasi_identifiers))], found.num_rows)
    return _Cells(group, level, found["n"].to_numpy().astype(np.int64), groups, levels)


def codes(columns: "Sequence[pa.ChunkedArray]", rows: int) -> tuple[NDArray[np.int64], int]:
    """Each combination of values as a number from 0, missing ones as a value of their own, and how many there are."""
    found = np.zeros(rows, dtype=np.int64)
    for column in columns:
        own = _encoded(column)
        found = np.unique(found * (int(own.max(initial=0)) + 1) + own, return_inverse=True)[1].astype(np.int64)
    return found, int(found.max(initial=-1)) + 1


def _encoded(column: "pa.ChunkedArray") -> NDArray[np.int64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = column.cast(pa.string()) if pa.types.is_nested(column.type) else column
    kept = pc.dictionary_encode(plain, null_encoding="encode").combine_chunks()
    return np.asarray(kept.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _levels(column: "pa.ChunkedArray", order: Sequence[Any] | None) -> tuple[NDArray[np.int64], int]:
    values = column.to_pylist()
    distinct = sorted(set(values)) if order is None else list(order)
    place = {value: i for i, value in enumerate(distinct)}
    if any(value not in place for value in values):
        raise InputError("a sensitive value is not in the given order", remedy="list every value, lowest first")
    return np.array([place[value] for value in values], dtype=np.int64), len(distinct)


def _gains(cells: _Cells) -> tuple[float, int]:
    """The most that confidence rises, and persons in groups where that is much and no chance."""
    from scipy.stats import hypergeom

    persons, sizes = int(cells.n.sum()), np.bincount(cells.group, weights=cells.n).astype(np.int64)
    totals = np.bincount(cells.level, weights=cells.n).astype(np.int64)
    gains = cells.n / sizes[cells.group] - totals[cells.level] / persons
    much = gains > 0.5  # noqa: PLR2004 -- the attacker would now rather bet on it than against it
    place = np.flatnonzero(much)
    tail = hypergeom.sf(cells.n[place] - 1, persons, totals[cells.level[place]], sizes[cells.group[place]])
    sure = place[tail * cells.groups * cells.levels < 0.01]  # noqa: PLR2004 -- over all groups and values
    return float(gains.max()), int(sizes[np.unique(cells.group[sure])].sum())


def _by_chance(cells: _Cells, rng: np.random.Generator, *, ordered: bool) -> float:
    group, level = np.repeat(cells.group, cells.n), np.repeat(cells.level, cells.n)
    found = []
    for _ in range(SHUFFLES):
        dealt, n = np.unique(group * cells.levels + rng.permutation(level), return_counts=True)
        found.append(distances(dealt // cells.levels, dealt % cells.levels, n, ordered=ordered).max())
    return float(np.mean(found))
