"""Bytes of strangers become a graph, or one error of redan's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from redan.errors import RedanError
from redan.models.torch_onnx.graph import graph_of
from redan.models.torch_onnx.module import OnnxNetwork


def seed():
    """A small model with a weight, a shape and a list of axes."""
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["a"], transB=1),
        helper.make_node("Reshape", ["a", "s"], ["b"]),
        helper.make_node("ReduceSum", ["b", "s"], ["c"], keepdims=1),
        helper.make_node("Softmax", ["b"], ["y"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
        [
            numpy_helper.from_array(np.ones((2, 3), np.float32), "w"),
            numpy_helper.from_array(np.array([-1, 2]), "s"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


SEED = seed()


def built(data):
    """A network, or None where one error of redan's own says why not."""
    try:
        return OnnxNetwork(graph_of(data, "y"))
    except RedanError as error:
        assert "\n" not in str(error)
        return None


def test_the_seed_is_a_model():
    """What is damaged below is whole here, and what the output does not need is left out."""
    network = built(SEED)
    assert network is not None
    assert [node.op for node in network.graph.nodes] == ["Gemm", "Reshape", "Softmax"]


@given(st.binary(max_size=200))
def test_any_bytes(data):
    """No bytes are a traceback."""
    built(data)


@given(st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_models(changes):
    """A few bytes of a model changed are no traceback either."""
    data = bytearray(SEED)
    for place, value in changes:
        data[place] = value
    built(bytes(data))


@pytest.mark.parametrize("cut", range(1, len(SEED), 7))
def test_models_that_end_early(cut):
    """A file that was cut is one error, or a smaller model."""
    built(SEED[:cut])
