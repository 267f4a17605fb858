"""How long data may be kept: a date, or a duration that counts from the day of collection.

Source: ISO 8601-1:2019, 5.5.2 (durations of years, months, weeks and days).
"""

import calendar
import datetime as dt
import re
from typing import NamedTuple

_ISO = re.compile(r"P(?=[0-9])(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?")
_WORDS = re.compile(r"([0-9]{1,5})[ ]+(year|month|week|day)s?")
_JOINT = re.compile(r"[ ]*(?:,|and|)[ ]+(?:and[ ]+)?")
EXPECTED = "must be a date such as 2027-06-30, or a duration such as '18 months' or 'P18M'"


class Duration(NamedTuple):
    """A calendar duration: months first, then days; months are never turned into days."""

    months: int
    days: int

    def after(self, day: dt.date) -> dt.date:
        """The day that lies this duration after `day`; a day that its month lacks becomes that month's last one.

        Returns:
            The date, or the last date there is when it lies beyond the year 9999.
        """
        year, month = divmod(day.year * 12 + day.month - 1 + self.months, 12)
        if year > dt.MAXYEAR:
            return dt.date.max
        last = calendar.monthrange(year, month + 1)[1]
        moved = dt.date(year, month + 1, min(day.day, last))
        return moved + dt.timedelta(days=min(self.days, (dt.date.max - moved).days))


def parse_duration(text: str) -> Duration:
    """The duration that `18 months`, `1 year and 6 months`, `90 days`, `P18M` or `P1Y6M` spells.

    Raises:
        ValueError: the text is no such duration, or it is no time at all.
    """
    bare = text.strip()
    found = _ISO.fullmatch(bare)
    years, months, weeks, days = (int(part or 0) for part in found.groups()) if found else _in_words(bare.lower())
    whole = Duration(years * 12 + months, weeks * 7 + days)
    if whole == (0, 0):
        raise ValueError(EXPECTED)
    return whole


def _in_words(text: str) -> tuple[int, int, int, int]:
    amounts: dict[str, int] = {}
    at = 0
    while found := _WORDS.match(text, at):
        unit = found.group(2)
        if unit in amounts:
            raise ValueError(EXPECTED)
        amounts[unit] = int(found.group(1))
        at = found.end()
        joint = _JOINT.match(text, at)
        at = joint.end() if joint and joint.end() < len(text) else at
        if not joint:
            break
    if at != len(text):
        raise ValueError(EXPECTED)
    return amounts.get("year", 0), amounts.get("month", 0), amounts.get("week", 0), amounts.get("day", 0)


def retention_end(collected: dt.date | None, retention: dt.date | str | None) -> dt.date | None:
    """The last day on which data may be kept.

    Args:
        collected: day of collection, from which a duration counts.
        retention: a date, a duration, or nothing.

    Returns:
        The day; None when no retention is stated, or a duration has no day to count from.

    Raises:
        ValueError: the text is no duration.
    """
    if retention is None or isinstance(retention, dt.date):
        return retention
    duration = parse_duration(retention)
    return None if collected is None else duration.after(collected)
