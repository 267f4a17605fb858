"""When a source fell silent: days without a row beyond what was agreed, or beyond what is usual for it."""

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from redan.errors import IncompleteError
from redan.measures.load.arrivals import Arrivals

FEWEST = 10  # deliveries, to learn from
LEAST = 0.05  # of the usual rows of a day; a day with fewer is silent, or one planted row would hide a standstill
_LONGER = 3  # times the 95 % quantile of the usual gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The gaps of a source.

    Args:
        deliveries: distinct days with at least a twentieth of the usual rows.
        allowed: days from one delivery to the next that are within what was agreed or is usual.
        longest: days of the longest gap; from the last delivery until today when that is asked for.
        since: last day with rows before the longest gap.
        gaps: gaps that are too long.
        ongoing: whether the source is silent today.
        learned: whether `allowed` follows from the data.
    """

    deliveries: int
    allowed: int
    longest: int
    since: dt.date
    gaps: int
    ongoing: bool
    learned: bool


def silence(found: Arrivals, today: dt.date | None = None) -> Silence:
    """The gaps between days with rows.

    Args:
        found: rows by interval; a quarter of a declared interval is grace.
        today: also judge the time since the last row, for data that is still arriving.

    Raises:
        IncompleteError: no interval was declared and there are too few deliveries to learn from.
    """
    enough = LEAST * float(np.median(found.day_rows))
    days = [day for day, rows in zip(found.days, found.day_rows, strict=True) if rows >= enough]
    gaps = [(b - a).days for a, b in pairwise(days)]
    if found.declared:
        length = (found.every.after(days[0]) - days[0]).days
        longest_month = 3 if found.every.months else 0  # February is shorter than the rest
        allowed = length + length // 4 + longest_month
    else:
        if len(gaps) < FEWEST:
            raise IncompleteError(f"{len(days)} days with rows are too few to learn how often the source delivers")
        allowed = max(2, int(np.ceil(_LONGER * float(np.quantile(gaps, 0.95)))))
    waiting = (today - days[-1]).days if today is not None else 0
    spans = [*gaps, waiting]
    worst = int(np.argmax(spans))
    return Silence(
        deliveries=len(days),
        allowed=allowed,
        longest=spans[worst],
        since=days[worst],
        gaps=sum(gap > allowed for gap in spans),
        ongoing=waiting > allowed,
        learned=not found.declared,
    )
