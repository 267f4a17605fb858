"""Object headers: the messages that say what an object is.

Source: HDF5 File Format Specification 3.0, section IV.A.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from redan.scan.formats.hdf5.base import Hdf5Error, Piece, Source

_MOST_BLOCKS = 4096
_BLOCK_LIMIT = 16 << 20
CONTINUATION = 0x10
_SHARED = 2


class Message(NamedTuple):
    """One message: its type, whether its body lies elsewhere, its body, and where that stands in the file."""

    kind: int
    shared: bool
    body: bytes
    offset: int


# source, address, bytes, flags of the header, whether it is the first block
_ReadBlock: TypeAlias = Callable[[Source, int, int, int, bool], Iterator[Message]]


def messages(source: Source, address: int) -> Iterator[Message]:
    """All messages of the object header at an address, continuations included.

    Raises:
        Hdf5Error: no header of version 1 or 2 stands there.
    """
    first = source.region.read(address, 16)
    if first[:4] == b"OHDR":
        yield from _all(source, *_new_start(source, address), _new_block)
    elif first[0] == 1:
        size = int.from_bytes(first[8:12], "little")
        yield from _all(source, address + 16, size, 0, _old_block)
    else:
        raise Hdf5Error("an address leads to no object header")


def _new_start(source: Source, address: int) -> tuple[int, int, int]:
    """Where the messages of a version 2 header begin, their bytes, and the header's flags."""
    piece = source.of(source.region.upto(address, 64))
    piece.take(4)
    version, flags = piece.number(1), piece.number(1)
    if version != 2 or flags & 0xC0:  # noqa: PLR2004 -- the version of this signature
        raise Hdf5Error("an object header is of an unknown version")
    piece.take((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    size = piece.number(1 << (flags & 3))
    return address + piece.at[0], size, flags


def _all(source: Source, start: int, size: int, flags: int, read_block: _ReadBlock) -> Iterator[Message]:
    """The first block, and blocks that continuation messages name, each once."""
    waiting = [(start, size)]
    seen: set[int] = set()
    while waiting:
        at, length = waiting.pop(0)
        if at in seen or len(seen) >= _MOST_BLOCKS or length > _BLOCK_LIMIT:
            raise Hdf5Error("an object header goes on in a circle or without end")
        seen.add(at)
        for message in read_block(source, at, length, flags, at == start):
            if message.kind == CONTINUATION:
                place = source.of(message.body)
                target, more = place.address(), place.length()
                if target is None:
                    raise Hdf5Error("an object header goes on nowhere")
                waiting.append((target, more))
            else:
                yield message


def _old_block(source: Source, at: int, length: int, _flags: int, _first: bool) -> Iterator[Message]:
    piece = source.piece(at, length)
    while piece.left >= 8:  # noqa: PLR2004 -- the head of a message
        kind, size, flags = piece.number(2), piece.number(2), piece.number(1)
        piece.take(3)
        offset = at + piece.at[0]
        yield _message(source, kind, flags, piece.take(size), offset)
    if piece.left:
        raise Hdf5Error("an object header has bytes that are no message")


def _new_block(source: Source, at: int, length: int, flags: int, first: bool) -> Iterator[Message]:
    if first:
        piece = source.piece(at, length)
    else:
        if length < 8:  # noqa: PLR2004 -- signature and checksum
            raise Hdf5Error("a continuation is too short")
        source.piece(at, 4, b"OCHK")
        piece, at = source.piece(at + 4, length - 8), at + 4
    head = 6 if flags & 4 else 4
    while piece.left >= head:
        kind, size, marks = piece.number(1), piece.number(2), piece.number(1)
        piece.take(head - 4)
        offset = at + piece.at[0]
        yield _message(source, kind, marks, piece.take(size), offset)


def _message(source: Source, kind: int, flags: int, body: bytes, offset: int) -> Message:
    source.budget.spend(steps=1)
    return Message(kind, bool(flags & _SHARED), body, offset)


def shared_address(piece: Piece) -> int:
    """Where a shared message lies: the object header of a committed datatype.

    Raises:
        Hdf5Error: it lies in a heap of shared messages, which is not read.
    """
    version, kind = piece.number(1), piece.number(1)
    if version == 1:
        piece.take(6)
    address = piece.address() if version in {1, 2} or kind == 2 else None  # noqa: PLR2004 -- as the specification numbers them
    if version > 3 or address is None:  # noqa: PLR2004 -- the last version
        raise Hdf5Error("a message lies in a heap of shared messages, which is not read")
    return address
