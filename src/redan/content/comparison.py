"""What became of a sealed table: which rows are changed, added, removed or moved; numbers and columns, never values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from redan.canon import Json
from redan.errors import InvalidError

LISTED = 1_000  # rows that are named one by one; all are counted
_SHOWN = 5  # in one sentence


class ChangedRow(NamedTuple):
    """A row whose content is another.

    Args:
        row: its number in the sealed table, from 1, the header not counted.
        now: its number today.
        columns: columns in which it differs; empty when the record does not tell.
    """

    row: int
    now: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddedRows:
    """Rows that were not sealed.

    Args:
        after: number of the sealed row behind which they stand, from 1; 0 for the start.
        first: number today of the first of them.
        count: how many stand one behind the other.
    """

    after: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class RemovedRows:
    """Sealed rows that are gone: numbers from 1 of the first, and how many."""

    first: int
    count: int


class MovedRow(NamedTuple):
    """A row with the same content at another place: its number when sealed and today, from 1."""

    row: int
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """What became of the rows; lists hold the first thousand of each, the counts are of all.

    Args:
        changed, added, removed, moved: see the records.
        changed_count, added_count, removed_count, moved_count: rows.
        columns: how many changed rows differ in each column, most first.
    """

    changed: tuple[ChangedRow, ...] = ()
    added: tuple[AddedRows, ...] = ()
    removed: tuple[RemovedRows, ...] = ()
    moved: tuple[MovedRow, ...] = ()
    changed_count: int = 0
    added_count: int = 0
    removed_count: int = 0
    moved_count: int = 0
    columns: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A sealed table and the table as it is now.

    Args:
        place: the file.
        same_bytes: whether the file is the sealed one, byte for byte and by name.
        same_content: whether columns, rows and their order are the sealed ones.
        same_rows: whether columns and rows are, in whatever order.
        rows: sealed rows.
        rows_now: rows today.
        columns_added: columns that were not sealed.
        columns_removed: sealed columns that are gone.
        columns_renamed: sealed columns with the same values under another name.
        changes: what became of the rows; None when they could not be compared.
        unknown: why not.
        fault: why the bytes are not the sealed ones.
        key_id: of the key that signed.
        root: root digest of the seal.
    """

    place: str
    same_bytes: bool
    same_content: bool
    same_rows: bool
    rows: int
    rows_now: int
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    columns_renamed: tuple[tuple[str, str], ...] = ()
    changes: RowChanges | None = None
    unknown: str | None = None
    fault: str | None = None
    key_id: str = ""
    root: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What happened, in counts, row numbers and column names; empty when nothing did."""
        return tuple(self._said())

    @property
    def summary(self) -> str:
        """The same in one line without a full stop."""
        return "; ".join(self.sentences)

    def check(self) -> None:
        """Accepts the sealed bytes.

        Raises:
            InvalidError: the bytes are other ones; says what became of the content.
        """
        if not self.same_bytes:
            remedy = "restore the sealed file, or look at every change and seal it again"
            raise InvalidError(self.summary, where=self.place, remedy=remedy)

    def to_json(self) -> dict[str, Json]:
        """The comparison as `redan verify --format json` writes it."""
        changes = self.changes
        return {
            "same_bytes": self.same_bytes,
            "same_content": self.same_content,
            "same_rows": self.same_rows,
            "rows": {"sealed": self.rows, "now": self.rows_now},
            "columns": {
                "added": list[Json](self.columns_added),
                "removed": list[Json](self.columns_removed),
                "renamed": [list[Json](pair) for pair in self.columns_renamed],
            },
            "changes": None if changes is None else _changes_json(changes),
            "unknown": self.unknown,
        }

    def _said(self) -> Iterator[str]:
        if self.same_bytes:
            return
        if self.same_content:
            yield (
                "is not the file that was sealed, but says the same: it was written again, and its "
                f"{_count(self.rows, 'row')} and all columns are as sealed"
            )
            return
        yield "is not what was sealed"
        if self.columns_added:
            yield f"{_columns(self.columns_added)} added"
        if self.columns_removed:
            yield f"{_columns(self.columns_removed)} removed"
        for before, now in self.columns_renamed:
            yield f"column {before!r} is now called {now!r}"
        if self.same_rows:
            yield f"all {_count(self.rows, 'row')} are there, in another order"
        if self.changes is not None:
            yield from _rows_said(self.changes)
        if self.unknown is not None:
            yield f"{_count(self.rows, 'row')} sealed, {self.rows_now:,} there now"
            yield f"which rows differ is not known: {self.unknown}"


def _rows_said(changes: RowChanges) -> Iterator[str]:
    if changes.changed:
        shown = [_row_said(row) for row in changes.changed[:_SHOWN]]
        yield _listed(shown, changes.changed_count, "changed")
    if changes.added:
        runs = [f"{_count(a.count, 'row')} added {_after(a.after)}" for a in changes.added[:_SHOWN]]
        yield _more(runs, changes.added_count - sum(a.count for a in changes.added[:_SHOWN]), "added")
    if changes.removed:
        removed = [f"{_span(r.first, r.count)} removed" for r in changes.removed[:_SHOWN]]
        yield _more(removed, changes.removed_count - sum(r.count for r in changes.removed[:_SHOWN]), "removed")
    if changes.moved:
        moved = [f"row {m.row:,} moved to {m.now:,}" for m in changes.moved[:_SHOWN]]
        yield _more(moved, changes.moved_count - len(moved), "moved")


def _row_said(row: ChangedRow) -> str:
    where = f"row {row.row:,}" if row.row == row.now else f"row {row.row:,} (now {row.now:,})"
    if not row.columns:
        return f"{where} changed"
    shown = ", ".join(row.columns[:_SHOWN])
    more = f" and {len(row.columns) - _SHOWN:,} more" if len(row.columns) > _SHOWN else ""
    return f"{where} changed (column{'s' if len(row.columns) > 1 else ''} {shown}{more})"


def _listed(shown: Sequence[str], total: int, what: str) -> str:
    return _more(shown, total - len(shown), what)


def _more(shown: Sequence[str], left: int, what: str) -> str:
    more = [f"and {_count(left, 'more row')} {what}"] if left > 0 else []
    return ", ".join([*shown, *more])


def _after(row: int) -> str:
    return f"after row {row:,}" if row else "before the first row"


def _span(first: int, count: int) -> str:
    return f"row {first:,}" if count == 1 else f"rows {first:,}-{first + count - 1:,}"


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:80]) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"column{'s' if len(names) > 1 else ''} {shown}{more}"


def _changes_json(changes: RowChanges) -> dict[str, Json]:
    return {
        "changed": {
            "rows": changes.changed_count,
            "columns": [[name, count] for name, count in changes.columns],
            "listed": [{"row": r.row, "now": r.now, "columns": list[Json](r.columns)} for r in changes.changed],
        },
        "added": {
            "rows": changes.added_count,
            "listed": [{"after": a.after, "first": a.first, "rows": a.count} for a in changes.added],
        },
        "removed": {
            "rows": changes.removed_count,
            "listed": [{"first": r.first, "rows": r.count} for r in changes.removed],
        },
        "moved": {"rows": changes.moved_count, "listed": [{"row": m.row, "now": m.now} for m in changes.moved]},
    }


def runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as (first, how many in a row)."""
    for _, group in groupby(enumerate(rows), key=lambda pair: pair[1] - pair[0]):
        members = [row for _, row in group]
        yield members[0], len(members)
