"""What SQLite's errors mean to a user: the place is busy or full, or the file is damaged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redan.errors import InvalidError, RedanError, UsageError

RAISED = (sqlite3.Error, UnicodeDecodeError)  # the module decodes messages that quote a damaged file
_PRIMARY = 0xFF  # the low byte of an extended result code
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNUSABLE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOLFS,
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns every sqlite3 error inside into a RedanError about the file at `path`."""
    try:
        yield
    except RAISED as error:
        raise meaning(error, path) from error


def meaning(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> RedanError:
    """The error to raise: InvalidError for a damaged file, UsageError for a place that cannot be used now."""
    where = str(path)
    if isinstance(error, UnicodeDecodeError):
        return _damage("it holds text that is not UTF-8", where)
    try:
        extended = error.sqlite_errorcode
    except AttributeError:  # raised by the sqlite3 module, not by SQLite: wrong use, or a value it cannot hold
        closed = isinstance(error, sqlite3.ProgrammingError)
        return UsageError("the ledger is closed", where=where) if closed else _damage(str(error), where)
    code = extended & _PRIMARY
    if code in _BUSY:
        return UsageError("another process keeps the ledger locked", where=where, remedy="try again when it is done")
    if code == sqlite3.SQLITE_FULL:
        return UsageError("the disk is full; nothing was written", where=where, remedy="free space and run again")
    if code in _UNUSABLE and extended != sqlite3.SQLITE_IOERR_SHORT_READ:
        return UsageError(
            f"the ledger cannot be read or written: {error}", where=where, remedy="free space, or change permissions"
        )
    return _damage(str(error), where)


def _damage(why: str, where: str) -> RedanError:
    return InvalidError(f"the ledger is damaged: {why}", where=where, remedy="restore the ledger from a copy")
