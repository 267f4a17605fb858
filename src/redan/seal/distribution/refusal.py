"""Why a client refuses: the attack that the metadata would be part of, and which metadata it is, in one sentence.

The reference client decides; this only finds words for it, from what was fetched last and what was trusted before.
Source: TUF specification 1.0.31, section 1.5.2 (attacks) and section 5 (workflow).
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    SlowRetrievalError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from redan.errors import IncompleteError, InvalidError, RedanError
from redan.seal.distribution.records import Role
from redan.seal.distribution.roles import body

_ROLE = re.compile(r"(?:[0-9]+\.)?(root|timestamp|snapshot|targets)\.json")
_WORD = re.compile(r"root|timestamp|snapshot|targets")
_KINDS: Mapping[str, type[Signed]] = {"root": Root, "timestamp": Timestamp, "snapshot": Snapshot, "targets": Targets}
_ASK = "do not use it; ask the publisher by another way, and keep what is installed"
_LATER = "try again later, or ask whoever runs the server"
S = TypeVar("S", bound=Signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a client saw up to the point where it refused.

    Args:
        asked: the file that was asked for last, such as `metadata/3.snapshot.json`.
        received: its bytes; None when they did not come.
        before: the metadata that was trusted before this look, by role.
        now: the metadata that was accepted by this look or before, by role.
        where: the distribution.
    """

    asked: str
    received: bytes | None
    before: Mapping[Role, bytes]
    now: Mapping[Role, bytes]
    where: str


def refusal(error: Exception, looked: Looked) -> RedanError:
    """The error that a user sees for what the reference client raised."""
    if isinstance(error, DownloadLengthMismatchError):
        text = f"endless data: {looked.asked} is larger than what was signed, or than any such file may be"
        return InvalidError(text, where=looked.where, remedy=_ASK)
    if isinstance(error, SlowRetrievalError):
        text = f"slow retrieval: {looked.asked} comes slower than is waited for"
        return IncompleteError(text, where=looked.where, remedy=_LATER)
    if isinstance(error, DownloadError):
        return _unreached(error, looked)
    return InvalidError(_sentence(error, looked), where=looked.where, remedy=_ASK)


def _unreached(error: DownloadError, looked: Looked) -> RedanError:
    if not isinstance(error, DownloadHTTPError):
        return IncompleteError(f"{looked.asked} could not be fetched", where=looked.where, remedy=_LATER)
    if looked.asked == "metadata/timestamp.json":
        text = f"no distribution is there (status {error.status_code} for {looked.asked})"
    else:
        text = f"{looked.asked} is missing (status {error.status_code}), so the distribution is not whole"
    return IncompleteError(text, where=looked.where, remedy="check the address; a copy of it must be a whole one")


def _sentence(error: Exception, looked: Looked) -> str:
    role = _asked_role(looked)
    if isinstance(error, ExpiredMetadataError):
        return _frozen(error, looked)
    if isinstance(error, UnsignedMetadataError):
        return f"signature: the {role} metadata is not signed by the keys that the root names for it"
    if isinstance(error, LengthOrHashMismatchError):
        return _exchanged(role, looked)
    if isinstance(error, BadVersionNumberError):
        return _versions(role, looked)
    if isinstance(error, DeserializationError) or not isinstance(error, RepositoryError):
        return f"malformed: the {role} metadata cannot be read as such"
    return f"mix-and-match: the {role} metadata does not fit what was trusted before"


def _asked_role(looked: Looked) -> str:
    found = _ROLE.fullmatch(looked.asked.rpartition("/")[2])
    return found[1] if found else "targets"


def _frozen(error: Exception, looked: Looked) -> str:
    found = _WORD.search(str(error))
    role = found[0] if found else _asked_role(looked)
    data = looked.received if role == _asked_role(looked) else None
    body_ = _body(data or looked.now.get(_role(role)), _KINDS[role])
    when = f" on {moment(body_.expires)}" if body_ is not None else ""
    return f"freeze: the {role} metadata expired{when}"


def _exchanged(role: str, looked: Looked) -> str:
    if looked.asked.startswith("targets/"):
        return "substitution: a file of the release is not the one that was signed"
    namer = "timestamp" if role == "snapshot" else "snapshot"
    return f"mix-and-match: the {role} metadata is not the one that the {namer} metadata names"


def _versions(role: str, looked: Looked) -> str:
    if role == "timestamp":
        return _timestamp_versions(looked)
    if role == "snapshot":
        return _snapshot_versions(looked)
    got = _body(looked.received, _KINDS[role])
    version = "another" if got is None else str(got.version)
    if role == "root":
        before = _body(looked.now.get("root"), Root)
        follows = "" if before is None else f" where version {before.version + 1} follows"
        return f"mix-and-match: root version {version}{follows}"
    snapshot = _body(looked.now.get("snapshot"), Snapshot)
    named = snapshot.meta["targets.json"].version if snapshot is not None else "another"
    return f"mix-and-match: targets version {version} where the snapshot names {named}"


def _timestamp_versions(looked: Looked) -> str:
    new, old = _body(looked.received, Timestamp), _body(looked.before.get("timestamp"), Timestamp)
    if new is None or old is None:
        return "rollback: the timestamp metadata is older than the one that was seen"
    if new.version < old.version:
        return f"rollback: timestamp version {new.version} after {old.version}"
    return f"rollback: snapshot version {new.snapshot_meta.version} after {old.snapshot_meta.version}"


def _snapshot_versions(looked: Looked) -> str:
    new, timestamp = _body(looked.received, Snapshot), _body(looked.now.get("timestamp"), Timestamp)
    old = _body(looked.before.get("snapshot"), Snapshot)
    if new is not None and timestamp is not None and new.version != timestamp.snapshot_meta.version:
        named = timestamp.snapshot_meta.version
        return f"mix-and-match: snapshot version {new.version} where the timestamp names {named}"
    if new is None or old is None:
        return "rollback: the snapshot metadata names older versions than were seen"
    was, is_ = (document.meta["targets.json"].version for document in (old, new))
    return f"rollback: targets version {is_} after {was}"


def _body(data: bytes | None, kind: type[S]) -> S | None:
    if data is None:
        return None
    try:
        return body(data, kind)
    except InvalidError:
        return None


def _role(word: str) -> Role:
    return (
        "root"
        if word == "root"
        else "targets"
        if word == "targets"
        else ("snapshot" if word == "snapshot" else "timestamp")
    )


def moment(when: dt.datetime) -> str:
    """A moment as messages show it, to the minute, in UTC."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
