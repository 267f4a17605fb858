"""Servers that do not write down what they refuse, logs that were altered, events that name people; and their twins."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from redan.controls.contract import Vector
from redan.controls.live.planted import PROBES, SERVED, Around, planted
from redan.controls.planted import known_signer
from redan.ledger.store import Ledger
from redan.terms import Outcome

_EVENTS = "AIPS-TRA-06/events-are-logged"
_EVIDENT = "AIPS-TRA-06/log-is-tamper-evident"
_CLEAN = "AIPS-TRA-06/log-holds-no-personal-content"
_NOTE = "The first thing a careful intruder does is to shorten the log."
_EVENT = b'{"guard":"rate","principal":"0123456789abcdef01234567","status":429,"type":"redan/gateway/v1"}'
_NAMED = b'{"guard":"rate","principal":"ann@example.org","status":429,"type":"redan/gateway/v1"}'


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """A log of three events."""
    _write(folder, _EVENT)
    yield


@contextmanager
def _altered(folder: Path) -> Iterator[None]:
    """The same, of which one was altered afterwards."""
    _write(folder, _EVENT)
    with closing(sqlite3.connect(folder / ".redan/gateway/ledger/ledger.sqlite")) as database, database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for column in [row[1] for row in database.execute(f"PRAGMA table_info({table})")]:
                database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (_NAMED, _EVENT))  # noqa: S608
    yield


@contextmanager
def _keyless(folder: Path) -> Iterator[None]:
    """The same, without the key that verifies it."""
    _write(folder, _EVENT)
    (folder / ".redan/gateway/key.pub").unlink()
    yield


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """A log that names people."""
    _write(folder, _NAMED)
    yield


def _write(folder: Path, event: bytes) -> None:
    signer = known_signer("log")
    with Ledger.open(folder / ".redan/gateway/ledger", signer) as ledger:
        ledger.append([event] * 3)
    (folder / ".redan/gateway/key.pub").write_text(signer.public.pem)


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""

    def case(name: str, check: str, outcome: Outcome, around: Around) -> Vector:
        files = {"redan.toml": SERVED, **PROBES}
        return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE, around=around)

    return (
        case("refusals are not written down", _EVENTS, Outcome.BROKEN, planted("unlogged")),
        case("everything is written down", _EVENTS, Outcome.HOLDS, planted()),
        case("an entry was altered", _EVIDENT, Outcome.BROKEN, _altered),
        case("nobody can verify it", _EVIDENT, Outcome.BROKEN, _keyless),
        case("as it was signed", _EVIDENT, Outcome.HOLDS, _kept),
        case("events name people", _CLEAN, Outcome.BROKEN, _naming),
        case("events hold digests", _CLEAN, Outcome.HOLDS, _kept),
    )
