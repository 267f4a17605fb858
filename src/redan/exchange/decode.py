"""A question in JSON, with or without tensors as bytes behind it, as arrays.

The typed decoder bounds depth and refuses what JSON forbids; the rest is asked here: sizes are multiplied as Python's
integers, counted before anything is allocated, and numbers that a type cannot hold are refused rather than rounded.

Source: Open Inference Protocol, version 2, REST: inference request; its binary tensor data extension.
"""

import itertools
import math
from functools import lru_cache
from typing import Any, Final, NoReturn

import msgspec
import numpy as np

from redan.exchange.limits import Limits
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import DTYPES, Array, Inference, Port, Tensor, Wanted

GUARD: Final = "schema"
_WORD = 4  # bytes before each element of BYTES in the binary form
_DOUBLE = 8  # bytes of the floats that JSON is read as
_FEW = 256  # numbers that are passed as arguments
_LARGEST = {np.dtype(kind): float(np.finfo(kind).max) for kind in ("<f2", "<f4")}
_ELEMENT = {"b": bool, "u": int, "i": int, "f": float, "O": str}


_NOTHING = msgspec.Raw()


class _Parameters(msgspec.Struct, gc=False):
    """Parameters that mean something; all others are let pass, and none switches a guard off."""

    binary_data_size: int | None = None
    binary_data_output: bool = False
    binary_data: bool | None = None


class _Input(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    shape: list[int]
    datatype: str
    parameters: _Parameters | None = None
    data: msgspec.Raw = _NOTHING


class _Output(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    parameters: _Parameters | None = None


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    inputs: list[_Input]
    id: str = ""
    parameters: _Parameters | None = None
    outputs: list[_Output] | None = None


class _Reply(msgspec.Struct, gc=False):
    """An answer of another server; what it says besides its outputs is not passed on."""

    outputs: list[_Input]


class _PortSaid(msgspec.Struct, gc=False):
    name: str
    datatype: str
    shape: list[int]


class _Said(msgspec.Struct, gc=False):
    """What another server says of a model."""

    name: str
    inputs: list[_PortSaid]
    outputs: list[_PortSaid]
    versions: list[str] | None = None
    platform: str = ""


_DECODER = msgspec.json.Decoder(_Message)
_REPLY = msgspec.json.Decoder(_Reply)
_SAID = msgspec.json.Decoder(_Said)


def decode(body: bytes, json_length: int | None, limits: Limits) -> Inference:
    """Reads a question.

    Args:
        body: of the request.
        json_length: bytes of JSON at its start, of the header `Inference-Header-Content-Length`; None for all.
        limits: how large it may be.

    Raises:
        RefusedError: it is no such question, or is larger than allowed; the detail names the place, never a value.
    """
    if len(body) > limits.body:
        raise RefusedError(Refusal(Problem.TOO_LARGE, GUARD))
    if json_length is not None and not 0 <= json_length <= len(body):
        _refuse("the header's length of the JSON is not within the body")
    head, tail = (body, b"") if json_length is None else (body[:json_length], body[json_length:])
    try:
        message = _DECODER.decode(head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _refuse("the JSON is no inference request")
    if not 0 < len(message.inputs) <= limits.inputs:
        _refuse("there are no inputs, or too many")
    tensors = _tensors(message.inputs, tail, limits)
    every = message.parameters is not None and message.parameters.binary_data_output
    outputs = _outputs(message.outputs, every, limits) if message.outputs else ()
    _names([one.name for one in message.inputs], limits)
    return Inference(message.id, tensors, outputs, every, _rows(tensors))


def decode_reply(body: bytes, json_length: int | None, limits: Limits) -> tuple[Tensor, ...]:
    """Reads the answer of another server, under the same bounds as a question.

    Args:
        body: of the answer.
        json_length: bytes of JSON at its start; None for all.
        limits: how large it may be.

    Raises:
        RefusedError: it is no such answer, or is larger than allowed.
    """
    if len(body) > limits.body or (json_length is not None and not 0 <= json_length <= len(body)):
        raise RefusedError(Refusal(Problem.TOO_LARGE, GUARD))
    head, tail = (body, b"") if json_length is None else (body[:json_length], body[json_length:])
    try:
        message = _REPLY.decode(head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _refuse("the JSON is no inference answer")
    if len(message.outputs) > limits.inputs:
        _refuse("there are too many outputs")
    tensors = _tensors(message.outputs, tail, limits)
    _names([one.name for one in tensors], limits)
    return tensors


def decode_ports(body: bytes, limits: Limits) -> tuple[tuple[Port, ...], tuple[Port, ...], str]:
    """Reads what another server says of a model.

    Args:
        body: of its metadata.
        limits: of messages.

    Returns:
        What the model takes, what it gives, and what runs it.

    Raises:
        RefusedError: it says nothing of the kind.
    """
    try:
        said = _SAID.decode(body[: limits.body])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _refuse("the JSON is no metadata of a model")
    sides = []
    for side in (said.inputs, said.outputs):
        if not 0 < len(side) <= limits.inputs or any(one.datatype not in DTYPES for one in side):
            _refuse("the model's inputs or outputs are not of the protocol")
        if any(len(one.shape) > limits.rank or any(size < -1 for size in one.shape) for one in side):
            _refuse("a shape of the model is not of the protocol")
        _names([one.name for one in side], limits)
        sides.append(tuple(Port(one.name, one.datatype, tuple(one.shape)) for one in side))
    return sides[0], sides[1], said.platform[: limits.text]


def _outputs(asked: list[_Output], every: bool, limits: Limits) -> tuple[Wanted, ...]:
    found = []
    for one in asked:
        said = None if one.parameters is None else one.parameters.binary_data
        found.append(Wanted(one.name, every if said is None else said))
    _names([one.name for one in asked], limits)
    return tuple(found)


def _tensors(inputs: list[_Input], tail: bytes, limits: Limits) -> tuple[Tensor, ...]:
    found, at, left = [], 0, limits.elements
    for one in inputs:
        dtype = DTYPES.get(one.datatype)
        if dtype is None:
            _refuse("there is no such datatype")
        count = _count(one.shape, limits)
        left -= count
        if left < 0:
            raise RefusedError(Refusal(Problem.TOO_LARGE, GUARD, "there are more numbers than agreed"))
        size = None if one.parameters is None else one.parameters.binary_data_size
        if (size is None) == (one.data is _NOTHING):
            _refuse("an input has its data once, in the JSON or behind it")
        if size is None:
            values = _from_json(one, dtype, count, limits)
        else:
            if not 0 <= size <= len(tail) - at:
                _refuse("an input's bytes are not within the body")
            values = _from_bytes(tail[at : at + size], dtype, count, limits)
            at += size
        found.append(Tensor(one.name, one.datatype, values.reshape(one.shape)))
    if at != len(tail):
        _refuse("there are bytes that belong to no input")
    return tuple(found)


def _names(names: list[str], limits: Limits) -> None:
    if len(names) > limits.inputs or (len(names) > 1 and len(set(names)) != len(names)):
        _refuse("names are too many or not unique")
    for name in names:
        if len(name) > limits.text:
            _refuse("a name is too long")


def _rows(tensors: tuple[Tensor, ...]) -> int:
    rows = -1
    for _, _, values in tensors:
        first = values.shape[0] if values.ndim else 1
        if rows not in {-1, first}:
            _refuse("the inputs differ in their number of rows")
        rows = first
    return rows


def _count(shape: list[int], limits: Limits) -> int:
    """Elements of a shape; its lengths other than 0 are bounded together, too, as arrays without elements have them."""
    if len(shape) > limits.rank:
        _refuse("a shape has too many axes")
    count, reach = 1, 1
    for size in shape:
        if size < 0:
            _refuse("a length is negative")
        count *= size
        reach *= size or 1
    if reach > limits.elements:
        raise RefusedError(Refusal(Problem.TOO_LARGE, GUARD, "there are more numbers than agreed"))
    return count


def _from_json(one: _Input, dtype: "np.dtype[Any]", count: int, limits: Limits) -> Array:
    try:
        values = _decoder(dtype.kind, 1).decode(one.data)
    except msgspec.DecodeError:
        values = _nested(one, dtype.kind)
    if len(values) != count:
        _refuse("the data are not as many as the shape says")
    try:
        if dtype.kind == "O":
            return _texts([value.encode() for value in values], limits)
        if dtype.kind == "f":
            return _floats(values, dtype, limits)
        return np.array(values, dtype=dtype)
    except (OverflowError, UnicodeEncodeError):
        _refuse("a value does not fit its datatype")


def _floats(values: list[float], dtype: "np.dtype[Any]", limits: Limits) -> Array:
    """Numbers, rounded to the nearest that the type holds; JSON has no infinite one, only a narrow type makes one."""
    if not values or dtype.itemsize == _DOUBLE:
        return np.array(values, dtype=dtype)
    most = _LARGEST[dtype]
    if len(values) <= _FEW and math.hypot(*values) <= most:  # then each is, and that is one call
        return np.array(values, dtype=dtype)
    with np.errstate(over="ignore"):  # asked at once; costs as much as all of the above
        return _finite(np.array(values, dtype=dtype), limits)


def _nested(one: _Input, kind: str) -> list[Any]:
    """Data as lists within lists, which many clients send; they must have the shape that is stated."""
    shape = one.shape
    try:
        values: list[Any] = _decoder(kind, max(1, len(shape))).decode(one.data)
    except msgspec.DecodeError:
        _refuse("the data are not of the datatype")
    reached = 1
    for size, inner in itertools.pairwise(shape):
        reached *= size
        if len(values) != reached or any(len(row) != inner for row in values):
            _refuse("the data are not of the shape")
        values = list(itertools.chain.from_iterable(values))
    return values


@lru_cache(maxsize=128)
def _decoder(kind: str, depth: int) -> "msgspec.json.Decoder[Any]":
    kinds: Any = _ELEMENT[kind]
    for _ in range(depth):
        kinds = list[kinds]
    return msgspec.json.Decoder(kinds)


def _from_bytes(data: bytes, dtype: "np.dtype[Any]", count: int, limits: Limits) -> Array:
    if dtype.kind == "O":
        return _texts(_words(data, count), limits)
    if len(data) != count * dtype.itemsize:
        _refuse("an input's bytes are not as many as its shape says")
    if dtype.kind == "b" and data.strip(b"\x00\x01"):
        _refuse("a truth value is neither 0 nor 1")
    values = np.frombuffer(data, dtype=dtype)
    return _finite(values, limits) if dtype.kind == "f" else values


def _words(data: bytes, count: int) -> list[bytes]:
    found, at = [], 0
    for _ in range(count):
        end = at + _WORD + int.from_bytes(data[at : at + _WORD], "little")
        if at + _WORD > len(data) or end > len(data):
            _refuse("an input's bytes are not as many as its shape says")
        found.append(data[at + _WORD : end])
        at = end
    if at != len(data):
        _refuse("an input's bytes are not as many as its shape says")
    return found


def _texts(values: list[bytes], limits: Limits) -> Array:
    if any(len(value) > limits.text for value in values):
        raise RefusedError(Refusal(Problem.TOO_LARGE, GUARD, "a text is longer than agreed"))
    held = np.empty(len(values), dtype=object)
    held[:] = values
    return held


def _finite(values: Array, limits: Limits) -> Array:
    if limits.finite and not np.isfinite(values).all():
        _refuse("a number is not finite in its datatype")
    return values


def _refuse(detail: str) -> NoReturn:
    raise RefusedError(Refusal(Problem.MALFORMED, GUARD, detail))
