"""Where an ONNX model keeps tensors outside itself, read as bare protobuf from memory.

Source: onnx.proto3, ONNX IR version 13 (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto.external_data);
Protocol Buffers encoding; "External Data" of the ONNX documentation; CVE-2025-51480, CVE-2026-27489, CVE-2026-34445.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from redan.errors import InputError
from redan.scan.formats.protobuf import Field, ProtoError, Wire, tags
from redan.scan.region import Region, RegionError

_FIELDS = 20_000_000
_SMALL = frozenset(range(1, 16))  # numbers of fields whose tag is one byte
_DEPTH = 32  # nested graphs; protobuf itself gives up at 100 messages
_LEN, _VARINT = 2, 0
_EXTERNAL = 1  # TensorProto.DataLocation.EXTERNAL
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # fields of TensorProto
_KEYS = frozenset({"location", "offset", "length", "checksum"})
_AGAIN = "save the model with its tensors in one file"
# Message, field number -> message inside. Only what can hold a tensor is followed.
INSIDE: Mapping[tuple[str, int], str] = MappingProxyType(
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
_PASSED = MappingProxyType(
    {name: tags(_SMALL - {number for message, number in INSIDE if message == name}) for name, _ in INSIDE}
    | {"tensor": tags(_SMALL - {_EXTERNAL_DATA, _DATA_LOCATION})}
)
# The only ways to a tensor on which ONNX Runtime takes its bytes from memory.
_FROM_MEMORY = frozenset({("graph", "tensor"), ("graph", "node", "attribute", "tensor")})


class _Steps:
    """The budget of one walk."""

    def __init__(self) -> None:
        self._left = _FIELDS

    def spend(self, *, unpacked: int = 0, members: int = 0, steps: int = 0) -> None:
        """Counts fields alone: nothing here is unpacked."""
        self._left -= unpacked + members + steps
        if self._left < 0:
            raise ProtoError("there are too many fields")


class OnnxFields:
    """The fields of a model's messages, with one budget for all of them."""

    def __init__(self, data: bytes) -> None:
        self._wire = Wire(Region.of(data), None)
        self._steps = _Steps()
        self.text = self._wire.text

    def fields(self, start: int, size: int, passed: frozenset[int] = frozenset()) -> Iterator[Field]:
        """The fields of the message at `start`.

        Args:
            start: of its first field.
            size: of all of them, in bytes.
            passed: tags of which not every field is needed; as of `Wire.fields`.
        """
        for field in self._wire.fields(start, size, passed):
            self._steps.spend(steps=1 + field.more)
            yield field


def is_onnx(data: bytes) -> bool:
    """Whether bytes are one protobuf message with the version and the graph that every ONNX model has."""
    try:
        seen = {(field.number, field.wire) for field in OnnxFields(data).fields(0, len(data))}
    except ProtoError:
        return False
    return {(1, _VARINT), (7, _LEN)} <= seen


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
    try:
        return tuple(dict.fromkeys(_tensors(OnnxFields(data), "model", (0, len(data)), ())))
    except (ProtoError, RegionError) as error:
        raise InputError("the ONNX model is not well formed", remedy="fetch it again") from error


def _tensors(model: OnnxFields, message: str, extent: tuple[int, int], way: tuple[str, ...]) -> Iterator[str]:
    if len(way) > _DEPTH * 3:  # graph, node and attribute per level
        raise ProtoError("graphs are nested too deeply")
    if message == "tensor":
        location = _location(model, extent)
        if location is not None and way not in _FROM_MEMORY:
            raise InputError("the ONNX model has external tensors in a nested graph or function", remedy=_AGAIN)
        if location is not None:
            yield location
        return
    for field in model.fields(*extent, _PASSED[message]):
        inside = INSIDE.get((message, field.number))
        if inside is not None and field.wire == _LEN:
            yield from _tensors(model, inside, (field.start, field.size), (*way, inside))


def _location(model: OnnxFields, extent: tuple[int, int]) -> str | None:
    """The file of one tensor; None when its bytes are inside the model."""
    external = False
    entries: dict[str, str] = {}
    for field in model.fields(*extent, _PASSED["tensor"]):
        if field.number == _DATA_LOCATION and field.wire == _VARINT:
            external = field.value == _EXTERNAL
        elif field.number == _EXTERNAL_DATA and field.wire == _LEN:
            parts = {part.number: model.text(part) for part in model.fields(field.start, field.size)}
            key, value = parts.get(1, ""), parts.get(2, "")
            if key in entries:
                raise InputError("the ONNX model says twice where an external tensor lies", remedy=_AGAIN)
            entries[key] = value
    if not external:
        return None
    if not _KEYS.issuperset(entries):  # CVE-2026-34445: keys that set attributes of the reader
        raise InputError("the ONNX model describes an external tensor in unknown words", remedy=_AGAIN)
    return _plain(entries.get("location", ""))


def _plain(name: str) -> str:
    """A name that stays in the model's folder; ONNX Runtime's marks of addresses in memory (`*/...`) are none."""
    steps = name.split("/")
    odd = not name.isprintable() or set(name) & set("*\\:") or not steps[0]
    if not name or odd or ".." in steps:
        raise InputError("an external tensor of the ONNX model lies outside the model's folder", remedy=_AGAIN)
    return name
