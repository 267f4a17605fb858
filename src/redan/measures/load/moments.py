"""When rows arrived within their intervals, for a bounded sample: whether the order of arrival decided what is used."""

import datetime as dt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.measures.load.arrivals import Arrivals, time_scale
from redan.measures.load.overload import cut_by_arrival
from redan.measures.subset.order import Order, order_test
from redan.tables import Table

ROWS = 200_000
_DAY = 86_400.0
_EPOCH = dt.date(1970, 1, 1)
_DEEP = 4  # rows of a contributor in an interval, from which a stratum of its own says something


class Moments(NamedTuple):
    """Rows of a sample.

    Args:
        seconds: since 1970 UTC; NaN where missing.
        who: code of the contributor's text, from 0; all 0 when nobody is named.
        whole: whether the sample is all rows.
    """

    seconds: NDArray[np.float64]
    who: NDArray[np.object_]
    whole: bool


def moments_of(table: Table, time: str, contributor: str | None, seed: int) -> Moments:
    """Times of arrival of at most two hundred thousand rows.

    Raises:
        InputError: there is no such column.
        IncompleteError: the column tells no time.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    scale = time_scale(table, time)
    rows = table.select([time] if contributor is None else [time, contributor]).sample(ROWS, seed)
    cells = rows[time].combine_chunks()
    if scale is None:
        stamps = pc.cast(pc.cast(cells, pa.timestamp("us"), safe=False), pa.int64())
        seconds = pc.cast(stamps, pa.float64(), safe=False).to_numpy(zero_copy_only=False) / 1e6
    else:
        seconds = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False) / scale
    who = np.full(len(seconds), "", dtype=object)
    if contributor is not None:
        who = np.array([str(value) for value in rows[contributor].to_pylist()], dtype=object)
    return Moments(np.asarray(seconds, dtype=np.float64), who, table.rows <= ROWS)


def drawn_in_order(pool: Moments, taken: Moments, intervals: Arrivals, limit: int) -> Order | None:
    """Whether, in the intervals in which the pool holds more than the limit, chance decided which rows were taken.

    Args:
        pool: of all contributions.
        taken: of the rows that are used.
        intervals: of the pool.
        limit: most rows of one interval.

    Returns:
        None when the times leave nothing to compare.
    """
    full = np.flatnonzero(intervals.totals > limit)
    inside, chosen = (_interval(found.seconds, intervals) for found in (pool, taken))
    kept, used = np.isin(inside, full), np.isin(chosen, full)
    if not used.any():
        return None
    strata = _strata(inside[kept], pool.who[kept], chosen[used], taken.who[used])
    return order_test(pool.seconds[kept], taken.seconds[used], *strata, all_rows=pool.whole and taken.whole)


def cut_in_order(taken: Moments, intervals: Arrivals, full: tuple[int, ...]) -> tuple[float | None, int]:
    """Without the pool: p-value of full intervals reaching as far as the others, and the rows that it rests on."""
    inside = _interval(taken.seconds, intervals)
    starts = [*intervals.starts, intervals.every.after(intervals.starts[-1])]
    edges: NDArray[np.float64] = np.array([(start - _EPOCH).days for start in starts], dtype=np.float64)
    days, lengths = edges[:-1], np.diff(edges)
    places = (taken.seconds / _DAY - days[inside]) / lengths[inside]
    by = [places[(inside == i) & np.isfinite(places)] for i in range(len(days))]
    if all(len(np.unique(p)) <= 1 for p in by):
        return None, 0
    return cut_by_arrival([by[i] for i in full], [p for i, p in enumerate(by) if i not in set(full)])


def _interval(seconds: NDArray[np.float64], intervals: Arrivals) -> NDArray[np.int64]:
    days = np.array(intervals.starts, dtype="datetime64[D]").astype(np.float64)
    found = np.searchsorted(days, np.floor(np.nan_to_num(seconds, nan=-np.inf) / _DAY), "right") - 1
    return np.clip(found, 0, len(days) - 1).astype(np.int64)


def _strata(
    inside: NDArray[np.int64], who: NDArray[np.object_], chosen: NDArray[np.int64], whose: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Interval and contributor where most rows have company there, so that a cap per contributor is no bias."""
    deep = [f"{i} {w}" for i, w in zip(inside, who, strict=True)]
    names, counts = np.unique(deep, return_counts=True)
    if counts[counts >= _DEEP].sum() * 2 >= len(deep):
        codes = {name: code for code, name in enumerate(names)}
        own = [f"{i} {w}" for i, w in zip(chosen, whose, strict=True)]
    else:
        codes = {str(i): code for code, i in enumerate(np.unique(inside))}
        deep, own = [str(i) for i in inside], [str(i) for i in chosen]
    return np.array([codes[d] for d in deep], np.int64), np.array([codes.get(o, len(codes)) for o in own], np.int64)
