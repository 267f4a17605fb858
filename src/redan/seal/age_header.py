"""The outside of an age file: its header, its armor, and what can be told of it without a key.

Source: age-encryption.org/v1 (C2SP age, 2026-02), sections "Header" and "ASCII armor".
"""

import binascii
import io
from base64 import b64decode, b64encode
from typing import BinaryIO, NamedTuple

import numpy as np

from redan.errors import InvalidError

VERSION = b"age-encryption.org/v1"
ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
CHUNK = 64 << 10
NONCE, TAG, FILE_KEY = 16, 16, 16
_ARMOR_END = b"-----END AGE ENCRYPTED FILE-----"
_HEADER_LIMIT = 1 << 20  # thousands of recipients; the specification has no limit
_LINE_LIMIT = 1 << 12
_COLUMNS = 64
_MAC = 32
_GRAPHIC = range(33, 127)
_LOOKED_AT = 1 << 20
_ENOUGH = 1 << 12  # bytes from which on their spread tells something
# Chi-square of 255 degrees of freedom: random bytes exceed it once in 10^15 files, tables always do.
_UNEVEN = 480.0


class Stanza(NamedTuple):
    """One way to the file's key: its type and arguments, and the wrapped key."""

    arguments: tuple[str, ...]
    body: bytes


class Header(NamedTuple):
    """The beginning of an age file.

    Args:
        stanzas: at least one.
        mac: 32 bytes over everything before it.
        signed: the bytes that the MAC is over.
        size: bytes of the whole header.
    """

    stanzas: tuple[Stanza, ...]
    mac: bytes
    signed: bytes
    size: int

    @property
    def by_passphrase(self) -> bool:
        """Whether a passphrase opens the file; such a stanza stands alone."""
        return self.stanzas[0].arguments[0] == "scrypt"


def read_header(file: BinaryIO) -> Header:
    """The header of an age file, its form checked to the last character, its MAC not.

    Args:
        file: a binary age file at its beginning; left behind the header.

    Raises:
        InvalidError: it is not the header of an age file, version 1.
    """
    read = [_line(file, 0)]
    if read[0] != VERSION:
        raise InvalidError("does not begin as an age file", remedy="give a file that age or 'redan lock' wrote")
    stanzas: list[Stanza] = []
    while not (line := _line(file, sum(len(each) + 1 for each in read))).startswith(b"---"):
        stanza, lines = _stanza(line, file)
        stanzas.append(stanza)
        read += [line, *lines]
        if sum(len(each) + 1 for each in read) > _HEADER_LIMIT:
            raise InvalidError("has a header that is too large")
    if not stanzas or not line.startswith(b"--- "):
        raise InvalidError("has a malformed header")
    if any(stanza.arguments[0] == "scrypt" for stanza in stanzas) and len(stanzas) > 1:
        raise InvalidError("has a malformed header: a passphrase stands beside other recipients")
    mac = unpadded(line[4:])
    if len(mac) != _MAC:
        raise InvalidError("has a malformed header")
    signed = b"".join(each + b"\n" for each in read) + b"---"
    return Header(tuple(stanzas), mac, signed, len(signed) + 1 + len(line[4:]) + 1)


def _line(file: BinaryIO, before: int) -> bytes:
    line = file.readline(_LINE_LIMIT)
    if not line.endswith(b"\n") or before > _HEADER_LIMIT:
        raise InvalidError("has a malformed header")
    return line[:-1]


def _stanza(line: bytes, file: BinaryIO) -> tuple[Stanza, list[bytes]]:
    """Source: C2SP age, "Header": `-> ` and arguments of printable ASCII, then the body in lines of 64 characters."""
    arguments = line[3:].split(b" ")
    if not line.startswith(b"-> ") or not all(a and all(c in _GRAPHIC for c in a) for a in arguments):
        raise InvalidError("has a malformed header")
    lines: list[bytes] = []
    while True:
        lines.append(_line(file, _LINE_LIMIT * len(lines)))
        if len(lines[-1]) > _COLUMNS:
            raise InvalidError("has a malformed header")
        if len(lines[-1]) < _COLUMNS:
            break
    return Stanza(tuple(a.decode("ascii") for a in arguments), unpadded(b"".join(lines))), lines


def unpadded(text: bytes) -> bytes:
    """Base64 without padding, in the one form that its bytes have."""
    try:
        data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise InvalidError("has a malformed header") from error
    if padless(data) != text:
        raise InvalidError("has a malformed header")
    return data


def padless(data: bytes) -> bytes:
    """Base64 without padding, as headers carry it."""
    return b64encode(data).rstrip(b"=")


def begins_as_age(start: bytes) -> bool:
    """Whether the first bytes of a file are those of an age file, binary or armored; `inspect` says if it is one."""
    return start.startswith(VERSION + b"\n") or start.lstrip().startswith(ARMOR)


class Seen(NamedTuple):
    """What an age file shows without a key.

    Args:
        armored: whether it is text.
        recipients: the type of each stanza, such as `X25519` or `scrypt`.
        payload: bytes behind the header.
    """

    armored: bool
    recipients: tuple[str, ...]
    payload: int


def inspect(file: BinaryIO) -> Seen:
    """What an age file shows without a key; that it opens, and to whom, cannot be told.

    Raises:
        InvalidError: it is no age file, is cut short, or its payload is not spread evenly as ciphertext is.
    """
    binary = unarmored(file)
    header = read_header(binary)
    start = binary.read(_LOOKED_AT)
    payload = len(start)
    while more := binary.read(_LOOKED_AT):
        payload += len(more)
    last = (payload - NONCE) % (CHUNK + TAG)
    short = payload < NONCE + TAG or 0 < last < TAG or (last == TAG and payload > NONCE + TAG)
    if short:
        raise InvalidError("begins as an age file and is cut short")
    sample = np.frombuffer(start, dtype=np.uint8)
    counts = np.bincount(sample, minlength=256)
    expected = len(sample) / 256
    if len(sample) >= _ENOUGH and float(((counts - expected) ** 2).sum() / expected) > _UNEVEN:
        raise InvalidError("begins as an age file, and what follows is not encrypted")
    recipients = tuple(stanza.arguments[0] for stanza in header.stanzas)
    return Seen(armored=binary is not file, recipients=recipients, payload=payload)


def unarmored(file: BinaryIO) -> BinaryIO:
    """The file itself, or a stream of the bytes that its armor carries.

    Args:
        file: at its beginning; seekable.
    """
    start = file.read(_LINE_LIMIT).lstrip()
    file.seek(0)
    return io.BufferedReader(_Armored(file), CHUNK) if start.startswith(ARMOR) else file


class _Armored(io.RawIOBase):
    """Strict PEM: full lines of 64 characters, one shorter at most, and nothing but white space around."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ready = b""
        self._done = False
        while (line := self._line()) == b"":
            pass
        if line != ARMOR:
            raise InvalidError("has a malformed armor")

    def readable(self) -> bool:
        """It can only be read."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """The next bytes; none at the end."""
        if not self._ready and not self._done:
            self._ready = self._next()
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _next(self) -> bytes:
        line = self._line()
        if line != _ARMOR_END:
            if len(line) < _COLUMNS or line.endswith(b"="):
                self._end(self._line())
            return self._bytes(line)
        self._end(line)
        return b""

    def _end(self, line: bytes) -> None:
        if line != _ARMOR_END or self._file.read(_LINE_LIMIT).strip():
            raise InvalidError("has a malformed armor")
        self._done = True

    def _line(self) -> bytes:
        line = self._file.readline(_LINE_LIMIT)
        if not line:
            raise InvalidError("has a malformed armor")
        return line.rstrip(b"\r\n")

    @staticmethod
    def _bytes(line: bytes) -> bytes:
        try:
            data = b64decode(line, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidError("has a malformed armor") from error
        if not data or len(line) > _COLUMNS or b64encode(data) != line:
            raise InvalidError("has a malformed armor")
        return data
