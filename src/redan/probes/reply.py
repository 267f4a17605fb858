"""Answers of HTTP/1.1 out of the bytes of one connection; those of a hostile or broken server are read, too.

Source: RFC 9112 sections 4, 6 and 7.
"""

import re
from typing import Final, NamedTuple

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]{0,500})?\Z")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}):[ \t]*(.*?)[ \t]*\Z", re.DOTALL)
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\Z", re.DOTALL)
_HEAD: Final = 1 << 16
_BODYLESS: Final = frozenset({204, 304})
_INTERIM: Final = 200


class Reply(NamedTuple):
    """One answer.

    Args:
        status: of HTTP.
        fields: names in lower case, in the order in which they came.
        body: as far as it came.
        whole: whether all of it came.
    """

    status: int
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    whole: bool = True

    def field(self, name: bytes) -> bytes:
        """Value of a field by its name in lower case; empty where there is none."""
        return next((value for found, value in self.fields if found == name), b"")

    @property
    def ends(self) -> bool:
        """Whether the server says that nothing follows on this connection."""
        return b"close" in self.field(b"connection").lower()


class Read(NamedTuple):
    """What some bytes are.

    Args:
        replies: in their order, interim ones left out; the last may be not whole.
        rest: bytes that are no answer; where there are some, nothing after them is read.
    """

    replies: tuple[Reply, ...]
    rest: bytes = b""


def replies_of(data: bytes, methods: tuple[bytes, ...] = (), *, ended: bool) -> Read:
    """Reads what came over one connection.

    Args:
        data: all of it.
        methods: of the requests in their order; an answer to HEAD has no body. POST beyond them.
        ended: whether the other side ended the connection, so that nothing more comes.
    """
    found: list[Reply] = []
    at = 0
    while at < len(data):
        end = data.find(b"\r\n\r\n", at, at + _HEAD)
        if end < 0:
            return Read(tuple(found), data[at:])
        lines = data[at:end].split(b"\r\n")
        status = _STATUS.match(lines[0])
        if status is None:
            return Read(tuple(found), data[at:])
        number, fields = int(status[1]), _fields(lines[1:])
        at = end + 4
        if number < _INTERIM:
            continue
        method = methods[len(found)] if len(found) < len(methods) else b"POST"
        bodyless = method == b"HEAD" or number in _BODYLESS
        body, at, whole = (b"", at, True) if bodyless else _body(data, at, fields, ended=ended)
        found.append(Reply(number, fields, body, whole))
        if not whole:
            break
    return Read(tuple(found))


def _fields(lines: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    pairs = (_FIELD.match(line) for line in lines)
    return tuple((pair[1].lower(), pair[2]) for pair in pairs if pair is not None)


def _body(data: bytes, at: int, fields: tuple[tuple[bytes, bytes], ...], *, ended: bool) -> tuple[bytes, int, bool]:
    """The body, where the next answer begins, and whether it is whole."""
    head = Reply(0, fields)
    if b"chunked" in head.field(b"transfer-encoding").lower():
        return _chunks(data, at)
    length = head.field(b"content-length")
    if length.isdigit() and len(length) <= 15:  # noqa: PLR2004 -- more digits are no length
        end = at + int(length)
        return data[at:end], min(end, len(data)), end <= len(data)
    return data[at:], len(data), ended


def _chunks(data: bytes, at: int) -> tuple[bytes, int, bool]:
    parts: list[bytes] = []
    while True:
        end = data.find(b"\r\n", at, at + _HEAD)
        size = None if end < 0 else _SIZE.match(data[at:end])
        if size is None:
            return b"".join(parts), len(data), False
        length, at = int(size[1], 16), end + 2
        if length == 0:
            return _after_chunks(data, at, b"".join(parts))
        parts.append(data[at : at + length])
        at += length + 2
        if at > len(data):
            return b"".join(parts), len(data), False


def _after_chunks(data: bytes, at: int, body: bytes) -> tuple[bytes, int, bool]:
    """Trailers are dropped."""
    if data[at : at + 2] == b"\r\n":
        return body, at + 2, True
    end = data.find(b"\r\n\r\n", at, at + _HEAD)
    return (body, len(data), False) if end < 0 else (body, end + 4, True)
