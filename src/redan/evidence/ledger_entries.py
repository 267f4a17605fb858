"""Entries of the ledger: one small canonical JSON object each, which names what happened and digests what was said.

The log holds digests, never statements: an entry stays far below the 65,535 bytes that a C2SP entry bundle can carry.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redan.artifacts.history import Event, History
from redan.canon import Json, canonical, parse_canonical
from redan.errors import InvalidError, UsageError
from redan.seal.in_toto import moment, timestamp
from redan.terms import Stage

if TYPE_CHECKING:
    from redan.ledger.store import Ledger

ENTRY_LIMIT_BYTES = 65_535  # C2SP tlog-tiles: an entry is preceded by its length as a big-endian uint16
_EVENTS = frozenset({"described", "trained", "checked", "recorded", "verified", "published", "loaded-unsafely"})
_REPEATED = frozenset({"checked", "verified", "loaded-unsafely"})  # each time counts, not only the first
TYPES = frozenset({"policy", "evidence"}) | _EVENTS
_FIELDS = {"at", "key", "sha256", "type"}
_HEX = frozenset("0123456789abcdef")
_DIGEST_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One thing that happened.

    Args:
        type: one of `TYPES`.
        at: when, in UTC, to the second.
        key: what it is about: a control id, `policy`, `test-result`, `stage:NAME`, or an event's key.
        sha256: of the sealed statement, or of what an event saw.
    """

    type: str
    at: dt.datetime
    key: str
    sha256: str


def encode(entry: LedgerEntry) -> bytes:
    """The bytes that are logged.

    Raises:
        UsageError: the type is unknown, the digest is none, or the key is too long.
    """
    if entry.type not in TYPES or not _is_digest(entry.sha256):
        raise UsageError(f"a ledger entry of type {entry.type!r} with that digest cannot be written")
    at = timestamp(entry.at)
    data = canonical({"type": entry.type, "at": at, "key": entry.key, "sha256": entry.sha256})
    if len(data) > ENTRY_LIMIT_BYTES:
        raise UsageError(f"a ledger entry is larger than {ENTRY_LIMIT_BYTES:,} bytes", remedy="use a shorter name")
    return data


def decode(data: bytes) -> LedgerEntry:
    """The entry behind logged bytes.

    Raises:
        InvalidError: the bytes are not those of an entry that `encode` writes.
    """
    try:
        entry = _entry(parse_canonical(data, limit_bytes=ENTRY_LIMIT_BYTES, depth=1))
        same = entry is not None and encode(entry) == data
    except (ValueError, UsageError) as error:
        raise InvalidError(f"the bytes are no ledger entry of redan: {error}") from error
    if entry is None or not same:
        raise InvalidError("the bytes are no ledger entry of redan")
    return entry


def history(ledger: "Ledger") -> History:
    """What the ledger says happened when.

    Args:
        ledger: an open store; entries of other kinds, such as the gateway's, are passed over.

    Returns:
        The events in the order of their entries; empty for an empty ledger.
    """
    return History(tuple(_events(ledger.entries(0, ledger.size))))


def record_events(ledger: "Ledger", events: Iterable[Event]) -> int:
    """Appends the events that the ledger does not hold yet, in one batch.

    Args:
        ledger: an open store.
        events: kept once per key and digest, their first time counts; `checked`, `verified` and `loaded-unsafely`
            always.

    Returns:
        How many were appended.

    Raises:
        UsageError: an event is of another kind, or has no digest.
    """
    seen = {(e.kind, e.key, e.digest) for e in history(ledger).events if e.kind not in _REPEATED}
    fresh: list[bytes] = []
    for event in events:
        if event.kind not in _EVENTS:
            raise UsageError(f"{event.kind!r} is no kind of event")
        identity = (event.kind, event.key, event.digest)
        if identity in seen:
            continue
        if event.kind not in _REPEATED:
            seen.add(identity)
        fresh.append(encode(LedgerEntry(type=event.kind, at=event.at, key=event.key, sha256=event.digest)))
    if fresh:
        ledger.append(fresh)
    return len(fresh)


def _events(entries: Iterable[bytes]) -> Iterable[Event]:
    for data in entries:
        try:
            entry = decode(data)
        except InvalidError:
            continue
        if entry.type in _EVENTS and _is_stage(entry):
            yield Event(kind=entry.type, at=entry.at, key=entry.key, digest=entry.sha256)


def _is_stage(entry: LedgerEntry) -> bool:
    return entry.type != "checked" or entry.key.removeprefix("stage:") in {stage.value for stage in Stage}


def _entry(value: Json) -> LedgerEntry | None:
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        return None
    kind, at, key, sha256 = (value[name] for name in ("type", "at", "key", "sha256"))
    if not (isinstance(kind, str) and isinstance(at, str) and isinstance(key, str) and isinstance(sha256, str)):
        return None
    return LedgerEntry(type=kind, at=moment(at), key=key, sha256=sha256)


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST_CHARS and _HEX.issuperset(text)
