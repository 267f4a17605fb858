"""What SQLite's errors mean: each is one of redan's own, with the right exit code."""

import sqlite3
from pathlib import Path

import pytest

from redan.errors import InvalidError, UsageError
from redan.ledger.faults import meaning, translated

PATH = Path("ledger.sqlite")


def _error(code, kind=sqlite3.OperationalError):
    error = kind("text of SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_BUSY, UsageError, "locked"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, UsageError, "locked"),
        (sqlite3.SQLITE_LOCKED, UsageError, "locked"),
        (sqlite3.SQLITE_FULL, UsageError, "full"),
        (sqlite3.SQLITE_READONLY, UsageError, "read or written"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, UsageError, "read or written"),
        (sqlite3.SQLITE_CANTOPEN, UsageError, "read or written"),
        (sqlite3.SQLITE_IOERR_WRITE, UsageError, "read or written"),
        (sqlite3.SQLITE_IOERR_SHORT_READ, InvalidError, "damaged"),
        (sqlite3.SQLITE_CORRUPT, InvalidError, "damaged"),
        (sqlite3.SQLITE_NOTADB, InvalidError, "damaged"),
        (sqlite3.SQLITE_TOOBIG, InvalidError, "damaged"),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, InvalidError, "damaged"),
        (sqlite3.SQLITE_ERROR, InvalidError, "damaged"),
    ],
)
def test_each_code_has_its_meaning(code, kind, words):
    """Places that cannot be used are usage errors; everything else is damage, so an unknown code fails closed."""
    found = meaning(_error(code), PATH)
    assert type(found) is kind
    assert words in found.what
    assert found.where == str(PATH)


def test_errors_of_the_module_itself():
    """A closed connection is wrong use; an undecodable value is damage."""
    assert isinstance(meaning(sqlite3.ProgrammingError("closed"), PATH), UsageError)
    assert isinstance(meaning(sqlite3.OperationalError("Could not decode"), PATH), InvalidError)
    with pytest.raises(InvalidError, match="not UTF-8"), translated(PATH):
        b"\xff".decode()


def test_other_errors_pass():
    """Only sqlite3's errors are translated."""
    with pytest.raises(ZeroDivisionError), translated(PATH):
        _ = 1 // 0
    with pytest.raises(InvalidError), translated(PATH):
        raise _error(sqlite3.SQLITE_CORRUPT)
