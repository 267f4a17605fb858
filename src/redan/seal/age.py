"""Encryption at rest in the age format: recipients through the age library, passphrases here.

Source: age-encryption.org/v1 (C2SP age, 2026-02). The library streams for recipients only, so the stanza of a
passphrase and its payload are written and read here as the specification says; both open with every age tool.
"""

import hashlib
import hmac
import io
import re
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from redan.errors import InvalidError, UsageError
from redan.seal.age_header import (
    CHUNK,
    FILE_KEY,
    NONCE,
    TAG,
    VERSION,
    Header,
    padless,
    read_header,
    unarmored,
    unpadded,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_WORK = 18  # log2 of scrypt's cost: one second, as age writes it
_MOST_WORK = 20  # 1 GB; more is an attack on whoever opens the file
_SALT_LABEL = b"age-encryption.org/v1/scrypt"
_SALT = 16
_REFUSED = "is cut short, was altered, or is no age file"
_AGAIN = "fetch it again from whoever locked it"


def encrypt(source: BinaryIO, target: BinaryIO, recipients: Sequence[object]) -> None:
    """Encrypts a stream to recipients, in bounded memory.

    Args:
        source: what to encrypt.
        target: takes the age file.
        recipients: from `read_recipients`.

    Raises:
        OSError: a stream cannot be read or written.
    """
    import pyrage

    reader, writer = _Reader(source), _Writer(target)
    try:
        pyrage.encrypt_io(reader, writer, list(recipients))
    except pyrage.EncryptError as error:
        raise _first(reader, writer) or error from None


def decrypt(source: BinaryIO, target: BinaryIO, identities: Sequence[object]) -> None:
    """Decrypts a stream, binary or armored, in bounded memory; what was written is worthless when it raises.

    Raises:
        InvalidError: no identity opens it, or it is cut short or altered.
        OSError: a stream cannot be read or written.
    """
    import pyrage

    reader, writer = _Reader(source), _Writer(target)
    try:
        pyrage.decrypt_io(reader, writer, list(identities))
    except (pyrage.DecryptError, OSError) as error:
        if (first := _first(reader, writer)) is not None:
            raise first from None
        said = str(error)
        if "No matching keys" in said:
            what = "none of the identities opens it"
            raise InvalidError(what, remedy="give the identity of one of its recipients") from error
        raise InvalidError(_REFUSED, remedy=_AGAIN) from error


class _Reader(io.RawIOBase):
    """A stream that is only read, so that nothing else of the file object is reached.

    The library turns what a stream raises, an interrupt too, into an error about the age file; so it is kept.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.raised: OSError | KeyboardInterrupt | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            return self._source.read(size)
        except (OSError, KeyboardInterrupt) as error:
            self.raised = error
            raise


class _Writer(io.RawIOBase):
    """A stream that is only written, and that keeps what it raised."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.raised: OSError | KeyboardInterrupt | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return self._target.write(data)
        except (OSError, KeyboardInterrupt) as error:
            self.raised = error
            raise


def _first(reader: _Reader, writer: _Writer) -> OSError | KeyboardInterrupt | None:
    return reader.raised or writer.raised


def encrypt_by_passphrase(source: BinaryIO, target: BinaryIO, passphrase: bytes, *, work: int = _WORK) -> None:
    """Encrypts a stream under a passphrase, in bounded memory besides scrypt's 256 MB.

    Args:
        source: what to encrypt.
        target: takes the age file.
        passphrase: not empty.
        work: log2 of scrypt's cost; lower it in tests only.
    """
    key, salt, nonce = (secrets.token_bytes(_SALT) for _ in range(3))
    wrapped = _cipher(_stretched(passphrase, salt, work)).encrypt(bytes(12), key, None)
    head = VERSION + b"\n-> scrypt " + padless(salt) + b" %d\n" % work + padless(wrapped) + b"\n---"
    target.write(head + b" " + padless(_mac(key, head)) + b"\n" + nonce)
    cipher = _cipher(_derived(key, nonce, b"payload"))
    chunk, place = source.read(CHUNK), 0
    while True:
        following = source.read(CHUNK)
        target.write(cipher.encrypt(_counter(place, last=not following), chunk, None))
        if not following:
            return
        chunk, place = following, place + 1


def decrypt_by_passphrase(source: BinaryIO, target: BinaryIO, passphrase: bytes) -> None:
    """Decrypts a stream, binary or armored; what was written is worthless when it raises.

    Raises:
        InvalidError: the passphrase is wrong, or the stream is cut short or altered.
    """
    from cryptography.exceptions import InvalidTag

    source = unarmored(source)
    header = read_header(source)
    key = _unwrapped(header, passphrase)
    if not hmac.compare_digest(_mac(key, header.signed), header.mac):
        raise InvalidError(_REFUSED, remedy=_AGAIN)
    nonce = source.read(NONCE)
    cipher = _cipher(_derived(key, nonce, b"payload"))
    chunk, place = source.read(CHUNK + TAG), 0
    try:
        while True:
            following = source.read(CHUNK + TAG)
            plain = cipher.decrypt(_counter(place, last=not following), chunk, None)
            if not plain and place:
                raise InvalidError(_REFUSED)  # C2SP age: the last chunk is empty only when it is the only one
            target.write(plain)
            if not following:
                return
            chunk, place = following, place + 1
    except (InvalidTag, ValueError) as error:
        raise InvalidError(_REFUSED, remedy=_AGAIN) from error


def _unwrapped(header: Header, passphrase: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    arguments, body = header.stanzas[0]
    if not header.by_passphrase:
        raise InvalidError("was locked to recipients, not with a passphrase", remedy="give --identity FILE")
    found = re.fullmatch(r"scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)", " ".join(arguments))
    if found is None or len(body) != FILE_KEY + TAG:
        raise InvalidError("has a malformed header")
    salt, work = unpadded(found[1].encode("ascii")), int(found[2])
    if work > _MOST_WORK:
        raise InvalidError(f"asks for more than 2^{_MOST_WORK} steps of scrypt, which is an attack or a mistake")
    try:
        return _cipher(_stretched(passphrase, salt, work)).decrypt(bytes(12), body, None)
    except InvalidTag as error:
        raise InvalidError("the passphrase is wrong, or the file was altered") from error


def _stretched(passphrase: bytes, salt: bytes, work: int) -> bytes:
    if not passphrase:
        raise UsageError("the passphrase is empty", remedy="give one of several words")
    return hashlib.scrypt(
        passphrase, salt=_SALT_LABEL + salt, n=1 << work, r=8, p=1, maxmem=(1 << (work + 10)) + (1 << 24), dklen=32
    )


def _derived(key: bytes, salt: bytes, label: bytes) -> bytes:
    """HKDF-SHA-256 of one block (RFC 5869)."""
    extracted = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(extracted, label + b"\x01", "sha256")


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(_derived(key, b"", b"header"), signed, "sha256")


def _counter(place: int, *, last: bool) -> bytes:
    return place.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _cipher(key: bytes) -> "ChaCha20Poly1305":
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key)
