"""Rows per interval of time and class: the small table that all questions about load are asked of."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.system.retention import Duration, parse_duration
from redan.tables import Table

MOST_CLASSES = 50  # more labels than this are no classes
MOST_INTERVALS = 100_000
STRAY_GAP = dt.timedelta(days=366)  # rows behind such a gap are misdated, unless they are many
STRAY_SHARE = 0.005
_SECONDS = (10**9 * 0.3, 2.6 * 10**9)  # 1979 to 2052 as seconds since 1970; a thousand times that as milliseconds
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Rows by day and class.

    Args:
        days: with at least one row, ascending.
        classes: labels as text, ascending; one empty text when no label was asked for.
        counts: rows, days x classes.
        undated: rows without a time.
        stray: rows dated so far from all others that they are misdated; they are left out.
    """

    days: tuple[dt.date, ...]
    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    undated: int = 0
    stray: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Rows by interval and class.

    Args:
        starts: first day of each interval, without a gap between them.
        every: length of an interval, and whether it was declared or follows from the data.
        declared: whether `every` was declared.
        classes: as in `Days`.
        counts: rows, intervals x classes.
        days: distinct days with rows.
        day_rows: rows on each of them.
        whole: per interval, whether it lies within the data entirely; the first and the last may be cut off.
    """

    starts: tuple[dt.date, ...]
    every: Duration
    declared: bool
    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    days: tuple[dt.date, ...]
    day_rows: NDArray[np.int64]
    whole: NDArray[np.bool_]

    @property
    def totals(self) -> NDArray[np.int64]:
        """Rows by interval."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def season(self) -> int:
        """Seven for at least two weeks of daily intervals, because days of the week differ; else one."""
        return 7 if self.every == (0, 1) and len(self.starts) >= 14 else 1  # noqa: PLR2004 - two weeks


def days_of(table: Table, time: str, label: str | None = None) -> Days:
    """Rows by day and class.

    Args:
        table: of any engine.
        time: column of dates or moments, or of numbers that are seconds or milliseconds since 1970 (UTC).
        label: column of classes; None counts rows alone.

    Raises:
        InputError: there is no such column.
        IncompleteError: the column tells no time, or there are too many classes.
    """
    dated = _dated(table, time)
    if label is not None and len(table.value_counts(label, MOST_CLASSES + 1)) > MOST_CLASSES:
        raise IncompleteError(f"column {label} has more than {MOST_CLASSES} values, so they are no classes")
    wanted = [time] if label is None else [time, label]
    groups = dated.group_counts(wanted)
    undated = sum(n for key, n in groups if key[0] is None)
    kept = [(_day(key[0]), "" if label is None else _word(key[1]), n) for key, n in groups if key[0] is not None]
    if not kept:
        raise IncompleteError(f"column {time} holds no time")
    days, classes = sorted({k[0] for k in kept}), sorted({k[1] for k in kept})
    rows, columns = {d: i for i, d in enumerate(days)}, {c: i for i, c in enumerate(classes)}
    counts = np.zeros((len(days), len(classes)), dtype=np.int64)
    for day, name, n in kept:
        counts[rows[day], columns[name]] += n
    return without_strays(Days(days=tuple(days), classes=tuple(classes), counts=counts, undated=undated))


def classes_of(table: Table, label: str) -> dict[str, int]:
    """Rows by class, as text.

    Raises:
        InputError: there is no such column.
        IncompleteError: there are too many classes.
    """
    if len(table.value_counts(label, MOST_CLASSES + 1)) > MOST_CLASSES:
        raise IncompleteError(f"column {label} has more than {MOST_CLASSES} values, so they are no classes")
    counts: dict[str, int] = {}
    for (value,), n in table.group_counts([label]):
        counts[_word(value)] = counts.get(_word(value), 0) + n
    return counts


def merged(parts: Sequence[Days]) -> Days:
    """The rows of several tables together.

    Raises:
        ValueError: there is none.
    """
    days = sorted({d for part in parts for d in part.days})
    classes = sorted({c for part in parts for c in part.classes})
    rows, columns = {d: i for i, d in enumerate(days)}, {c: i for i, c in enumerate(classes)}
    counts = np.zeros((len(days), len(classes)), dtype=np.int64)
    for part in parts:
        where = np.ix_([rows[d] for d in part.days], [columns[c] for c in part.classes])
        counts[where] += part.counts
    undated, stray = sum(p.undated for p in parts), sum(p.stray for p in parts)
    return Days(days=tuple(days), classes=tuple(classes), counts=counts, undated=undated, stray=stray)


def without_strays(found: Days) -> Days:
    """The same without the few rows that lie more than a year from all others: one of them would stretch every axis."""
    totals = found.counts.sum(axis=1)
    most, kept = STRAY_SHARE * totals.sum(), np.ones(len(totals), dtype=bool)
    for place in range(1, len(totals)):
        if found.days[place] - found.days[place - 1] > STRAY_GAP:
            if totals[:place].sum() <= most:
                kept[:place] = False
            elif totals[place:].sum() <= most:
                kept[place:] = False
                break
    days = tuple(d for d, keep in zip(found.days, kept, strict=True) if keep)
    return replace(found, days=days, counts=found.counts[kept], stray=found.stray + int(totals[~kept].sum()))


def arrivals(found: Days, every: str | None = None) -> Arrivals:
    """Rows by interval.

    Args:
        found: rows by day.
        every: length of an interval as `redan.toml` writes it; None takes the usual distance between days with rows.

    Raises:
        IncompleteError: there would be more than a hundred thousand intervals.
    """
    length = parse_duration(every) if every else _usual(found.days)
    places, starts = _placed(found.days, length)
    counts = np.zeros((len(starts), len(found.classes)), dtype=np.int64)
    np.add.at(counts, places, found.counts)
    whole = np.ones(len(starts), dtype=bool)
    whole[0] = len(starts) == 1
    whole[-1] = len(starts) > 1 and _complete(found.days, places, starts)
    return Arrivals(
        starts=tuple(starts),
        every=length,
        declared=every is not None,
        classes=found.classes,
        counts=counts,
        days=found.days,
        day_rows=found.counts.sum(axis=1),
        whole=whole,
    )


def _placed(days: Sequence[dt.date], length: Duration) -> tuple[NDArray[np.int64], list[dt.date]]:
    """The interval of each day, and the first day of every interval; counted from the first day."""
    first = days[0]
    if not length.months:
        places = np.array([(day - first).days // length.days for day in days], dtype=np.int64)
        if places[-1] >= MOST_INTERVALS:
            raise IncompleteError(f"the times span more than {MOST_INTERVALS:,} intervals")
        return places, [first + dt.timedelta(days=length.days * i) for i in range(int(places[-1]) + 1)]
    starts, step = [first], 1
    while (following := Duration(length.months * step, length.days * step).after(first)) <= days[-1]:
        starts.append(following)
        step += 1
        if following == dt.date.max:
            break
    return np.searchsorted(
        np.array(starts, dtype="datetime64[D]"), np.array(days, dtype="datetime64[D]"), "right"
    ) - 1, (starts)


def _complete(days: Sequence[dt.date], places: NDArray[np.int64], starts: Sequence[dt.date]) -> bool:
    """Whether the last interval's rows reach as far into it as those of the others usually do."""
    lasts = {int(place): day for day, place in zip(days, places, strict=True)}
    reach = [(lasts[place] - starts[place]).days for place in sorted(lasts)[:-1]]
    return (days[-1] - starts[-1]).days >= float(np.median(reach)) if reach else False


def _usual(days: Sequence[dt.date]) -> Duration:
    gaps = [(b - a).days for a, b in pairwise(days)]
    return Duration(0, max(1, round(float(np.median(gaps))))) if gaps else Duration(0, 1)


def time_scale(table: Table, time: str) -> int | None:
    """Units per second of a column of numbers; None for a column of dates or moments.

    Raises:
        InputError: there is no such column.
        IncompleteError: the column tells no time.
    """
    kind = table.dtype(time)
    if kind in {"date", "datetime"}:
        return None
    if kind not in {"int", "float"}:
        raise IncompleteError(f"column {time} holds no dates or moments that can be read")
    low, high = table.bounds(time)
    for scale in (1, 1000):
        if low is not None and _SECONDS[0] * scale <= float(low) and float(high) <= _SECONDS[1] * scale:
            return scale
    raise IncompleteError(f"column {time} holds numbers that are no seconds or milliseconds since 1970")


def _dated(table: Table, time: str) -> Table:
    scale = time_scale(table, time)
    if scale is None:
        return table.as_days(time)
    days = (nw.col(time).cast(nw.Float64) / float(_DAY_SECONDS * scale)).floor().cast(nw.Int64)
    return Table(table.frame.with_columns(days.alias(time)), table.keeps, table.place)


def _day(value: object) -> dt.date:
    if isinstance(value, int):
        return dt.date(1970, 1, 1) + dt.timedelta(days=value)
    return value.date() if isinstance(value, dt.datetime) else value  # type: ignore[return-value]


def _word(value: object) -> str:
    """A label as text: 1, 1.0 and true stay what their file shows."""
    if value is None:
        return "(missing)"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
