"""Answers and metadata of a server behind: read under bounds, or refused; any bytes are one of both."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.exchange.decode import decode_ports, decode_reply
from redan.exchange.limits import Limits
from redan.exchange.problem import RefusedError
from redan.exchange.tensors import DTYPES

LIMITS = Limits(body=1 << 16, elements=1 << 10)
SHAPES = st.lists(st.one_of(st.integers(-2, 5), st.sampled_from([2**31, 2**63, 10**40])), max_size=4)
NAMES = st.sampled_from(["y", "z", "", "y" * 70_000])
OUTPUTS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "shape": SHAPES,
        "datatype": st.sampled_from([*DTYPES, "FP8", ""]),
        "data": st.lists(st.sampled_from([0, 1.5, "a", True, 1e39, None]), max_size=6),
    },
    optional={
        "parameters": st.one_of(
            st.none(), st.fixed_dictionaries({"binary_data_size": st.sampled_from([0, -1, 4, 10**20])})
        )
    },
)


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(lambda one: json.dumps({"outputs": one}).encode(), st.lists(OUTPUTS, max_size=3)),
    ),
    st.one_of(st.none(), st.integers(-5, 300)),
)
def test_any_bytes_are_an_answer_or_a_refusal(body, length):
    """And an answer has no more numbers than allowed, of the type that it says."""
    try:
        tensors = decode_reply(body, length, LIMITS)
    except RefusedError:
        return
    assert sum(one.values.size for one in tensors) <= LIMITS.elements
    assert all(one.values.dtype == DTYPES[one.datatype] for one in tensors)


@settings(deadline=None, max_examples=100)
@given(st.one_of(st.binary(max_size=200), st.builds(
    lambda i, o: json.dumps({"name": "m", "inputs": i, "outputs": o, "parameters": {"x": 1}}).encode(),
    st.lists(OUTPUTS, max_size=2), st.lists(OUTPUTS, max_size=2),
)))  # fmt: skip
def test_any_bytes_are_metadata_or_a_refusal(body):
    """Ports have names of their own, types of the protocol, and lengths of -1 or more."""
    try:
        inputs, outputs, _ = decode_ports(body, LIMITS)
    except RefusedError:
        return
    for side in (inputs, outputs):
        assert len({port.name for port in side}) == len(side) > 0
        assert all(port.datatype in DTYPES and min(port.shape, default=0) >= -1 for port in side)


def test_an_answer_is_read():
    """Numbers in JSON, and behind it."""
    head = json.dumps({"model_name": "x", "outputs": [
        {"name": "a", "shape": [2], "datatype": "FP64", "data": [0.1, 2]},
        {"name": "b", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8, "content_type": "np"}},
    ]}).encode()  # fmt: skip
    one, other = decode_reply(head + np.array([7], "<i8").tobytes(), len(head), LIMITS)
    assert list(one.values) == [0.1, 2]
    assert list(other.values) == [7]
    with pytest.raises(RefusedError):
        decode_reply(head, None, LIMITS)
