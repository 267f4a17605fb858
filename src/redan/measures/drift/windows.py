"""Current data in windows of time, so that a week that was different is not lost in a quiet year."""

import datetime as dt
from dataclasses import dataclass

from redan.measures.drift.counting import Group, count_by
from redan.measures.drift.features import Feature, within
from redan.measures.drift.frozen import Frozen
from redan.measures.drift.settings import Settings
from redan.tables import Table
from redan.tables.table import Period

MOST = 31
LEAST_ROWS = 100  # per window on average; shorter windows could tell nothing
_UNITS: tuple[tuple[Period, float], ...] = (
    ("1h", 3600.0),
    ("1d", 86_400.0),
    ("1mo", 2_629_800.0),
    ("1q", 7_889_400.0),
    ("1y", 31_557_600.0),
)
_COLUMN = "redan window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Windows of the current data against the reference.

    Args:
        every: length, in the words of Narwhals: `1d` is a day.
        starts: of the windows, as text, in order.
        rows: in each.
        features: every column in every window.
    """

    every: str
    starts: tuple[str, ...]
    rows: tuple[int, ...]
    features: tuple[Feature, ...]


def windows_of(frozen: Frozen, current: Table, time: str, settings: Settings, budget: float) -> Windows | str:
    """Every column in every window of time; the budget is divided among all of them.

    Args:
        frozen: the reference.
        current: the data of now.
        time: its column of moments.
        settings: what is tolerated.
        budget: chance of any false alarm in any window.

    Returns:
        Why there are no windows, where there are none.

    Raises:
        InputError: there is no such column.
    """
    if current.dtype(time) not in {"date", "datetime"}:
        return f"column {time} holds no times"
    every = _every(current, time)
    if every is None:
        return "there are too few rows, or too little time, for windows"
    name = _COLUMN + "_" * max(len(c) for c in current.columns)
    counts = count_by(current.bucketed(time, every, name), frozen.bins, name, 2 * MOST)
    found = {start: columns for start, columns in sorted(counts.items(), key=_order) if start is not None}
    reference = dict.fromkeys(found, frozen.counts)
    rows = tuple(max((int(c.sum()) for c in columns.values()), default=0) for columns in found.values())
    told = within(frozen.bins, reference, found, settings, budget)
    return Windows(every=every, starts=tuple(found), rows=rows, features=told)


def _order(pair: tuple[Group, object]) -> str:
    return pair[0] or ""


def _every(table: Table, time: str) -> Period | None:
    low, high = table.bounds(time)
    if low is None or high is None:
        return None
    seconds = _seconds(high - low) if isinstance(low, dt.date) else 0.0
    fits = ((unit, length) for unit, length in _UNITS if seconds > length and seconds / length < MOST)
    return next((unit for unit, length in fits if table.rows * length >= LEAST_ROWS * seconds), None)


def _seconds(span: dt.timedelta) -> float:
    return span.total_seconds()
