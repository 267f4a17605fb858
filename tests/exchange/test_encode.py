"""Answers and refusals as bytes: what is written is read back, and a refusal tells nothing that it should not."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from redan.exchange import encode
from redan.exchange.decode import decode
from redan.exchange.flow import Answer
from redan.exchange.limits import Limits
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import DTYPES, Inference, Port, Tensor, Wanted

ASKED = Inference("", (), (), binary=False, rows=1)


def header(response, name):
    return dict(response.headers).get(name)


@st.composite
def tensors(draw):
    datatype = draw(st.sampled_from(sorted(set(DTYPES) - {"BYTES"})))
    dtype = DTYPES[datatype]
    elements = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else {}
    shape = (draw(st.integers(0, 3)), *draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)))
    return Tensor("y", datatype, draw(hnp.arrays(dtype, shape, elements=hnp.from_dtype(dtype, **elements))))


@settings(max_examples=150, deadline=None)
@given(tensors(), st.booleans())
def test_round_trip(tensor, binary):
    """An output that is written, as JSON or as bytes, is read back as it was."""
    asked = ASKED._replace(outputs=(Wanted("y", binary),))
    response = encode.answer("m", "1", asked, Answer((tensor,)))
    length = header(response, b"inference-header-content-length")
    head = response.body if length is None else response.body[: int(length)]
    assert (length is not None) == binary
    message = json.loads(head)
    assert message.pop("model_name") == "m"
    message["inputs"] = message.pop("outputs")
    del message["model_version"]
    again = json.dumps(message).encode()
    found = decode(again + response.body[len(head) :], len(again) if binary else None, Limits())
    [read] = found.inputs
    assert (read.datatype, read.values.shape) == (tensor.datatype, tensor.values.shape)
    np.testing.assert_array_equal(read.values, tensor.values)


def test_texts():
    """BYTES go out as texts, or as lengths and bytes."""
    words = np.array([[b"a", "ä"]], dtype=object)
    response = encode.answer("m", "", ASKED, Answer((Tensor("y", "BYTES", words),)))
    assert json.loads(response.body) == {
        "model_name": "m",
        "outputs": [{"name": "y", "shape": [1, 2], "datatype": "BYTES", "data": ["a", "ä"]}],
    }
    response = encode.answer("m", "", ASKED._replace(binary=True), Answer((Tensor("y", "BYTES", words),)))
    assert response.body.endswith(b"\x01\x00\x00\x00a\x02\x00\x00\x00\xc3\xa4")


def test_identifier_and_parameters():
    """A given identifier is given back; what is said besides is in the parameters."""
    response = encode.answer("m", "", ASKED._replace(id="7"), Answer((), (("abstain", True),)))
    assert json.loads(response.body) == {"model_name": "m", "id": "7", "parameters": {"abstain": True}, "outputs": []}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_said(value):
    """A model that answers nothing is broken; JSON's null would look like an answer."""
    tensor = Tensor("y", "FP32", np.array([value], "f4"))
    with pytest.raises(RefusedError) as caught:
        encode.answer("m", "", ASKED, Answer((tensor,)))
    assert caught.value.refusal.problem is Problem.BROKEN
    words = Tensor("y", "BYTES", np.array([b"null"], dtype=object))
    assert encode.answer("null", "", ASKED, Answer((words,))).status == 200


@pytest.mark.parametrize("problem", list(Problem))
def test_refusals(problem):
    """R15: a refusal is of both standards, and without detail where errors are quiet."""
    refused = Refusal(problem, "guard", "the detail", 1.6)
    loud, quiet = (encode.refusal(refused, "ab12", quiet=quiet) for quiet in (False, True))
    for response in (loud, quiet):
        body = json.loads(response.body)
        assert response.status == body["status"] == problem.status
        assert header(response, b"content-type") == b"application/problem+json"
        assert header(response, b"retry-after") == b"2"
        assert body["instance"] == "urn:redan:event:ab12"
        assert body["error"] == body["detail"]
        assert (header(response, b"www-authenticate") is not None) == (problem.status == 401)
    assert b"the detail" in loud.body
    assert b"the detail" not in quiet.body
    assert b"guard" not in quiet.body


def test_metadata():
    """What a model takes and gives, with -1 for a length that is free."""
    port = Port("x", "FP32", (-1, 2))
    found = json.loads(encode.metadata("m", ["1"], "p", [port], []))
    assert found["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    assert found["versions"] == ["1"]
