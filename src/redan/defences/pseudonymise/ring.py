"""Keys of pseudonyms: a file that only its owner reads, several keys with an id each, one of them in use."""

import base64
import binascii
import datetime as dt
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from redan.canon import Json
from redan.errors import UsageError
from redan.files import atomic_file, open_regular

SCHEMA = "redan/pseudonym-keys/v1"
SECRET_BYTES = 32
LIMIT_BYTES = 1 << 20
_NEW = "make one with 'redan data pseudonymise --new-key'"


@dataclass(frozen=True, slots=True)
class Key:
    """One secret; its representation never shows it.

    Args:
        id: the first 8 hex digits of a keyed digest of a fixed word, so that it tells nothing of the secret.
        created: the day it was made.
        secret: 32 bytes.
    """

    id: str
    created: dt.date
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one project, oldest first.

    Args:
        project: separates what is pseudonymised here from the same values elsewhere.
        keys: at least one; the last one is in use, the others only map back.
    """

    project: str
    keys: tuple[Key, ...]

    @property
    def active(self) -> Key:
        """The key in use."""
        return self.keys[-1]

    def key(self, id_: str | None = None) -> Key:
        """The key of an id; the one in use when None.

        Raises:
            UsageError: the ring has no such key.
        """
        if id_ is None:
            return self.active
        found = next((key for key in self.keys if key.id == id_), None)
        if found is None:
            known = ", ".join(key.id for key in self.keys)
            raise UsageError(f"there is no key {id_!r}", remedy=f"known: {known}")
        return found

    def derived(self, purpose: str, about: str, id_: str | None = None) -> bytes:
        """A key of 32 bytes for one purpose and field of this project, by HMAC-SHA-256.

        Source: NIST SP 800-108 Rev. 1, section 4.1 (one block of the counter mode), with lengths before each part so
        that no two inputs meet.

        Args:
            purpose: `ff1`, `token` ...
            about: the field.
            id_: of the key; the one in use when None.

        Raises:
            UsageError: the ring has no such key.
        """
        parts = [part.encode() for part in (SCHEMA, self.project, purpose, about)]
        data = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self.key(id_).secret, data, "sha256")


def new_ring(project: str, now: dt.date) -> Ring:
    """A ring of one key from the operating system's randomness.

    Raises:
        UsageError: the project has no name.
    """
    if not project.strip():
        raise UsageError("the project has no name", remedy="name it; the name is part of every pseudonym")
    return Ring(project, (_key(secrets.token_bytes(SECRET_BYTES), now),))


def rotated(ring: Ring, now: dt.date) -> Ring:
    """The same ring with a new key in use; the older keys stay, so that their pseudonyms can be mapped."""
    return Ring(ring.project, (*ring.keys, _key(secrets.token_bytes(SECRET_BYTES), now)))


def save_ring(ring: Ring, path: Path, *, replace: bool = False) -> None:
    """Writes a ring so that only its owner can read it.

    Args:
        ring: to write.
        path: the file.
        replace: whether a file of that name gives way.

    Raises:
        UsageError: the file exists, or cannot be written.
    """
    keys: list[Json] = [
        {"id": k.id, "created": k.created.isoformat(), "secret": base64.b64encode(k.secret).decode()} for k in ring.keys
    ]
    whole = {"schema": SCHEMA, "project": ring.project, "keys": keys}
    with atomic_file(path, mode=0o600, replace=replace) as file:
        file.write((json.dumps(whole, indent=2) + "\n").encode())


def load_ring(path: Path) -> Ring:
    """The ring in a file that only its owner can read.

    Raises:
        RedanError: the file is absent, open to others, or is no ring.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise UsageError("can be read by others", where=str(path), remedy=f"run: chmod 600 {path}")
        data = file.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise UsageError("is too large for a ring of keys", where=str(path), remedy=_NEW)
    try:
        return parse_ring(data)
    except UsageError as error:
        raise UsageError(error.what, where=str(path), remedy=error.remedy) from error


def parse_ring(data: bytes) -> Ring:
    """The ring that a file's bytes hold.

    Raises:
        UsageError: they are no ring of keys, or an id does not fit its key.
    """
    try:
        whole = json.loads(data)
        if whole["schema"] != SCHEMA or not isinstance(whole["project"], str):
            raise UsageError("is not a ring of keys", remedy=_NEW)
        keys = tuple(_parsed(one) for one in whole["keys"])
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise UsageError("is not a ring of keys", remedy=_NEW) from error
    if not keys or len({key.id for key in keys}) < len(keys) or not whole["project"].strip():
        raise UsageError("has no key, a key twice, or no project", remedy=_NEW)
    return Ring(whole["project"], keys)


def _parsed(one: dict[str, str]) -> Key:
    key = _key(base64.b64decode(one["secret"], validate=True), dt.date.fromisoformat(one["created"]))
    if len(key.secret) != SECRET_BYTES or key.id != one["id"]:
        raise UsageError("holds a key that does not fit its id", remedy="restore the file from where it is kept")
    return key


def _key(secret: bytes, created: dt.date) -> Key:
    return Key(hmac.digest(secret, b"redan key id", "sha256").hex()[:8], created, secret)
