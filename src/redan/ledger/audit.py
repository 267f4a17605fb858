"""Reads a whole ledger again: every entry, every stored hash, the root; names the first thing that is wrong."""

import sqlite3
from collections.abc import Iterator

from redan.errors import InvalidError
from redan.ledger.checkpoint import Checkpoint
from redan.ledger.database import ENTRY_LIMIT_BYTES, Database, node_id
from redan.ledger.tree import EMPTY_ROOT, leaf_hash, node_hash


def audit(database: Database, checkpoint: Checkpoint) -> None:
    """Accepts a ledger whose entries and hashes are exactly those of its signed checkpoint, or raises.

    Args:
        database: inside `reading`, so that nothing changes meanwhile.
        checkpoint: its signature verified.

    Raises:
        InvalidError: names the entry, the stored hash, or the root that is wrong.
    """
    where = str(database.path)
    peaks: list[bytes] = []
    count = 0
    stored = database.nodes()
    try:
        for index, data in database.entries():
            _climb(peaks, count, _checked(index, data, count, where), stored, where)
            count += 1
        left_over = next(stored, None)
    except sqlite3.DatabaseError as error:
        raise InvalidError(f"the ledger is damaged near entry {count}: {error}", where=where) from error
    if left_over is not None:
        raise InvalidError(f"entry {count} is missing; its hash is there", where=where)
    if count != checkpoint.size:
        raise InvalidError(f"there are {count} entries; the signed checkpoint has {checkpoint.size}", where=where)
    if _root(peaks) != checkpoint.root:
        raise InvalidError(f"the root of the {count} entries is not the one that was signed", where=where)
    database.check_pages()


def _checked(index: object, data: object, expected: int, where: str) -> bytes:
    if index != expected:
        raise InvalidError(f"entry {expected} is missing", where=where)
    if not isinstance(data, bytes) or len(data) > ENTRY_LIMIT_BYTES:
        raise InvalidError(f"entry {expected} is malformed", where=where)
    return data


def _climb(peaks: list[bytes], index: int, data: bytes, stored: Iterator[tuple[object, object]], where: str) -> None:
    """Compares the stored hashes of a leaf and of the subtrees it completes with those computed from the entries."""
    merged, level, place = leaf_hash(data), 0, index
    if next(stored, None) != (node_id(0, index), merged):
        raise InvalidError(f"entry {index} was changed: it does not have the hash stored for it", where=where)
    while place & 1:
        merged = node_hash(peaks.pop(), merged)
        level, place = level + 1, place >> 1
        if next(stored, None) != (node_id(level, place), merged):
            raise InvalidError(f"the stored hash of entries {place << level} to {index} was changed", where=where)
    peaks.append(merged)


def _root(peaks: list[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = node_hash(peak, found)
    return found
