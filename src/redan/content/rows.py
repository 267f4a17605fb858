"""The record of the rows: what names changed rows later, encrypted, because digests of few possible rows tell the rows.

Whoever holds the record without its secret learns how many rows there are, and nothing else. AES-256-GCM in segments
(NIST SP 800-38D) under a key of the file's own; the layout stands in docs/spec/content.md, the reasons in ADR 0012.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from redan.content.cells import Bytes
from redan.content.digest import Block
from redan.errors import InputError, InvalidError, UsageError
from redan.files import atomic_file, open_regular
from redan.tables.kept import Spool

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"redan rows v1\n"
SHORT_BYTES = 16  # of a row's digest: enough to tell rows apart; the content's digest covers all 32
SECRET_BYTES = 32
SEGMENT_ROWS = 1 << 16
_SALT_BYTES = 32
_TAG_BYTES = 16
_KEY_TEXT = 128  # bytes; a secret's file holds 65
_HEADER_BYTES = len(MAGIC) + _SALT_BYTES


@dataclass(frozen=True)
class Rows:
    """Digests, identities and hints of all rows of a table, in files of a private folder.

    Args:
        spool: the folder.
        count: rows.
        columns: hints per row.
        identified: whether identities are there.
    """

    spool: Spool
    count: int
    columns: int
    identified: bool

    @cached_property
    def digests(self) -> Bytes:
        """SHA-256 of each row, whole for a table that is there and the first 16 bytes from a record."""
        return self._map("digests")

    @cached_property
    def hints(self) -> Bytes:
        """One byte per cell, rows x columns."""
        return self._map("hints")

    @cached_property
    def identities(self) -> Bytes | None:
        """SHA-256 of each row's identifiers; see `digests`."""
        return self._map("identities") if self.identified else None

    def _map(self, name: str) -> Bytes:
        file = self.spool.folder / name
        size = file.stat().st_size
        if not self.count or not size:
            return np.empty((self.count, 0), dtype=np.uint8)
        return np.memmap(file, dtype=np.uint8, mode="r", shape=(self.count, size // self.count))


def spooled(blocks: Iterable[Block]) -> Rows:
    """The rows of a table, kept on disk while they are compared or recorded."""
    spool = Spool.new()
    count, columns, identified = 0, 0, False
    with (
        (spool.folder / "digests").open("wb") as digests,
        (spool.folder / "hints").open("wb") as hints,
        (spool.folder / "identities").open("wb") as identities,
    ):
        for block in blocks:
            digests.write(block.digests.tobytes())
            hints.write(block.hints.tobytes())
            if block.identities is not None:
                identities.write(block.identities.tobytes())
                identified = True
            count += len(block.digests)
            columns = block.hints.shape[1]
    return Rows(spool, count, columns, identified)


def new_secret(path: Path) -> bytes:
    """The secret in a file; made there, readable by its owner alone, when there is none.

    Raises:
        UsageError: the file is open to others, holds no secret, or cannot be written.
    """
    if not os.path.lexists(path):
        with atomic_file(path, mode=0o600, replace=False) as file:
            file.write(secrets.token_hex(SECRET_BYTES).encode() + b"\n")
    return load_secret(path)


def load_secret(path: Path) -> bytes:
    """The secret in a file.

    Raises:
        UsageError: the file is absent, open to others, or holds no secret.
    """
    try:
        descriptor = open_regular(path)
    except InputError as error:
        remedy = "give the .rows.key file that was made with the seal"
        raise UsageError(f"the key of the rows {error.what}", where=str(path), remedy=remedy) from error
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            what = "the key of the rows can be read by others"
            raise UsageError(what, where=str(path), remedy=f"run: chmod 600 {path}")
        text = file.read(_KEY_TEXT)
    try:
        secret = bytes.fromhex(text.decode("ascii").removesuffix("\n"))
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES or text != secret.hex().encode() + b"\n":
        raise UsageError("holds no key of rows", where=str(path), remedy="give the .rows.key file of the seal")
    return secret


def key_check(secret: bytes) -> str:
    """What tells one secret from another without telling the secret, 32 hex digits."""
    return hashlib.blake2b(b"redan rows key", key=secret, digest_size=16).hexdigest()


def write_rows(path: Path, rows: Rows, secret: bytes) -> None:
    """Writes the record.

    Raises:
        UsageError: the file cannot be written.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    cipher = _cipher(secret, salt)
    with atomic_file(path) as file:
        file.write(MAGIC + salt)
        for place, first in enumerate(range(0, rows.count, SEGMENT_ROWS)):
            file.write(cipher.encrypt(place.to_bytes(12, "big"), _segment(rows, first), MAGIC))


def read_rows(path: Path, secret: bytes, *, count: int, columns: int, identified: bool) -> Rows:
    """The rows of a record whose bytes were verified already.

    Args:
        path: the record.
        secret: of `write_rows`.
        count: rows, as the signed statement says.
        columns: as the signed statement says.
        identified: whether the signed statement names identifiers.

    Raises:
        InvalidError: the secret is another, or the record is not what the statement describes.
    """
    from cryptography.exceptions import InvalidTag

    spool = Spool.new()
    widths = {"digests": SHORT_BYTES, "identities": SHORT_BYTES * identified, "hints": columns}
    outs = {name: (spool.folder / name).open("wb") for name in widths}
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            header = file.read(_HEADER_BYTES)
            if not header.startswith(MAGIC) or len(header) != _HEADER_BYTES:
                raise _other(path)
            cipher = _cipher(secret, header[len(MAGIC) :])
            for rows, plain in _segments(file, cipher, count, sum(widths.values())):
                start = 0
                for name, width in widths.items():
                    outs[name].write(plain[start : start + rows * width])
                    start += rows * width
            if file.read(1):
                raise _other(path)
    except InvalidTag as error:
        raise _other(path) from error
    finally:
        for out in outs.values():
            out.close()
    return Rows(spool, count, columns, identified)


def _segment(rows: Rows, first: int) -> bytes:
    part = slice(first, first + SEGMENT_ROWS)
    identities = b"" if rows.identities is None else rows.identities[part, :SHORT_BYTES].tobytes()
    return rows.digests[part, :SHORT_BYTES].tobytes() + identities + rows.hints[part].tobytes()


def _segments(file: BinaryIO, cipher: "AESGCM", count: int, width: int) -> Iterator[tuple[int, bytes]]:
    """Each segment's rows and plain bytes.

    Raises:
        InvalidTag: it is cut short, or was not written under this key.
    """
    for place, first in enumerate(range(0, count, SEGMENT_ROWS)):
        rows = min(SEGMENT_ROWS, count - first)
        yield rows, cipher.decrypt(place.to_bytes(12, "big"), file.read(rows * width + _TAG_BYTES), MAGIC)


def _cipher(secret: bytes, salt: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    # A key per file: numbers can then be nonces, although one secret may open many records.
    return AESGCM(hashlib.blake2b(b"redan rows" + salt, key=secret, digest_size=32).digest())


def _other(path: Path) -> InvalidError:
    what = "is not the record of rows that its statement describes"
    return InvalidError(what, where=str(path), remedy="restore the file that was written with the seal")
