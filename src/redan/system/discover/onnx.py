"""Inputs and outputs of an ONNX file, read as bare protobuf: no tensor is loaded and no library is trusted.

Source: onnx.proto3, ONNX IR version 10 (ModelProto, GraphProto, ValueInfoProto, TypeProto); Protocol Buffers encoding.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from redan.system.discover.found import ModelFile, Port

_FIELDS = 300_000  # a large language model has some ten thousand nodes
_PORTS = 2_000
_NAME_BYTES = 1_000
_DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip


class _Field(NamedTuple):
    number: int
    value: int  # of a varint; else the offset of its bytes
    length: int  # -1 for a varint


class _MalformedError(ValueError):
    pass


class _Reader:
    """Walks protobuf fields by seeking; one budget for the whole file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _FIELDS

    def fields(self, start: int, end: int) -> Iterator[_Field]:
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise _MalformedError
            self._file.seek(at)
            tag = self._varint()
            number, wire = tag >> 3, tag & 7
            if number == 0:
                raise _MalformedError
            value, length = self._payload(wire)
            at = self._file.tell() if length < 0 else value + length
            if at > end:
                raise _MalformedError
            yield _Field(number, value, length)

    def text(self, found: _Field) -> str:
        if not 0 <= found.length <= _NAME_BYTES:
            raise _MalformedError
        self._file.seek(found.value)
        return self._file.read(found.length).decode()

    def inside(self, found: _Field) -> Iterator[_Field]:
        return self.fields(found.value, found.value + found.length) if found.length >= 0 else iter(())

    def _payload(self, wire: int) -> tuple[int, int]:
        if wire == 0:
            return self._varint(), -1
        if wire in {1, 5}:
            return self._file.tell(), 8 if wire == 1 else 4
        if wire == 2:  # noqa: PLR2004 -- wire type LEN
            length = self._varint()
            return self._file.tell(), length
        raise _MalformedError

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._file.read(1)
            if not byte:
                raise _MalformedError
            value |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:  # noqa: PLR2004 -- continuation bit
                return value
        raise _MalformedError


def onnx_model(file: BinaryIO, path: str, size: int) -> ModelFile | None:
    """The model's ports, or None when the bytes are not an ONNX model.

    Args:
        file: open for reading.
        path: for the record.
        size: bytes of the file.
    """
    reader = _Reader(file)
    try:
        fields = {}
        for found in reader.fields(0, size):
            fields[found.number] = found
            if len(fields) == 1 and (found.number != 1 or found.length >= 0):
                return None  # ONNX writes ir_version first
        graph, version = fields.get(7), fields.get(1)
        if graph is None or graph.length < 0 or version is None or not 1 <= version.value <= 1000:  # noqa: PLR2004
            return None
        inputs, outputs = _ports(reader, graph)
    except (_MalformedError, UnicodeDecodeError, OSError, OverflowError):
        return None
    return ModelFile(path=path, format="ONNX", inputs=inputs, outputs=outputs) if outputs else None


def _ports(reader: _Reader, graph: _Field) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    inputs: list[Port] = []
    outputs: list[Port] = []
    weights: set[str] = set()
    for found in list(reader.inside(graph)):
        if found.number == 5:  # noqa: PLR2004 -- initializer: before IR 4 every weight was also listed as an input
            weights.update(reader.text(f) for f in reader.inside(found) if f.number == 8)  # noqa: PLR2004
        elif found.number == 11 and len(inputs) < _PORTS:  # noqa: PLR2004
            inputs.append(_port(reader, found))
        elif found.number == 12 and len(outputs) < _PORTS:  # noqa: PLR2004
            outputs.append(_port(reader, found))
    return tuple(p for p in inputs if p.name and p.name not in weights), tuple(p for p in outputs if p.name)


def _port(reader: _Reader, info: _Field) -> Port:
    name, dtype = "", ""
    shape: tuple[int | None, ...] = ()
    for found in reader.inside(info):
        if found.number == 1:
            name = reader.text(found)
        elif found.number == 2:  # noqa: PLR2004 -- type
            for kind in reader.inside(found):
                if kind.number == 1:  # tensor_type
                    dtype, shape = _tensor(reader, kind)
    return Port(name=name, dtype=dtype, shape=shape)


def _tensor(reader: _Reader, tensor: _Field) -> tuple[str, tuple[int | None, ...]]:
    dtype = ""
    shape: list[int | None] = []
    for found in reader.inside(tensor):
        if found.number == 1:
            dtype = _DTYPES.get(found.value, "")
        elif found.number == 2:  # noqa: PLR2004 -- shape
            for dim in reader.inside(found):
                sizes = [f.value for f in reader.inside(dim) if f.number == 1 and f.length < 0]
                shape.append(sizes[0] if sizes and 0 < sizes[0] < 1 << 31 else None)
    return dtype, tuple(shape)
