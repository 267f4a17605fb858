"""The decoder beside a slow reader; every hostile shape, number and length of the incidents is a refusal."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_naive_reader import LETTERS, NoQuestionError, read, same
from redan.exchange.decode import decode
from redan.exchange.limits import Limits
from redan.exchange.problem import Problem, RefusedError
from redan.exchange.tensors import DTYPES

LIMITS = Limits()


def body(**changed):
    one = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1.5, 2.5]} | changed
    return json.dumps({"inputs": [{key: value for key, value in one.items() if value is not None}]}).encode()


def refused(data, length=None, limits=LIMITS):
    with pytest.raises(RefusedError) as caught:
        decode(data, length, limits)
    assert caught.value.refusal.problem in {Problem.MALFORMED, Problem.TOO_LARGE}
    return caught.value.refusal.problem


def values(data, length=None, limits=LIMITS):
    [tensor] = decode(data, length, limits).inputs
    return tensor.values.tolist()


def text(data, datatype="FP32", shape=(1, 2)):
    return b'{"inputs":[{"name":"x","shape":%b,"datatype":"%b","data":%b}]}' % (
        json.dumps(list(shape)).encode(),
        datatype.encode(),
        data,
    )


def test_flat_and_nested():
    """Many clients send lists within lists; both forms are the same question."""
    assert values(body()) == values(body(data=[[1.5, 2.5]])) == [[1.5, 2.5]]
    assert values(body(shape=[2, 1, 2], data=[[[1, 2]], [[3, 4]]])) == [[[1, 2]], [[3, 4]]]
    assert values(body(shape=[2, 1, 2], data=[1, 2, 3, 4])) == [[[1, 2]], [[3, 4]]]
    for wrong in (
        [[1.5], [2.5]],
        [[1.5, 2.5], []],
        [[[1.5, 2.5]]],
        [1.5, [2.5]],
        [[1.5, 2.5, 3.5]],
        [],
        [[]],
        1.5,
        "x",
        None,
        {},
    ):
        refused(text(json.dumps(wrong).encode()))


@pytest.mark.parametrize(
    ("datatype", "data", "expected"),
    [
        ("FP32", b"[1e38,-1e38]", [[float(np.float32(1e38)), float(np.float32(-1e38))]]),
        ("FP32", b"[1e39,0]", None),  # infinite once it is cast
        ("FP32", b"[-1e39,0]", None),
        ("FP32", b"[1e999,0]", None),
        ("FP16", b"[65504,0]", [[65504.0, 0.0]]),
        ("FP16", b"[65536,0]", None),
        ("FP64", b"[1e308,1e-320]", [[1e308, 1e-320]]),
        ("FP64", b"[NaN,0]", None),
        ("FP64", b"[Infinity,0]", None),
        ("FP64", b"[-Infinity,0]", None),
        ("FP64", b"[null,0]", None),
        ("FP64", b"[true,0]", None),
        ("FP64", b'["1",0]', None),
        ("FP64", b"[123456789012345678901234567890,0]", [[1.2345678901234568e29, 0.0]]),
        ("INT64", b"[123456789012345678901234567890,0]", None),
        ("INT64", b"[9223372036854775807,-9223372036854775808]", [[2**63 - 1, -(2**63)]]),
        ("INT64", b"[9223372036854775808,0]", None),
        ("INT64", b"[9007199254740993,0]", [[2**53 + 1, 0]]),
        ("INT64", b"[1.0,0]", None),
        ("INT64", b"[1e2,0]", None),
        ("INT64", b"[true,0]", None),
        ("UINT64", b"[18446744073709551615,0]", [[2**64 - 1, 0]]),
        ("UINT64", b"[18446744073709551616,0]", None),
        ("UINT8", b"[255,0]", [[255, 0]]),
        ("UINT8", b"[256,0]", None),
        ("UINT8", b"[-1,0]", None),
        ("INT8", b"[127,-128]", [[127, -128]]),
        ("INT8", b"[128,0]", None),
        ("BOOL", b"[true,false]", [[True, False]]),
        ("BOOL", b"[1,0]", None),
        ("BYTES", b'["a","\\u00e4"]', [[b"a", "ä".encode()]]),
        ("BYTES", b'["a","\\ud800"]', None),
        ("BYTES", b"[1,2]", None),
        ("COMPLEX", b"[1,2]", None),
        ("fp32", b"[1,2]", None),
    ],
)
def test_numbers(datatype, data, expected):
    """The table of research section 2: exact where the type is whole, finite after the cast, never a truth for a number."""
    if expected is None:
        refused(text(data, datatype))
    else:
        assert values(text(data, datatype)) == expected


@pytest.mark.parametrize(
    "shape",
    [
        [-1, 1],
        [2**63, 1],
        [2**64, 1],
        [2**33, 2**33],
        [2**63 - 1, 2],
        [-1, -2],
        [1] * 9,
        [1, 3],
        [0, 2],
        [],
        [2**20, 2**20],
        [0] + [2**20] * 7,
        [0, 2**63],
        [1.0, 2],
        [True, 2],
        ["1", 2],
        None,
        [10**30],
    ],
)
def test_shapes(shape):
    """R13, R14: shapes that are negative, enormous or wrap around, and those that the data do not have."""
    refused(text(b"[1,2]", shape=shape or [3]) if shape is not None else text(b"[1,2]").replace(b"[1, 2]", b"null"))


def test_shapes_without_elements():
    """An axis of length 0 is no error, and no way around the bounds of the others."""
    assert values(text(b"[]", shape=[0, 2])) == []
    assert values(text(b"[]", shape=[0, 2**20])) == []
    assert refused(text(b"[]", shape=[0, 2**20, 2**20])) is Problem.TOO_LARGE
    assert values(text(b"[7]", shape=[])) == 7.0


@pytest.mark.parametrize("value", [10**6, 2**63, -1, True, 2**64, 1.0, "1", [], 10**40])
def test_sizes_in_parameters(value):
    """R16: every integer that a client states has an upper bound, and a truth is none."""
    data = body(data=None, parameters={"binary_data_size": value})
    refused(data)
    refused(data + bytes(8), len(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b"{",
        b'{"inputs":[]}',
        b'{"inputs":null}',
        b'{"inputs":{}}',
        b'{"inputs":[1]}',
        b"\xef\xbb\xbf" + body(),
        body() + b" x",
        body() + b"\x00",
        body().replace(b'"x"', b'"\xff"'),
        body(extra=1),
        body(datatype=None),
        body(shape=None),
        body(name=None),
        body(name=1),
        body(data=None),
        body(parameters=[]),
        b"[" * 200_000,
        b'{"inputs":' + b"[" * 200_000,
        text(b"[" * 200_000),
        text(b"[" * 1000 + b"]" * 1000),
        b'{"inputs":[' * 100_000,
        b'{"a":' * 100_000,
        body()[:-1],
        body() * 2,
        b"\x80\x02]q\x00.",
        b'{"inputs":[],"inputs":[]}',
        body().replace(b"}]}", b'}],"outputs":[{"name":"y"},{"name":"y"}]}'),
        body().replace(b"}]}", b'}],"outputs":[1]}'),
        body().replace(b"}]}", b'}],"id":1}'),
    ],
)
def test_no_question(data):
    """R6, R13, R19: what is no question, nests without end, or is something else altogether, is a refusal."""
    refused(data)


def test_parameters_switch_nothing_off():
    """R20: a tag in the request is let pass, and changes nothing."""
    for tag in ("skip_validation", "validate", "debug", "binary_data"):
        refused(body(data=[1.5, 1e39], parameters={tag: True}))
        assert values(body(parameters={tag: False})) == [[1.5, 2.5]]


def test_duplicate_keys():
    """The last of two equal keys counts, as documented; a signature is over the bytes, and what goes on is written anew."""
    assert values(text(b"[1,2]").replace(b'"data"', b'"data":[5,6],"data"')) == [[1, 2]]


def test_limits():
    """R14: bytes, numbers, inputs, axes and texts are bounded, over all inputs together."""
    tight = Limits(body=4000, inputs=2, elements=4, rank=2, text=3)
    one = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}

    def of(*inputs):
        return json.dumps({"inputs": list(inputs)}).encode()

    decode(of(one, one | {"name": "y"}), None, tight)
    assert refused(of(one, one | {"name": "y", "shape": [1, 3], "data": [1, 2, 3]}), None, tight) is Problem.TOO_LARGE
    assert refused(body() + b" " * 4000, None, tight) is Problem.TOO_LARGE
    refused(of(one, one | {"name": "y"}, one | {"name": "z"}), None, tight)
    refused(of(one, one), None, tight)
    refused(of(one | {"name": "four"}), None, tight)
    refused(of(one | {"shape": [1, 1, 2]}), None, tight)
    refused(of(one, one | {"name": "y", "shape": [2], "data": [1, 2]}), None, tight)
    words = one | {"datatype": "BYTES", "data": ["abc", "abcd"]}
    assert refused(of(words), None, tight) is Problem.TOO_LARGE


def binary(*parts, declared=None, datatype="FP32", shape=(1, 2)):
    declared = [len(part) for part in parts] if declared is None else declared
    inputs = [
        {"name": f"x{i}", "shape": list(shape), "datatype": datatype, "parameters": {"binary_data_size": size}}
        for i, size in enumerate(declared)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    return head + b"".join(parts), len(head)


def test_binary():
    """The extension: JSON first, then the bytes of each input in turn."""
    data, length = binary(struct.pack("<2f", 1.5, 2.5), struct.pack("<2f", 3.5, 4.5))
    found = decode(data, length, LIMITS)
    assert [tensor.values.tolist() for tensor in found.inputs] == [[[1.5, 2.5]], [[3.5, 4.5]]]
    words = b"\x01\x00\x00\x00a" + b"\x00\x00\x00\x00"
    data, length = binary(words, datatype="BYTES")
    assert values(data, length) == [[b"a", b""]]
    data, length = binary(b"\x01\x00", datatype="BOOL")
    assert values(data, length) == [[True, False]]


@pytest.mark.parametrize("declared", [[7], [9], [8, 8], [0], [-8], [16], [4, 4], [2**62], [2**64 - 8], [8, 0], [8, -8]])
def test_binary_sizes_that_disagree(declared):
    """Sizes that are too small, too large, negative, overlapping or more than there are bytes."""
    refused(*binary(bytes(8), declared=declared))


def test_binary_lengths_of_the_header():
    """R14, R15: a length of the JSON beyond the body, within the JSON or negative reads no byte that is not there."""
    data, length = binary(bytes(8))
    for wrong in (-1, 0, length - 1, length + 1, len(data), len(data) + 1, 2**63):
        refused(data, wrong)
    refused(data)
    refused(body(parameters={"binary_data_size": 8}) + bytes(8), len(body(parameters={"binary_data_size": 8})))


@pytest.mark.parametrize(
    "words",
    [
        b"\x05\x00\x00\x00a",
        b"\xff\xff\xff\xffa",
        b"\x00\x00\x00",
        b"\x01\x00\x00\x00a",
        b"\x00" * 12,
        b"\x01\x00\x00\x00a" * 3,
    ],
)
def test_binary_words_that_disagree(words):
    """CVE-2025-23327: lengths of texts beyond the bytes are refused."""
    refused(*binary(words, datatype="BYTES"))


def test_binary_values():
    """What the JSON cannot say, the bytes may not say either; a truth is 0 or 1."""
    for value in (math.nan, math.inf, -math.inf):
        refused(*binary(struct.pack("<2f", value, 0)))
        data, length = binary(struct.pack("<2f", value, 0))
        assert len(values(data, length, Limits(finite=False))) == 1
    refused(*binary(b"\x02\x00", datatype="BOOL"))
    data, length = binary(struct.pack("<2e", 1, 2), datatype="FP16")
    assert values(data, length) == [[1.0, 2.0]]


def test_large_numbers_of_large_arrays():
    """Arrays that are too long to compare one by one are checked as a whole."""
    many = [0.0] * 1000
    assert len(values(body(shape=[1000], data=many))) == 1000
    refused(body(shape=[1000], data=[*many[1:], 1e39]))
    assert refused(body(shape=[1000], data=[*many[1:], -1e39])) is Problem.MALFORMED
    assert values(body(shape=[2], data=[1e39, 0]), None, Limits(finite=False)) == [math.inf, 0]


def test_outputs():
    """Outputs are as they were asked for, in the form that each or the request asks for."""
    asked = json.loads(body()) | {
        "outputs": [{"name": "a"}, {"name": "b", "parameters": {"binary_data": False}}],
        "id": "7",
    }
    found = decode(json.dumps(asked).encode(), None, LIMITS)
    assert found.id == "7"
    assert found.outputs == (("a", False), ("b", False))
    asked["parameters"] = {"binary_data_output": True}
    found = decode(json.dumps(asked).encode(), None, LIMITS)
    assert (found.outputs, found.binary, found.rows) == ((("a", True), ("b", False)), True, 1)


NUMBERS = {
    "BOOL": st.booleans(),
    "BYTES": st.text(max_size=5),
    "FP16": st.floats(-60000, 60000, width=16),
    "FP32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "FP64": st.floats(allow_nan=False, allow_infinity=False),
} | {
    name: st.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    for name, dtype in DTYPES.items()
    if dtype.kind in "ui"
}


def nest(flat, shape):
    if len(shape) < 2:
        return flat
    inner = math.prod(shape[1:])
    return [nest(flat[i * inner : (i + 1) * inner], shape[1:]) for i in range(shape[0])]


@st.composite
def questions(draw):
    rows, inputs, tail = draw(st.integers(0, 3)), [], b""
    for name in draw(st.lists(st.text(max_size=4), min_size=1, max_size=3, unique=True)):
        datatype = draw(st.sampled_from(sorted(NUMBERS)))
        shape = [rows, *draw(st.lists(st.integers(0, 3), max_size=2))]
        flat = draw(st.lists(NUMBERS[datatype], min_size=math.prod(shape), max_size=math.prod(shape)))
        one = {"name": name, "shape": shape, "datatype": datatype}
        form = draw(st.sampled_from(["flat", "nested", "binary"]))
        if form == "binary":
            if datatype == "BYTES":
                words = [word.encode() for word in flat]
                data = b"".join(struct.pack("<I", len(word)) + word for word in words)
            else:
                data = struct.pack(f"<{len(flat)}{LETTERS[datatype]}", *flat)
            one["parameters"] = {"binary_data_size": len(data)}
            tail += data
        else:
            one["data"] = nest(flat, shape) if form == "nested" else flat
        inputs.append(one)
    head = json.dumps({"inputs": inputs, "id": draw(st.text(max_size=3))}).encode()
    return head + tail, len(head) if tail or draw(st.booleans()) else None


def agree(data, length):
    """Both readers take it, with the same values, or both refuse."""
    try:
        expected, names, identifier = read(data, length)
    except NoQuestionError:
        refused(data, length)
        return False
    found = decode(data, length, LIMITS)
    assert [tensor.name for tensor in found.inputs] == list(expected)
    for tensor in found.inputs:
        same(tensor, expected[tensor.name])
    assert [one.name for one in found.outputs] == names
    assert found.id == identifier
    return True


@settings(max_examples=150, deadline=None)
@given(questions())
def test_round_trip(question):
    """Every question that can be asked is read as the slow reader reads it."""
    assert agree(*question)


@settings(max_examples=250, deadline=None)
@given(questions(), st.data())
def test_broken_questions(question, data):
    """With bytes changed, left out or put in, both readers still agree."""
    raw, length = question
    at = data.draw(st.integers(0, len(raw)))
    until = data.draw(st.integers(at, min(len(raw), at + 3)))
    put = data.draw(
        st.one_of(
            st.binary(max_size=3),
            st.sampled_from([b"1", b"-", b"e9", b"[", b"]", b"null", b"true", b",", b'"', b"0.5"]),
        )
    )
    changed = raw[:at] + put + raw[until:]
    agree(changed, None if length is None else length + data.draw(st.integers(-2, 2)))
