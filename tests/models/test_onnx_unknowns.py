"""How many numbers describe a model, beside the library that wrote it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from redan.errors import InputError
from redan.models.onnx_unknowns import unknowns


def network(*arrays, packed=True):
    """A model that holds arrays and does nothing with them."""
    tensors = [numpy_helper.from_array(array, f"w{i}") for i, array in enumerate(arrays)]
    if not packed:
        tensors = [helper.make_tensor(t.name, t.data_type, t.dims, numpy_helper.to_array(t).ravel()) for t in tensors]
    port = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([node], "g", [port], [out], tensors)
    return helper.make_model(graph).SerializeToString()


def data(classes):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5)).astype("f4")
    return x, rng.integers(0, classes, 200)


@pytest.mark.parametrize(("classes", "expected"), [(2, 6), (3, 18)])
def test_linear_models(classes, expected):
    """A model of two classes is counted once, though its file has each coefficient twice."""
    x, y = data(classes)
    model = LogisticRegression().fit(x, y)
    assert model.coef_.size + model.intercept_.size == expected
    assert unknowns(to_onnx(model, x[:1]).SerializeToString()) == expected


def test_trees():
    """Of a tree, thresholds and shares of leaves are counted, each value once."""
    x, y = data(2)
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(x, y).tree_
    found = unknowns(to_onnx(DecisionTreeClassifier(max_depth=4, random_state=0).fit(x, y), x[:1]).SerializeToString())
    thresholds = len(np.unique(np.abs(tree.threshold[tree.feature >= 0])))
    assert thresholds <= found <= tree.node_count + thresholds + 2


@pytest.mark.parametrize("packed", [True, False])
def test_tensors(packed):
    """Floats of either width and small whole weights count; zeros, mirrored copies and shapes do not."""
    w = np.arange(1, 13, dtype="f4").reshape(3, 4)
    assert unknowns(network(w, packed=packed)) == 12
    assert unknowns(network(w, -w, w.astype("f8"), packed=packed)) == 12
    assert unknowns(network(w, np.zeros(5, "f4"), packed=packed)) == 12
    assert unknowns(network(np.array([3, 7], "i8"), packed=packed)) == 1
    assert unknowns(network(packed=packed)) == 1
    quantised = np.array([-3, 5, 7], "i1")
    assert unknowns(network(quantised)) == 3


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 3))
def test_anything_is_counted_or_refused(put, at, out):
    """Broken files are a number or a refusal."""
    whole = network(np.arange(5, dtype="f4"))
    for raw in (put, whole[:at] + put + whole[at + out :]):
        try:
            assert unknowns(raw) >= 1
        except InputError:
            continue
