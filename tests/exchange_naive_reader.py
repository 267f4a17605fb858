"""A slow reader of questions with the standard library alone, beside which the decoder is checked."""

import json
import math
import struct

import numpy as np

from redan.exchange.tensors import DTYPES

LETTERS = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}


class NoQuestionError(Exception):
    """The body is none."""


def need(truth):
    if not truth:
        raise NoQuestionError


def constant(_):
    raise NoQuestionError


def read(body, length=None, elements=1 << 20):
    """Inputs by name as (datatype, shape, flat Python values), outputs, identifier."""
    if length is not None:
        need(0 <= length <= len(body))
    head, tail = (body, b"") if length is None else (body[:length], body[length:])
    try:
        message = json.loads(head.decode("utf-8"), parse_constant=constant)
        json.dumps(message, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise NoQuestionError from error
    need(type(message) is dict and not message.keys() - {"inputs", "id", "parameters", "outputs"})
    need(type(message.get("inputs")) is list and type(message.get("id", "")) is str)
    parameters(message.get("parameters"))
    found, total, rows = {}, 0, set()
    for one in message["inputs"]:
        need(type(one) is dict and not one.keys() - {"name", "shape", "datatype", "parameters", "data"})
        need(type(one.get("name")) is str and one["name"] not in found and type(one.get("shape")) is list)
        shape = one["shape"]
        need(all(type(n) is int and n >= 0 for n in shape) and len(shape) <= 8)
        need(math.prod(n for n in shape if n) <= elements)
        total += math.prod(shape)
        need(total <= elements and type(one.get("datatype")) is str and one["datatype"] in DTYPES)
        size = parameters(one.get("parameters")).get("binary_data_size")
        need((size is None) == ("data" in one))
        if size is None:
            values = flat(one["data"], shape)
            values = [typed(value, one["datatype"]) for value in values]
        else:
            need(0 <= size <= len(tail))
            values, tail = binary(tail[:size], one["datatype"], math.prod(shape)), tail[size:]
        found[one["name"]] = (one["datatype"], tuple(shape), values)
        rows.add(shape[0] if shape else 1)
    need(not tail and len(rows) == 1 and 0 < len(found) <= 64)
    asked = message.get("outputs")
    need(asked is None or type(asked) is list)
    names = []
    for one in asked or ():
        need(type(one) is dict and not one.keys() - {"name", "parameters"} and type(one.get("name")) is str)
        parameters(one.get("parameters"))
        names.append(one["name"])
    need(len(set(names)) == len(names) <= 64)
    return found, names, message.get("id", "")


def parameters(given):
    if given is None:
        return {}
    need(type(given) is dict)
    need(type(given.get("binary_data_size", 0)) in {int, type(None)})
    need(-(2**63) <= (given.get("binary_data_size") or 0) < 2**64)
    need(type(given.get("binary_data_output", False)) is bool)
    need(type(given.get("binary_data", True)) in {bool, type(None)})
    return given


def flat(data, shape):
    need(type(data) is list)
    if not any(type(item) is list for item in data):
        need(len(data) == math.prod(shape))
        return data
    return nested(data, shape)


def nested(data, shape):
    need(type(data) is list and shape and len(data) == shape[0])
    if len(shape) == 1:
        need(not any(type(item) is list for item in data))
        return data
    return [value for row in data for value in nested(row, shape[1:])]


def typed(value, datatype):
    if datatype == "BYTES":
        need(type(value) is str)
        return value.encode("utf-8")
    if datatype == "BOOL":
        need(type(value) is bool)
        return value
    if datatype.startswith("FP"):
        need(type(value) in {int, float})
        try:
            # through a double first, as JSON's numbers are read
            narrow = struct.unpack("<" + LETTERS[datatype], struct.pack("<" + LETTERS[datatype], float(value)))[0]
        except OverflowError as error:
            raise NoQuestionError from error
        need(math.isfinite(narrow))
        return narrow
    need(type(value) is int)
    try:
        struct.pack("<" + LETTERS[datatype], value)
    except struct.error as error:
        raise NoQuestionError from error
    return value


def binary(data, datatype, count):
    if datatype != "BYTES":
        letter = LETTERS[datatype]
        need(len(data) == count * struct.calcsize("<" + letter))
        need(datatype != "BOOL" or set(data) <= {0, 1})
        values = [value for (value,) in struct.iter_unpack("<" + letter, data)]
        need(all(math.isfinite(value) for value in values))
        return values
    found = []
    for _ in range(count):
        need(len(data) >= 4)
        size = struct.unpack("<I", data[:4])[0]
        need(len(data) >= 4 + size)
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    need(not data)
    return found


def same(tensor, expected):
    """Whether a tensor is what the slow reader found."""
    datatype, shape, values = expected
    assert (tensor.datatype, tensor.values.shape, tensor.values.dtype) == (datatype, shape, DTYPES[datatype])
    assert tensor.values.ravel().tolist() == values
    assert isinstance(tensor.values, np.ndarray)
