"""Where an ONNX model keeps tensors outside itself, read as bare protobuf from memory.

Source: onnx.proto3, ONNX IR version 13 (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto.external_data);
Protocol Buffers encoding; "External Data" of the ONNX documentation; CVE-2025-51480, CVE-2026-27489, CVE-2026-34445.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from redan.errors import InputError

_FIELDS = 20_000_000
_DEPTH = 32  # nested graphs; protobuf itself gives up at 100 messages
_LEN, _VARINT = 2, 0
_FIXED: Mapping[int, int] = MappingProxyType({1: 8, 5: 4})
_EXTERNAL = 1  # TensorProto.DataLocation.EXTERNAL
_KEYS = frozenset({"location", "offset", "length", "checksum"})
_NAME_BYTES = 4096
_AGAIN = "save the model with its tensors in one file"
# Message, field number -> message inside. Only what can hold a tensor is followed.
_INSIDE: Mapping[tuple[str, int], str] = MappingProxyType(
    {
        ("model", 7): "graph",
        ("model", 20): "training",
        ("model", 25): "function",
        ("training", 1): "graph",
        ("training", 2): "graph",
        ("function", 7): "node",
        ("function", 11): "attribute",
        ("graph", 1): "node",
        ("graph", 5): "tensor",
        ("graph", 15): "sparse",
        ("node", 5): "attribute",
        ("attribute", 5): "tensor",
        ("attribute", 6): "graph",
        ("attribute", 10): "tensor",
        ("attribute", 11): "graph",
        ("attribute", 22): "sparse",
        ("attribute", 23): "sparse",
        ("sparse", 1): "tensor",
        ("sparse", 2): "tensor",
    }
)
# The only ways to a tensor on which ONNX Runtime takes its bytes from memory.
_FROM_MEMORY = frozenset({("graph", "tensor"), ("graph", "node", "attribute", "tensor")})


class _Field(NamedTuple):
    number: int
    start: int  # of its bytes; the value itself for a varint
    end: int  # -1 for a varint


class _MalformedError(ValueError):
    pass


class _Walk:
    """Protobuf fields of bytes in memory, with one budget for all of them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._left = _FIELDS

    def fields(self, start: int, end: int) -> Iterator[_Field]:
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise _MalformedError
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if wire == _VARINT:
                value, at = self._varint(at, end)
                yield _Field(number, value, -1)
                continue
            if wire == _LEN:
                length, at = self._varint(at, end)
            elif wire in _FIXED:
                length = _FIXED[wire]
            else:  # groups are gone from ONNX; readers disagree on where they end
                raise _MalformedError
            if number == 0 or at + length > end:
                raise _MalformedError
            yield _Field(number, at, at + length)
            at += length

    def text(self, found: _Field) -> str:
        if not 0 <= found.end - found.start <= _NAME_BYTES:
            raise _MalformedError
        return self.data[found.start : found.end].decode()

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                break
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 -- continuation bit
                return value, at
        raise _MalformedError


def is_onnx(data: bytes) -> bool:
    """Whether bytes are one protobuf message with the version and the graph that every ONNX model has."""
    walk, seen = _Walk(data), set()
    try:
        for found in walk.fields(0, len(data)):
            seen.add((found.number, found.end < 0))
    except _MalformedError:
        return False
    return {(1, True), (7, False)} <= seen


def locations(data: bytes) -> tuple[str, ...]:
    """The names of the files that hold a model's external tensors, as the model spells them.

    Args:
        data: of an ONNX model.

    Returns:
        Each name once, in the order of the model; empty when every tensor is inside.

    Raises:
        InputError: the bytes are not well formed, a name leaves the model's folder, or a tensor lies where its bytes
            cannot be given from memory.
    """
    walk = _Walk(data)
    found: dict[str, None] = {}
    try:
        for location in _tensors(walk, "model", (0, len(data)), ()):
            found[location] = None
    except (_MalformedError, UnicodeDecodeError) as error:
        raise InputError("the ONNX model is not well formed", remedy="fetch it again") from error
    return tuple(found)


def _tensors(walk: _Walk, message: str, extent: tuple[int, int], way: tuple[str, ...]) -> Iterator[str]:
    if len(way) > _DEPTH * 3:  # graph, node and attribute per level
        raise _MalformedError
    if message == "tensor":
        location = _location(walk, extent)
        if location is not None and way not in _FROM_MEMORY:
            raise InputError("the ONNX model has external tensors in a nested graph or function", remedy=_AGAIN)
        if location is not None:
            yield location
        return
    for field in walk.fields(*extent):
        inside = _INSIDE.get((message, field.number))
        if inside is not None and field.end >= 0:
            yield from _tensors(walk, inside, (field.start, field.end), (*way, inside))


def _location(walk: _Walk, extent: tuple[int, int]) -> str | None:
    """The file of one tensor; None when its bytes are inside the model."""
    external, entries = False, {}
    for field in walk.fields(*extent):
        if field.number == 14 and field.end < 0:  # noqa: PLR2004 -- data_location
            external = field.start == _EXTERNAL
        elif field.number == 13 and field.end >= 0:  # noqa: PLR2004 -- external_data
            key, value = _entry(walk, field)
            if key in entries:
                raise InputError("the ONNX model says twice where an external tensor lies", remedy=_AGAIN)
            entries[key] = value
    if not external:
        return None
    if not _KEYS.issuperset(entries):  # CVE-2026-34445: keys that set attributes of the reader
        raise InputError("the ONNX model describes an external tensor in unknown words", remedy=_AGAIN)
    return _plain(entries.get("location", ""))


def _entry(walk: _Walk, field: _Field) -> tuple[str, str]:
    parts = {f.number: walk.text(f) for f in walk.fields(field.start, field.end) if f.end >= 0}
    return parts.get(1, ""), parts.get(2, "")


def _plain(name: str) -> str:
    """A name that stays in the model's folder; ONNX Runtime's marks of addresses in memory (`*/...`) are none."""
    steps = name.split("/")
    odd = not name.isprintable() or set(name) & set("*\\:") or steps[0] == ""
    if not name or odd or ".." in steps:
        raise InputError("an external tensor of the ONNX model lies outside the model's folder", remedy=_AGAIN)
    return name
