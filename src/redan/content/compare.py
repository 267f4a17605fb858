"""Compares a table as it is today with what was sealed of it."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from redan.content.align import Alignment, align
from redan.content.comparison import LISTED, AddedRows, ChangedRow, Comparison, MovedRow, RemovedRows, RowChanges, runs
from redan.content.digest import ContentDigest, Reading, digest_of_rows, reading
from redan.content.rows import Rows, spooled
from redan.content.statement import ContentSaid
from redan.errors import InputError

NO_SECRET = "the key of the rows is not here"  # noqa: S105 - a sentence
COLUMNS_GONE = "columns that were sealed are gone"
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What a table is compared with.

    Args:
        said: the signed statement of the content.
        record: the rows as they were; None without their secret.
        fault: why the bytes are not the sealed ones; None when they are.
        key_id: of the key that signed.
        root: root digest of the seal.
    """

    said: ContentSaid
    record: Rows | None
    fault: str | None
    key_id: str
    root: str


def compared(path: Path, sides: Sides) -> Comparison:
    """What became of a sealed table.

    Raises:
        InputError: the file is no table any more.
    """
    said, kinds = sides.said, sides.said.kinds
    with ExitStack() as stack:
        read = reading(path, stack, kinds)
        gone = tuple(name for name in kinds if name not in read.kinds)
        fresh = tuple(name for name in read.kinds if name not in kinds)
        renamed = _renamed(read, gone, fresh, sides.record) if gone else {}
        gone = tuple(name for name in gone if name not in renamed)
        names = {name: renamed.get(name, name) for name in kinds if name not in gone}
        rows, digest = None, None
        if not gone:
            rows = spooled(reading(path, stack, kinds, names).blocks(said.identifiers))
            digest = digest_of_rows(kinds, rows.digests)
        count = len(rows.digests) if rows is not None else _count(read)
    added = tuple(name for name in fresh if name not in renamed.values())
    same_columns = not (gone or added or renamed)
    same_order = digest is not None and digest.ordered == said.digest.ordered
    changes, unknown = _changes(sides, rows, digest, tuple(kinds))
    return Comparison(
        place=str(path),
        same_bytes=sides.fault is None,
        same_content=same_columns and same_order,
        same_rows=digest is not None and digest.unordered == said.digest.unordered and same_columns,
        rows=said.rows,
        rows_now=count,
        columns_added=added,
        columns_removed=gone,
        columns_renamed=tuple(renamed.items()),
        changes=changes,
        unknown=unknown,
        fault=sides.fault,
        key_id=sides.key_id,
        root=sides.root,
    )


def _changes(
    sides: Sides, rows: Rows | None, digest: ContentDigest | None, columns: tuple[str, ...]
) -> tuple[RowChanges | None, str | None]:
    """What became of the rows, or why that is not known; neither when every row is where and what it was."""
    if rows is None or digest is None:
        return None, COLUMNS_GONE
    if digest.ordered == sides.said.digest.ordered:
        return RowChanges(), None
    if sides.record is None:
        return None, None if digest.unordered == sides.said.digest.unordered else NO_SECRET
    try:
        found = align(sides.record, rows)
    except InputError as error:
        return None, error.what
    return _named(found, sides.record, rows, columns), None


def _named(found: Alignment, old: Rows, new: Rows, columns: tuple[str, ...]) -> RowChanges:
    listed: list[ChangedRow] = []
    counts = Counter[str]()
    for first in range(0, len(found.changed), _CHUNK):
        pairs = found.changed[first : first + _CHUNK]
        differ = old.hints[[pair.old for pair in pairs]] != new.hints[[pair.new for pair in pairs]]
        counts.update(dict(zip(columns, differ.sum(axis=0).tolist(), strict=True)))
        for pair, row in zip(pairs[: LISTED - len(listed)], differ, strict=False):
            names = tuple(columns[place] for place in np.flatnonzero(row))
            listed.append(ChangedRow(pair.old + 1, pair.new + 1, names))
    added = [AddedRows(found.after(first), first + 1, count) for first, count in runs(found.added)][:LISTED]
    removed = [RemovedRows(first + 1, count) for first, count in runs(found.removed)][:LISTED]
    return RowChanges(
        changed=tuple(listed),
        added=tuple(added),
        removed=tuple(removed),
        moved=tuple(MovedRow(pair.old + 1, pair.new + 1) for pair in found.moved[:LISTED]),
        changed_count=len(found.changed),
        added_count=len(found.added),
        removed_count=len(found.removed),
        moved_count=len(found.moved),
        columns=tuple((name, count) for name, count in counts.most_common() if count),
    )


def _renamed(read: Reading, gone: tuple[str, ...], fresh: tuple[str, ...], record: Rows | None) -> dict[str, str]:
    """Sealed columns whose values stand, row for row, under a name that was not sealed."""
    if record is None or not fresh:
        return {}
    today = spooled(read.blocks())
    if today.count != record.count:
        return {}
    before, now = sorted({*(_sealed_names(read, gone, fresh))}), list(read.kinds)
    found: dict[str, str] = {}
    for name in gone:
        hints = record.hints[:, before.index(name)]
        same = (n for n in fresh if n not in found.values() and np.array_equal(hints, today.hints[:, now.index(n)]))
        match = next(same, None)
        if match is not None:
            found[name] = match
    return found


def _sealed_names(read: Reading, gone: tuple[str, ...], fresh: tuple[str, ...]) -> set[str]:
    return {*gone, *(name for name in read.kinds if name not in fresh)}


def _count(read: Reading) -> int:
    return int(read.relation.count("*").fetchall()[0][0])
