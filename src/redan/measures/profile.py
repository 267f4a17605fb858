"""A dataset in aggregates: types, missing and distinct counts, and bounds of columns that hold nothing personal."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from redan.canon import Json
from redan.tables import Kind, Table

_BOUNDED = frozenset({"int", "float", "date", "datetime"})  # the bounds of texts are raw values


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column.

    Args:
        name: of the column.
        dtype: what it holds.
        missing: rows without a value.
        distinct: different values.
        low: smallest value as text; None for texts, personal columns and columns without values.
        high: largest value as text, likewise.
        personal: whether its values must not be shown.
    """

    name: str
    dtype: Kind
    missing: int
    distinct: int
    low: str | None = None
    high: str | None = None
    personal: bool = False

    def to_json(self) -> dict[str, Json]:
        """The column as `redan/profile/v1` writes it."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "missing": self.missing,
            "distinct": self.distinct,
            "low": self.low,
            "high": self.high,
            "personal": self.personal,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A whole table.

    Args:
        rows: how many.
        columns: in order.
    """

    rows: int
    columns: tuple[ColumnProfile, ...]

    def to_json(self) -> dict[str, Json]:
        """The profile as `redan/profile/v1` writes it."""
        return {"rows": self.rows, "columns": [column.to_json() for column in self.columns]}


def profile(table: Table, personal: Collection[str] = ()) -> Profile:
    """Aggregates of every column; no raw value of a text or of a personal column is in it.

    Args:
        table: the data.
        personal: columns whose bounds are not shown; names that are no column are passed over.
    """
    missing, distinct = table.null_counts(), table.distinct_counts()
    return Profile(
        rows=table.rows,
        columns=tuple(
            ColumnProfile(
                name=name,
                dtype=table.dtype(name),
                missing=missing[name],
                distinct=distinct[name],
                personal=name in personal,
                **_bounds(table, name, shown=name not in personal),
            )
            for name in table.columns
        ),
    )


def _bounds(table: Table, name: str, *, shown: bool) -> dict[str, str | None]:
    if not shown or table.dtype(name) not in _BOUNDED:
        return {}
    low, high = table.bounds(name)
    return {"low": _plain(low), "high": _plain(high)}


def _plain(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    return f"{value:.6g}" if isinstance(value, float) else str(value)
