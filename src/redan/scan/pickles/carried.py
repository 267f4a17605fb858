"""Pickles that a pickle carries as plain data, raw or spelt in Base64 or hexadecimal: harmless until they are loaded.

No loader of the file runs them, but code beside the model may: a file that carries a harmful one is told.
"""

import base64
import binascii
import re

from redan.scan.pickles.machine import Machine
from redan.scan.records import ScanVerdict

_LEAST_BYTES = 12  # no shorter stream imports and calls
_MOST = 256
_TEXT_LIMIT_BYTES = 1 << 22
_FIRST = b"\x80\xc2g8"  # of a pickle as it is, in UTF-8, in Base64 and in hexadecimal
_BASE64 = re.compile(rb"gA[A-X][A-Za-z0-9+/_\-\r\n]+=*\s*")
_HEX = re.compile(rb"800[0-5](?:[0-9a-fA-F]{2})+\s*")


def bytes_begin(m: Machine, start: int, length: int) -> None:
    """Remembers bytes at the cursor that begin as a pickle does, or spell what does."""
    if length < _LEAST_BYTES:
        return
    head = m.cursor.peek(2)
    if head[:1] == b"\x80" and head[1:] <= b"\x05":
        _remember(m, start, length)
    elif head in {b"gA", b"80"}:
        in_text(m, m.cursor.region.upto(start, length))


def in_text(m: Machine, data: bytes) -> None:
    """Remembers what a text spells when that begins as a pickle does."""
    if data[:1] not in _FIRST or len(data) < _LEAST_BYTES:
        return
    if len(data) > _TEXT_LIMIT_BYTES:
        if _HEX.fullmatch(data[:_LEAST_BYTES]) or _BASE64.fullmatch(data[:_LEAST_BYTES]):
            _unread(m)
        return
    spelt = _spelt(data)
    if spelt[:1] == b"\x80" and spelt[1:2] <= b"\x05":
        _remember(m, spelt, len(spelt))


def _remember(m: Machine, where: int | bytes, size: int) -> None:
    if len(m.seen.carried) < _MOST:
        m.seen.carried.append((m.at, where, size))
    else:
        _unread(m)


def _unread(m: Machine) -> None:
    m.say(
        "unread-carried",
        ScanVerdict.NOT_UNDERSTOOD,
        "carries more data that may be pickles than is examined",
        "CWE-502",
    )


def _spelt(data: bytes) -> bytes:
    try:
        if _HEX.fullmatch(data):
            return bytes.fromhex(data.decode("ascii"))
        if _BASE64.fullmatch(data):
            plain = data.translate(bytes.maketrans(b"-_", b"+/"))
            return base64.b64decode(plain.rstrip(b"=\r\n\t ") + b"===")
        return data if data[:1] == b"\x80" else data.decode("utf-8").encode("latin-1")
    except (ValueError, binascii.Error):
        return b""
