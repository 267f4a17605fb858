"""ONNX models: what a model names outside itself, and which operators are not those of ONNX.

Source: `onnx/onnx.proto` of ONNX 1.23. CVE-2022-25882, CVE-2024-27318, CVE-2025-51480, CVE-2026-27489 (external data),
CVE-2026-34445 (keys of external data). A protobuf has no magic: the first level must consist of a model's fields alone.
"""

import os
import re
from collections.abc import Iterator

from redan.scan.contract import Context, Format
from redan.scan.formats.names import onnx_ops
from redan.scan.formats.protobuf import Field, ProtoError, Shapes, Wire, looks_like, shape
from redan.scan.records import Detection
from redan.scan.region import Region
from redan.scan.say import Voice, shown, words

_MODEL = shape(f1="v", f2="b", f3="b", f4="b", f5="v", f6="b", f7="b", f8="b*", f14="b*", f20="b*", f25="b*", f26="b*")
_GRAPH = shape(f1="b*", f2="b", f5="b*", f10="b", f11="b*", f12="b*", f13="b*", f14="b*", f15="b*", f16="b*")
_NODE = shape(f1="b*", f2="b*", f3="b", f4="b", f5="b*", f6="b", f7="b", f8="b", f9="b*", f10="b*")
_ATTRIBUTE = shape(
    f1="b", f2="f", f3="v", f4="b", f5="b", f6="b", f7="q*", f8="p*", f9="b*", f10="b*", f11="b*", f13="b", f14="b",
    f15="b*", f20="v", f21="b", f22="b", f23="b*",
)  # fmt: skip
_TENSOR = shape(
    f1="p*", f2="v", f3="b", f4="q*", f5="p*", f6="b*", f7="p*", f8="b", f9="b", f10="e*", f11="p*", f12="b", f13="b*",
    f14="v", f16="b*",
)  # fmt: skip
_SPARSE = shape(f1="b", f2="b", f3="p*")
_TRAINING = shape(f1="b", f2="b", f3="b*", f4="b*")
_FUNCTION = shape(
    f1="b", f4="b*", f5="b*", f6="b*", f7="b*", f8="b", f9="b*", f10="b", f11="b*", f12="b*", f13="b", f14="b*"
)
_TYPE, _RAW, _EXTERNAL, _LOCATION = 2, 9, 13, 14  # fields of a tensor
_ENTRY = shape(f1="b", f2="b")
_SHAPES: Shapes = {
    "opset": (shape(f1="b", f2="v"), {}),
    "entry": (_ENTRY, {}),
    "quantised": (shape(f1="b", f2="b*"), {2: "entry"}),
    "value": (shape(f1="b", f2="b", f3="b", f4="b*"), {2: "type", 4: "entry"}),
    "type": (
        shape(f1="b", f4="b", f5="b", f6="b", f7="b", f8="b", f9="b"),
        {1: "tensor", 4: "list", 5: "map", 8: "tensor", 9: "list"},
    ),
    "tensor": (shape(f1="v", f2="b"), {2: "shape"}),
    "list": (shape(f1="b"), {1: "type"}),
    "map": (shape(f1="v", f2="b"), {2: "type"}),
    "shape": (shape(f1="b*"), {1: "dim"}),
    "dim": (shape(f1="v", f2="b", f3="b"), {}),
    "segment": (shape(f1="v", f2="v"), {}),
    "devices": (shape(f1="b", f2="v", f3="b*"), {}),
    "placement": (shape(f1="b", f2="b*", f3="v"), {2: "sharding"}),
    "sharding": (shape(f1="b", f2="p*", f3="b*", f4="b*"), {3: "group", 4: "sharded"}),
    "group": (shape(f1="v", f2="p*"), {}),
    "sharded": (shape(f1="v", f2="b*"), {2: "simple"}),
    "simple": (shape(f1="v", f2="b", f3="v"), {}),
}
# Bits per element by data type; 8 is a string, which has no fixed size.
_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
    17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
_EXTERNAL_KEYS = words("location offset length checksum basepath")
_PYTHON = words("PythonOp PythonOpGrad PyOp PyFunc ATen ATenOp ExternalInputs TritonOp")
_CONTEXTS = words("EPContext Snpe SampleOp")
_LIMIT_BYTES = 1 << 31
_DEEPEST = 100  # what the protobuf parsers of loaders allow
_MOST_TOLD = 20
_PLAIN = frozenset({7, 8, 9})  # floats, ints and strings of an attribute: read by the operator alone
_REMEDY = "Export the model again with all tensors inside the file and only operators of ONNX."


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the first level consists of fields of ModelProto, a graph among them."""
    return looks_like(region, _MODEL, frozenset({7}))


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a model, its subgraphs, functions and training graphs."""
    say = Voice(context.place)
    if region.size >= _LIMIT_BYTES:
        yield say.unclear(
            "onnx-size",
            "The model has 2 GiB or more: no protobuf parser reads that.",
            remedy="Keep large tensors outside.",
        )
        return
    try:
        yield from _Model(Wire(region, context.budget), context, say).read()
    except ProtoError as error:
        yield say.unclear(
            "onnx-structure",
            f"The file is no ONNX model that two parsers read alike: {error}.",
            reference="onnx.proto of ONNX 1.23",
            remedy="Save the model again with a current release of onnx.",
        )


class _Model:
    """Walks one model without recursion."""

    def __init__(self, wire: Wire, context: Context, say: Voice) -> None:
        self._wire = wire
        self._context = context
        self._say = say
        self._functions: set[tuple[str, str]] = set()
        self._told: dict[tuple[str, str], int] = {}
        self._files: dict[str, Region | None] = {}

    def read(self) -> Iterator[Detection]:
        wire = self._wire
        model = wire.message(0, wire.size, _MODEL)
        waiting: list[tuple[str, Field, int]] = [("graph", f, 1) for f in model.get(7, [])]
        for field in model.get(25, []):
            waiting.append(("function", field, 1))
            found = wire.message(field.start, field.size, _FUNCTION)
            self._functions.add((_domain(wire.first(found, 10)), wire.first(found, 1)))
        for field in model.get(20, []):
            found = wire.message(field.start, field.size, _TRAINING)
            waiting.extend(("graph", f, 2) for number in (1, 2) for f in found.get(number, []))
            self._check(found, {3: "entry", 4: "entry"})
        yield from self._metadata(model.get(14, []))
        self._check(model, {8: "opset", 26: "devices"})
        while waiting:
            kind, field, depth = waiting.pop()
            if depth > _DEEPEST:
                raise ProtoError(f"graphs nest deeper than {_DEEPEST} messages")
            yield from getattr(self, f"_{kind}")(field, depth, waiting)

    def _check(self, found: dict[int, list[Field]], kinds: dict[int, str]) -> None:
        """Parts that hold nothing but names, types and numbers must be well formed all the same."""
        for number, kind in kinds.items():
            for field in found.get(number, []):
                self._wire.check(field, kind, _SHAPES)

    def _metadata(self, fields: list[Field]) -> Iterator[Detection]:
        for field in fields:
            entry = self._wire.message(field.start, field.size, _ENTRY)
            key = self._wire.data(entry[1][0])[:100] if 1 in entry else b""
            if key == b"ort_config":
                yield self._say.unclear(
                    "onnx-session-config",
                    "The model carries settings for a session of ONNX Runtime.",
                    offset=field.start,
                )

    def _graph(self, field: Field, depth: int, waiting: list[tuple[str, Field, int]]) -> Iterator[Detection]:
        found = self._wire.message(field.start, field.size, _GRAPH)
        waiting.extend(("node", f, depth + 1) for f in reversed(found.get(1, [])))
        waiting.extend(("sparse", f, depth + 1) for f in found.get(15, []))
        self._check(found, {11: "value", 12: "value", 13: "value", 14: "quantised", 16: "entry"})
        for tensor in found.get(5, []):
            yield from self._tensor(tensor, depth + 1, waiting)

    def _function(self, field: Field, depth: int, waiting: list[tuple[str, Field, int]]) -> Iterator[Detection]:
        found = self._wire.message(field.start, field.size, _FUNCTION)
        waiting.extend(("node", f, depth + 1) for f in reversed(found.get(7, [])))
        waiting.extend(("attribute", f, depth + 1) for f in found.get(11, []))
        self._check(found, {9: "opset", 12: "value", 14: "entry"})
        yield from ()

    def _node(self, field: Field, depth: int, waiting: list[tuple[str, Field, int]]) -> Iterator[Detection]:
        found = self._wire.message(field.start, field.size, _NODE)
        waiting.extend(("attribute", f, depth + 1) for f in found.get(5, []))
        self._check(found, {9: "entry", 10: "placement"})
        domain, name = _domain(self._wire.first(found, 7)), self._wire.first(found, 4)
        if (domain, name) in onnx_ops() or (domain, name) in self._functions:
            return
        self._told[domain, name] = self._told.get((domain, name), 0) + 1
        if self._told[domain, name] == 1 and len(self._told) <= _MOST_TOLD:
            yield self._operator(domain, name, field.start)

    def _operator(self, domain: str, name: str, offset: int) -> Detection:
        called = f"`{shown(domain)}.{shown(name)}`"
        if name in _PYTHON:
            return self._say.bad(
                "onnx-python", f"The operator {called} calls Python.", offset=offset, reference="CWE-94", remedy=_REMEDY
            )
        what = (
            f"The operator {called} is none of ONNX or ONNX Runtime: it comes from a library that the loader must load."
        )
        if name in _CONTEXTS:
            what = f"The operator {called} hands compiled code or a file to an execution provider."
        return self._say.unclear("onnx-operator", what, offset=offset, reference="CWE-829", remedy=_REMEDY)

    def _attribute(self, field: Field, depth: int, waiting: list[tuple[str, Field, int]]) -> Iterator[Detection]:
        found = self._wire.message(field.start, field.size, _ATTRIBUTE, _PLAIN)
        waiting.extend(("graph", f, depth + 1) for number in (6, 11) for f in found.get(number, []))
        waiting.extend(("tensor", f, depth + 1) for number in (5, 10) for f in found.get(number, []))
        waiting.extend(("sparse", f, depth + 1) for number in (22, 23) for f in found.get(number, []))
        self._check(found, {14: "type", 15: "type"})
        yield from ()

    def _sparse(self, field: Field, depth: int, waiting: list[tuple[str, Field, int]]) -> Iterator[Detection]:
        found = self._wire.message(field.start, field.size, _SPARSE)
        waiting.extend(("tensor", f, depth + 1) for number in (1, 2) for f in found.get(number, []))
        yield from ()

    def _tensor(self, field: Field, _depth: int, _waiting: list[tuple[str, Field, int]]) -> Iterator[Detection]:
        found = self._wire.message(field.start, field.size, _TENSOR)
        self._check(found, {3: "segment", 16: "entry"})
        external = _LOCATION in found and found[_LOCATION][0].value == 1
        size = self._bytes_of(found)
        if external:
            yield from self._external(found.get(_EXTERNAL, []), size, field.start)
        elif _EXTERNAL in found:
            yield self._say.unclear("onnx-external", "A tensor is inside and outside of the file.", offset=field.start)
        elif _RAW in found and size is not None and found[_RAW][0].size != size:
            yield self._say.unclear(
                "onnx-tensor-size", "A tensor does not have the bytes that its shape asks for.", offset=field.start
            )

    def _bytes_of(self, found: dict[int, list[Field]]) -> int | None:
        """Bytes of a tensor by its shape and type; None for strings and unknown types.

        Raises:
            ProtoError: the shape is negative or has more elements than memory.
        """
        count = 1
        for dim in self._wire.numbers(found.get(1, [])):
            count *= dim
            if dim >= 1 << 63 or count >= 1 << 48:
                raise ProtoError("a tensor has a negative dimension or more elements than any memory")
        bits = _BITS.get(found[_TYPE][0].value) if _TYPE in found else None
        return None if bits is None else (count * bits + 7) // 8

    def _external(self, entries: list[Field], size: int | None, offset: int) -> Iterator[Detection]:
        values: dict[str, str] = {}
        for entry in entries:
            found = self._wire.message(entry.start, entry.size, _ENTRY)
            key, value = self._wire.first(found, 1), self._wire.first(found, 2)
            if key in values:
                raise ProtoError("a key of external data stands twice")
            values[key] = value
            if key not in _EXTERNAL_KEYS:
                yield self._key(key, offset)
        yield from self._place(values, size, offset)

    def _key(self, key: str, offset: int) -> Detection:
        if key.startswith("prepacked"):
            return self._say.unclear(
                "onnx-external", "External data holds weights packed for one machine.", offset=offset
            )
        return self._say.bad(
            "onnx-external-key",
            f"External data has the key `{shown(key)}`, which sets an attribute of the loader's object.",
            offset=offset,
            reference="CVE-2026-34445",
            remedy=_REMEDY,
        )

    def _place(self, values: dict[str, str], size: int | None, offset: int) -> Iterator[Detection]:
        location = values.get("location", "")
        if leaves(location):
            yield self._say.bad(
                "onnx-external-path",
                f"A tensor is read from `{shown(location)}`, outside the folder of the model.",
                offset=offset,
                reference="CVE-2022-25882, CVE-2024-27318, CVE-2025-51480",
                remedy="Do not load the file.",
            )
            return
        if location and location not in self._files:
            self._files[location] = self._context.siblings(location)  # opened once, however many tensors it holds
        beside = self._files.get(location)
        if beside is None:
            yield self._say.unclear(
                "unread-external-data",
                f"A tensor lies in `{shown(location)}`, which is no regular file beside the model.",
                offset=offset,
                reference="CVE-2026-27489",
                remedy="Put the file beside the model, no link, or keep all tensors inside the model.",
            )
            return
        if isinstance(beside.source, int) and os.fstat(beside.source).st_nlink > 1:
            yield self._say.unclear(
                "onnx-external-link",
                f"The file `{shown(location)}` has a second name elsewhere, a hard link.",
                offset=offset,
                reference="CVE-2026-27489",
                remedy="Copy the file so that it has one name.",
            )
        yield from self._range(values, size, beside, offset)

    def _range(self, values: dict[str, str], size: int | None, beside: Region, offset: int) -> Iterator[Detection]:
        numbers = [values.get(key, "0") for key in ("offset", "length")]
        if not all(re.fullmatch(r"[0-9]{1,18}", n) for n in numbers):
            raise ProtoError("an offset or length of external data is no number")
        start, length = (int(n) for n in numbers)
        wanted = length if "length" in values else (beside.size - start if size is None else size)
        if start + wanted > beside.size or (size is not None and wanted != size):
            yield self._say.unclear(
                "onnx-external-range",
                "A tensor does not lie inside its external file as its shape asks for.",
                offset=offset,
            )


def _domain(text: str) -> str:
    return text or "ai.onnx"


def leaves(path: str) -> bool:
    """Whether a relative path of a file format leaves its folder, on any system, or is no path of a file."""
    parts = re.split(r"[\\/]", path)
    return (
        path.startswith(("/", "\\", "~", "*"))
        or ".." in parts
        or bool(re.match(r"[A-Za-z]:|[A-Za-z][\w+.-]*://", path))
        or any(ord(c) < ord(" ") for c in path)
    )


FORMAT = Format(name="onnx", recognise=recognise, read=read)
