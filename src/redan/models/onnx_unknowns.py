"""How many numbers describe an ONNX model: what somebody who takes it apart by asking would have to find out.

Source: onnx.proto3 (TensorProto, AttributeProto); Tramèr et al., Stealing Machine Learning Models via Prediction APIs
(2016), section 4.1.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.models.onnx_external import INSIDE, OnnxFields
from redan.scan.formats.protobuf import Field, ProtoError
from redan.scan.region import RegionError

_LEN, _FIXED32, _FIXED64 = 2, 5, 1
_DIMS, _TYPE, _FLOATS, _RAW, _DOUBLES = 1, 2, 4, 9, 10  # fields of TensorProto
_ATTRIBUTE_FLOATS = 7
_DEPTH: Final = 96
_MOST: Final = 5_000_000  # numbers that are compared with each other; of more, each counts
_KINDS: Mapping[int, str] = MappingProxyType({1: "<f4", 2: "u1", 3: "i1", 10: "<f2", 11: "<f8"})


def unknowns(data: bytes) -> int:
    """Numbers that differ by more than their sign, among weights, coefficients and thresholds.

    A linear model of two classes is often written with each coefficient twice, once for each class, and a tree repeats
    its thresholds; what is told once is known of all of them, so it is counted once.

    Args:
        data: of an ONNX model; numbers in external files are not counted, so that the count is never too high.

    Returns:
        At least 1.

    Raises:
        InputError: the bytes are no well-formed ONNX model.
    """
    model = OnnxFields(data)
    try:
        found = list(_numbers(model, data, "model", (0, len(data)), 0))
    except (ProtoError, RegionError, ValueError) as error:
        raise InputError("the ONNX model is not well formed", remedy="fetch it again") from error
    count = sum(part.size for part in found)
    if not count:
        return 1
    if count > _MOST:
        return count
    numbers = np.abs(np.concatenate([part.astype(np.float64) for part in found]))
    return max(1, int(np.unique(numbers[numbers > 0]).size))


def _numbers(
    model: OnnxFields, data: bytes, message: str, extent: tuple[int, int], depth: int
) -> Iterator[NDArray[Any]]:
    if depth > _DEPTH:
        raise ProtoError("graphs are nested too deeply")
    if message == "tensor":
        yield from _tensor(model, data, extent)
        return
    for field in model.fields(*extent):
        inside = INSIDE.get((message, field.number))
        if inside is not None and field.wire == _LEN:
            yield from _numbers(model, data, inside, (field.start, field.size), depth + 1)
        elif message == "attribute" and field.number == _ATTRIBUTE_FLOATS and field.wire in {_LEN, _FIXED32}:
            yield np.frombuffer(_bytes(data, field), "<f4")


def _tensor(model: OnnxFields, data: bytes, extent: tuple[int, int]) -> Iterator[NDArray[Any]]:
    kind = 0
    parts: list[tuple[int, bytes]] = []
    for field in model.fields(*extent):
        if field.number == _TYPE and field.wire == 0:
            kind = field.value
        elif field.number in {_FLOATS, _RAW, _DOUBLES} and field.wire in {_LEN, _FIXED32, _FIXED64}:
            parts.append((field.number, _bytes(data, field)))
    for number, raw in parts:
        dtype = {_FLOATS: "<f4", _DOUBLES: "<f8"}.get(number, _KINDS.get(kind))
        if dtype is not None and (number != _FLOATS or kind == 1):
            yield np.frombuffer(raw, dtype)


def _bytes(data: bytes, field: Field) -> bytes:
    return data[field.start : field.start + field.size]
