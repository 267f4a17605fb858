"""Attributes: their names and, where they are texts or opaque bytes, their values.

Source: HDF5 File Format Specification 3.0, sections IV.A.2.b (dataspace), IV.A.2.d (datatype), IV.A.2.m (attribute).
"""

from dataclasses import dataclass

from redan.scan.formats.hdf5 import heaps
from redan.scan.formats.hdf5.base import Hdf5Error, Piece, Source

_STRING, _OPAQUE, _VARIABLE = 3, 5, 9
_VALUE_LIMIT = 64 << 20
_MOST_VALUES = 1 << 16


@dataclass(frozen=True, slots=True)
class Attribute:
    """A name and its texts.

    Args:
        name: of the attribute.
        values: the bytes of every element that is a text or opaque; empty for numbers.
    """

    name: str
    values: tuple[bytes, ...]


def attribute(source: Source, body: bytes) -> Attribute:
    """The attribute of a message.

    Raises:
        Hdf5Error: a version or type that is not read.
    """
    piece = source.of(body)
    version, flags = piece.number(1), piece.number(1)
    if not 1 <= version <= 3:  # noqa: PLR2004 -- the versions of the specification
        raise Hdf5Error("an attribute is of an unknown version")
    sizes = [piece.number(2) for _ in range(3)]
    if version == 3:  # noqa: PLR2004 -- it names the encoding of the name
        piece.take(1)
    if version > 1 and flags & 3:
        raise Hdf5Error("an attribute has a type that lies elsewhere, which is not read")
    name, kind, space = (_part(piece, size, padded=version == 1) for size in sizes)
    text = name.partition(b"\0")[0].decode("utf-8", errors="backslashreplace")  # as the library reads it
    return Attribute(text, _values(source, kind, _count(source, space), piece.rest()))


def _part(piece: Piece, size: int, *, padded: bool) -> bytes:
    part = piece.take(size)
    if padded:
        piece.take(min(-size % 8, piece.left))
    return part


def _count(source: Source, space: bytes) -> int:
    """Elements of a dataspace; 0 for the null dataspace.

    Raises:
        Hdf5Error: more than any attribute has.
    """
    piece = source.of(space)
    version, rank, _flags = piece.number(1), piece.number(1), piece.number(1)
    if version == 1:
        piece.take(5)
    elif version == 2:  # noqa: PLR2004 -- the other version of the specification
        if piece.number(1) == 2:  # noqa: PLR2004 -- the null dataspace
            return 0
    else:
        raise Hdf5Error("a dataspace is of an unknown version")
    count = 1
    for _ in range(rank):
        count *= piece.length()
    if count > 1 << 40:
        raise Hdf5Error("an attribute has more elements than any file")
    return count


def _values(source: Source, kind: bytes, count: int, data: bytes) -> tuple[bytes, ...]:
    piece = source.of(kind)
    head, bits, size = piece.number(1), piece.number(3), piece.number(4)
    family = head & 15
    if family in {_STRING, _OPAQUE}:
        if size * count > len(data) or size == 0 or count > _MOST_VALUES:
            raise Hdf5Error("an attribute has fewer bytes than its type asks for")
        return tuple(data[i * size : (i + 1) * size] for i in range(count))
    if family != _VARIABLE:
        return ()
    inner = piece.number(1) & 15 if piece.left else _STRING
    if not bits & 15 and inner not in {_STRING, _OPAQUE, 0}:
        return ()
    if count > _MOST_VALUES:
        raise Hdf5Error("an attribute has more texts than are read")
    return _texts(source, source.of(data), count, is_text=bool(bits & 15))


def _texts(source: Source, data: Piece, count: int, *, is_text: bool) -> tuple[bytes, ...]:
    found: list[bytes] = []
    total = 0
    for _ in range(count):
        length, address, index = data.number(4), data.address(), data.number(4)
        if not length or not address:
            continue
        value = heaps.global_object(source, address, index)
        if is_text and length > len(value):
            raise Hdf5Error("a text is shorter than it says")
        total += len(value)
        if total > _VALUE_LIMIT:
            raise Hdf5Error("the texts of an attribute are longer than are read")
        found.append(value[:length] if is_text else value)
    return tuple(found)
