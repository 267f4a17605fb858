"""Columns that identify a person or a row, told by their content: a value of its own in nearly every row."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.measures.columns import is_prose, numbers
from redan.measures.personal import Kind as PersonalKind
from redan.measures.personal import scan_values
from redan.tables import Kind, Table

Numbers: TypeAlias = NDArray[np.float64]
LEAST_ROWS = 50  # of fewer rows, any column may have all values different
UNIQUE = 0.9  # texts: an identifier with a tenth of repeats still names rows
UNIQUE_NUMBER = 0.98
UNIQUE_NAMED = 0.5  # enough when the column is also called an identifier
DENSE = 1.05  # as many numbers as the range has room for: counted, not measured
EQUAL_LENGTH = 0.95
LEAST_DIGITS = 6
PHONE_DIGITS = 8  # from here on, equally long whole numbers are numbers of accounts, lines or cards
EVEN = 0.05  # greatest distance of quantiles from an even spread
SAMPLE = 2_000
LEAST_RECOGNISED = 20  # distinct values before a recogniser of personal data is asked
OLDEST_YEARS = 115
_EPOCHS = ((9.0e8, 2.2e9), (9.0e11, 2.2e12), (9.0e14, 2.2e15), (9.0e17, 2.2e18))  # 1998 to 2039 in s, ms, us, ns
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_CALLED = frozenset(
    {"id", "ids", "uid", "uuid", "guid", "key", "no", "nr", "num", "number", "ref", "msisdn", "imsi", "imei", "iccid"}
)
_GLUED = re.compile(
    r"(customer|user|client|subscriber|account|person|patient|employee|order|record|row|member)(id|no|nr)$"
)
_BORN = re.compile(r"birth|\bdob\b|born|geburt|naissance|nacimiento", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
_OTHER_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


class Identifying(NamedTuple):
    """Why a column identifies.

    Args:
        reason: a clause without a full stop; holds no value of the column.
        unique: distinct values per filled row.
        rows: filled rows.
    """

    reason: str
    unique: float
    rows: int


def identifying(table: Table, columns: Sequence[str], *, today: dt.date, seed: int) -> dict[str, Identifying]:
    """Which columns identify a person or a row, and why.

    Numbers with fractions never do, however different they are; whole numbers do when they are counted up, or equally
    long and evenly spread, as the numbers of accounts and lines are; texts do unless they are sentences or numbers.
    Dates of birth, and values that a recogniser of personal data knows, do even where they recur.

    Args:
        table: the data.
        columns: those to look at.
        today: to tell dates of birth from other dates.
        seed: of the sample of rows that tells which columns to count over all rows.

    Returns:
        By column, those that identify; empty when there are fewer than 50 rows.

    Raises:
        InputError: there is no such column.
    """
    if not columns or table.rows < LEAST_ROWS:
        return {}
    rows = table.select(columns).sample(SAMPLE, seed)
    seen = {name: [_text(v) for v in rows[name].to_pylist() if v is not None] for name in columns}
    close = [name for name, texts in seen.items() if len(set(texts)) >= UNIQUE_NAMED * len(texts) > 0]
    counted = table.select(close) if close else None
    distinct = counted.distinct_counts() if counted else {}
    missing = counted.null_counts() if counted else {}
    found: dict[str, Identifying] = {}
    for name, texts in seen.items():
        filled = table.rows - missing.get(name, 0)
        unique = distinct.get(name, 0) / max(filled, 1)
        facts = _Facts(name, table.dtype(name), sorted({t for t in texts if t}), distinct.get(name, 0), unique)
        if filled >= LEAST_ROWS and (reason := _reason(table, facts, today)):
            found[name] = Identifying(reason, unique if name in distinct else len(set(texts)) / len(texts), filled)
    return found


class _Facts(NamedTuple):
    name: str
    dtype: Kind
    texts: list[str]  # distinct, of a sample
    distinct: int  # over all rows; 0 when the sample already shows many repeats
    unique: float


def _text(value: object) -> str:
    return str(value).strip()


def is_called_identifier(column: str) -> bool:
    """Whether a column's name says that it is an identifier: `customer_id`, `CustomerID`, `accountno`."""
    words = [word.lower() for word in _WORDS.findall(column)]
    return bool(words) and (words[-1] in _CALLED or bool(_GLUED.search("".join(words))))


def _reason(table: Table, facts: _Facts, today: dt.date) -> str | None:
    return _shape_reason(table, facts, today) or _content_reason(facts)


def _content_reason(facts: _Facts) -> str | None:
    """Numbers of lines, cards and persons identify even where they recur in several rows."""
    if facts.dtype in ("bool", "float", "other") or len(facts.texts) < LEAST_RECOGNISED:
        return None
    found = scan_values(facts.name, facts.texts)
    if found is None or found.in_text or found.kind is PersonalKind.LOCATION:
        return None
    return f"it holds values of the kind {found.kind} ({found.matches} of {found.n} distinct values looked at)"


def _shape_reason(table: Table, facts: _Facts, today: dt.date) -> str | None:
    dates = [d for d in map(_date, facts.texts) if d is not None]
    if facts.texts and len(dates) >= EQUAL_LENGTH * len(facts.texts):
        return "it holds dates of birth" if _are_births(dates, facts.name, today) else None
    if facts.dtype in ("bool", "date", "datetime", "other") or not facts.texts:
        return None
    values = numbers(list(facts.texts))
    if values is not None:
        whole = values[~np.isnan(values)]
        return _number_reason(whole, facts, counted=_are_counted(table, facts, whole))
    least = UNIQUE_NAMED if is_called_identifier(facts.name) else UNIQUE
    if facts.unique >= least and not is_prose(facts.texts):
        return "nearly every row has a text of its own"
    return None


def _are_counted(table: Table, facts: _Facts, values: Numbers) -> bool:
    """Whether there are as many different numbers as between the smallest and the largest."""
    if facts.unique < UNIQUE_NUMBER:
        return False
    low, high = values.min(), values.max()
    if facts.dtype in ("int", "float"):
        low, high = map(float, table.bounds(facts.name))
    elif facts.distinct > SAMPLE:
        return False
    return bool(high - low + 1 <= DENSE * facts.distinct)


def _number_reason(values: Numbers, facts: _Facts, *, counted: bool) -> str | None:
    if not np.isfinite(values).all() or (values % 1 != 0).any():
        return None
    if facts.unique >= UNIQUE_NAMED and is_called_identifier(facts.name):
        return "it is called an identifier, and most rows have a whole number of their own"
    if facts.unique < UNIQUE_NUMBER:
        return None
    if counted:
        return "its whole numbers are counted up, one per row"
    digits = np.array([len(str(int(abs(v)))) for v in values])
    alike = np.mean(digits == np.median(digits)) >= EQUAL_LENGTH and np.median(digits) >= LEAST_DIGITS
    if alike and not _are_times(values) and (np.median(digits) >= PHONE_DIGITS or _is_even(values)):
        return "its whole numbers are equally long and different in nearly every row"
    return None


def _is_even(values: Numbers) -> bool:
    spread = (np.sort(values) - values.min()) / max(np.ptp(values), 1.0)
    return bool(np.abs(spread - np.linspace(0, 1, len(spread))).max() < EVEN)


def _are_times(values: Numbers) -> bool:
    return any(low <= values.min() and values.max() <= high for low, high in _EPOCHS)


def _date(text: str) -> dt.date | None:
    iso, other = _ISO.fullmatch(text), _OTHER_DATE.fullmatch(text)
    if iso is None and other is None:
        return None
    parts = [int(part) for part in (iso or other).groups()]  # type: ignore[union-attr]
    year, middle, last = parts if iso else reversed(parts)
    for month, day in ((middle, last), (last, middle)):
        try:
            return dt.date(year, month, day)
        except ValueError:
            continue
    return None


def _are_births(dates: list[dt.date], column: str, today: dt.date) -> bool:
    """Named so, or spread over a generation and old, with days all over the year."""
    if _BORN.search(column):
        return True
    years = np.array([d.year for d in dates])
    low, middle, high = np.quantile(years, [0.05, 0.5, 0.95])
    days = len({(d.month, d.day) for d in dates})
    recent = low >= today.year - OLDEST_YEARS
    return bool(recent and middle <= today.year - 18 and high - low >= 25 and days >= LEAST_ROWS)  # noqa: PLR2004
