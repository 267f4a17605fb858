"""Each operator answers as onnxruntime does, at the oldest and newest sets of operators that hold it."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from redan.errors import IncompleteError
from redan.models.torch_onnx.graph import graph_of
from redan.models.torch_onnx.module import OPERATORS, OnnxNetwork

RNG = np.random.default_rng(3)


def made(op, x, constants=(), *, opset=17, outputs=1, domain="", **attributes):
    """A model of one operator over its input and some constants, as bytes."""
    names = [f"c{i}" for i in range(len(constants))]
    held = [numpy_helper.from_array(np.asarray(c), n) for n, c in zip(names, constants, strict=True) if c is not None]
    inputs = ["x", *(n if c is not None else "" for n, c in zip(names, constants, strict=True))]
    outs = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, inputs, outs, domain=domain, **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), [None] * x.ndim)],
        [helper.make_empty_tensor_value_info(name) for name in outs],
        held,
    )
    sets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8).SerializeToString()


def both(data, x, output="y0"):
    """What onnxruntime says, and what the module says."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    told = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run([output], {"x": x})[0]
    with torch.no_grad():
        return np.asarray(told), OnnxNetwork(graph_of(data, output))(torch.from_numpy(x.copy())).numpy()


def normal(*shape):
    """Normal numbers."""
    return RNG.normal(size=shape).astype(np.float32)


def ints(*values):
    """Whole numbers as ONNX takes shapes."""
    return np.array(values, dtype=np.int64)


VALUES = normal(3, 4)
ABOVE = np.abs(VALUES) + np.float32(0.1)
IMAGES = normal(2, 4, 7, 6)
LINES = normal(2, 3, 9)
SIMPLE = ["Abs", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu"]
SIMPLE += ["Neg", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Tan", "Tanh", "Celu"]
SIMPLE += ["IsNaN", "Flatten", "Transpose", "Shape", "Size", "Softmax", "LogSoftmax", "Dropout", "Squeeze", "ArgMax"]
SIMPLE += ["ArgMin", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2"]
SIMPLE += ["ReduceLogSumExp", "ReduceSumSquare"]
PAIRS = ["Add", "Sub", "Mul", "Div", "Max", "Min", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "PRelu", "Sum"]
CASES = [
    *[(op, VALUES, (), {}) for op in SIMPLE],
    *[(op, VALUES, (normal(4),), {}) for op in PAIRS],
    *[(op, ABOVE, (), {}) for op in ("Log", "Sqrt", "Reciprocal")],
    ("Mish", VALUES, (), {"opset": 18}),
    ("Gelu", VALUES, (), {"opset": 20}),
    ("Gelu", VALUES, (), {"opset": 20, "approximate": "tanh"}),
    ("Pow", ABOVE, (np.float32(2.5),), {}),
    ("Pow", ABOVE, (ints(2),), {}),
    ("Mod", VALUES, (ABOVE,), {"fmod": 1}),
    ("Mod", np.array([[5, -5, 7]], np.int64), (ints(3),), {}),
    ("Div", np.array([[5, -5, 7]], np.int64), (ints(3),), {}),
    ("Equal", np.array([[5, 3]], np.int64), (ints(3),), {}),
    ("Not", VALUES > 0, (), {}),
    *[(op, VALUES > 0, (ABOVE > 1,), {}) for op in ("And", "Or", "Xor")],
    ("Where", VALUES > 0, (VALUES, ABOVE), {}),
    ("Clip", VALUES, (np.float32(-0.5), np.float32(0.5)), {}),
    ("Clip", VALUES, (None, np.float32(0.5)), {}),
    ("Cast", VALUES, (), {"to": TensorProto.INT64}),
    ("Cast", VALUES, (), {"to": TensorProto.DOUBLE}),
    ("MatMul", VALUES, (normal(2, 4, 5),), {}),
    ("Gemm", VALUES, (normal(5, 4), normal(5)), {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Gemm", VALUES, (normal(3, 5),), {"transA": 1}),
    ("Einsum", VALUES, (normal(4, 2),), {"equation": "ij,jk->ik"}),
    ("Conv", IMAGES, (normal(5, 4, 3, 3), normal(5)), {"pads": [1, 1, 1, 1]}),
    ("Conv", IMAGES, (normal(5, 4, 3, 3),), {"pads": [0, 1, 2, 0], "strides": [2, 1]}),
    ("Conv", IMAGES, (normal(4, 2, 3, 2),), {"group": 2, "dilations": [2, 1]}),
    ("Conv", IMAGES, (normal(5, 4, 2, 3),), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("Conv", IMAGES, (normal(5, 4, 2, 3),), {"auto_pad": "SAME_LOWER"}),
    ("Conv", IMAGES, (normal(5, 4, 2, 3),), {"auto_pad": "VALID"}),
    ("Conv", LINES, (normal(5, 3, 3),), {"pads": [1, 1]}),
    ("ConvTranspose", IMAGES, (normal(4, 3, 3, 3), normal(3)), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("MaxPool", IMAGES, (), {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}),
    ("MaxPool", IMAGES, (), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    ("AveragePool", IMAGES, (), {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}),
    ("AveragePool", IMAGES, (), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ("AveragePool", LINES, (), {"kernel_shape": [3]}),
    ("GlobalAveragePool", IMAGES, (), {}),
    ("GlobalMaxPool", IMAGES, (), {}),
    ("BatchNormalization", IMAGES, (normal(4), normal(4), normal(4), np.abs(normal(4)) + 1), {}),
    ("InstanceNormalization", IMAGES, (normal(4), normal(4)), {}),
    ("LayerNormalization", VALUES, (normal(4), normal(4)), {}),
    ("LayerNormalization", IMAGES, (normal(7, 6),), {"axis": -2}),
    ("GroupNormalization", IMAGES, (normal(2), normal(2)), {"num_groups": 2, "opset": 18}),
    ("GroupNormalization", IMAGES, (normal(4), normal(4)), {"num_groups": 2, "opset": 21}),
    ("LRN", IMAGES, (), {"size": 3}),
    ("Softmax", IMAGES, (), {"axis": 1}),
    ("ReduceMean", IMAGES, (), {"axes": [2, 3], "keepdims": 0}),
    ("ReduceMean", IMAGES, (ints(-1),), {"opset": 18}),
    ("ReduceSum", IMAGES, (ints(1, 3),), {"keepdims": 0}),
    ("ReduceSum", IMAGES, (), {"noop_with_empty_axes": 1}),
    ("ArgMax", IMAGES, (), {"axis": -1, "keepdims": 0}),
    ("CumSum", VALUES, (np.array(1),), {}),
    ("Reshape", IMAGES, (ints(0, -1, 6),), {}),
    ("Flatten", IMAGES, (), {"axis": 2}),
    ("Flatten", IMAGES, (), {"axis": 0}),
    ("Transpose", IMAGES, (), {"perm": [0, 2, 3, 1]}),
    ("Unsqueeze", VALUES, (ints(0, -1),), {}),
    ("Squeeze", normal(1, 3, 1), (ints(-1),), {}),
    ("Concat", VALUES, (VALUES,), {"axis": 1}),
    ("Split", VALUES, (ints(1, 3),), {"axis": 1, "outputs": 2}),
    ("Split", normal(3, 5), (), {"axis": 1, "num_outputs": 2, "outputs": 2, "opset": 18}),
    ("Slice", IMAGES, (ints(1, -1), ints(2**63 - 1, -(2**63)), ints(2, 3), ints(2, -2)), {}),
    ("Slice", IMAGES, (ints(-3), ints(100), ints(-1)), {}),
    ("Gather", IMAGES, (np.array([[1, -1]]),), {"axis": 2}),
    ("Gather", VALUES, (np.array(0),), {}),
    ("Gather", ints(4, 5), (np.array(1),), {}),
    ("GatherElements", VALUES, (np.array([[0, -1]] * 3),), {"axis": 1}),
    ("Expand", normal(3, 1), (ints(2, 1, 4),), {}),
    ("Tile", VALUES, (ints(2, 1),), {}),
    ("Shape", IMAGES, (), {"start": 1, "end": 3}),
    ("Pad", IMAGES, (ints(0, 0, 1, 2, 0, 0, 3, 1), np.float32(2)), {}),
    ("Pad", IMAGES, (ints(0, 0, 1, 2, 0, 0, 3, 1),), {"mode": "reflect"}),
    ("Pad", IMAGES, (ints(0, 0, 1, 2, 0, 0, 3, 1),), {"mode": "edge"}),
    ("Pad", IMAGES, (ints(1, 2, 0, 1), np.float32(0), ints(-1, 2)), {"opset": 18}),
    (
        "Resize",
        IMAGES,
        (None, np.array([1, 1, 2, 2], np.float32)),
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    ),
    ("Resize", IMAGES, (None, None, ints(2, 4, 14, 9)), {"mode": "linear"}),
    ("DepthToSpace", IMAGES, (), {"blocksize": 2}),
    ("DepthToSpace", IMAGES, (), {"blocksize": 2, "mode": "CRD"}),
    ("SpaceToDepth", normal(2, 3, 4, 6), (), {"blocksize": 2}),
    ("ConstantOfShape", ints(2, 3), (), {"value": numpy_helper.from_array(np.array([7], np.float32))}),
    ("Clip", VALUES, (), {"opset": 10, "min": -0.5}),
    ("Pad", IMAGES, (), {"opset": 10, "pads": [0, 0, 1, 2, 0, 0, 3, 1], "value": 2.0}),
    ("Slice", IMAGES, (), {"opset": 9, "starts": [1, -3], "ends": [9, -1], "axes": [2, 3]}),
    ("Softmax", IMAGES, (), {"opset": 12}),
    ("LogSoftmax", IMAGES, (), {"opset": 12, "axis": -1}),
    ("Split", VALUES, (), {"opset": 12, "split": [1, 3], "axis": 1, "outputs": 2}),
    ("Unsqueeze", VALUES, (), {"opset": 12, "axes": [0]}),
    ("Squeeze", normal(1, 3, 1), (), {"opset": 12, "axes": [2]}),
    ("ReduceSum", IMAGES, (), {"opset": 12, "axes": [1]}),
    ("Dropout", VALUES, (), {"opset": 10}),
    ("Normalizer", VALUES, (), {"domain": "ai.onnx.ml", "norm": "L1"}),
    ("Normalizer", VALUES, (), {"domain": "ai.onnx.ml", "norm": "L2"}),
    ("Scaler", VALUES, (), {"domain": "ai.onnx.ml", "offset": [0.0, 1.0, 2.0, 3.0], "scale": [1.0, 0.5, 2.0, 3.0]}),
    ("ArrayFeatureExtractor", VALUES, (ints(2, 0),), {"domain": "ai.onnx.ml"}),
]


@pytest.mark.parametrize(
    ("op", "x", "constants", "options"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)]
)
def test_operator_answers_as_onnxruntime(op, x, constants, options):
    """Value by value, to what float32 can hold."""
    expected, got = both(made(op, x, constants, **options), x)
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("opset", range(9, 23))
def test_every_set_of_operators_is_read(opset):
    """A convolution with a normalisation and a sum, from 9 to 22."""
    data = made("Conv", IMAGES, (normal(5, 4, 3, 3),), opset=opset)
    expected, got = both(data, IMAGES)
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["NONE", "LOGISTIC", "SOFTMAX"])
@pytest.mark.parametrize("classes", [2, 3])
def test_linear_classifiers(kind, classes):
    """Scores of a linear classifier, with each transformation."""
    rows = 1 if classes == 2 and kind == "LOGISTIC" else classes
    data = made(
        "LinearClassifier",
        VALUES,
        outputs=2,
        domain="ai.onnx.ml",
        coefficients=[float(v) for v in normal(rows * 4)],
        intercepts=[float(v) for v in normal(rows)],
        classlabels_ints=[*range(classes)],
        post_transform=kind,
        multi_class=1 if rows > 1 else 0,
    )
    expected, got = both(data, VALUES, "y1")
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_constants_of_every_kind_are_read():
    """Numbers, lists and arrays as attributes; what no input changes is computed once."""
    nodes = [
        helper.make_node("Constant", [], ["a"], value_float=2.0),
        helper.make_node("Constant", [], ["b"], value_floats=[1.0, 2.0, 3.0, 4.0]),
        helper.make_node("Constant", [], ["s"], value_ints=[-1]),
        helper.make_node("Constant", [], ["t"], value=numpy_helper.from_array(np.float32(3))),
        helper.make_node("Mul", ["a", "b"], ["ab"]),
        helper.make_node("Add", ["x", "ab"], ["c"]),
        helper.make_node("Mul", ["c", "t"], ["d"]),
        helper.make_node("Reshape", ["d", "s"], ["y0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("y0", TensorProto.FLOAT, [None])],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    expected, got = both(data, VALUES)
    np.testing.assert_allclose(got, expected, atol=1e-6)
    assert len(OnnxNetwork(graph_of(data, "y0"))._nodes) == 3


def test_ranges_are_computed_once():
    """A range of constants is no node of the network any more."""
    nodes = [helper.make_node("Range", ["a", "b", "c"], ["r"]), helper.make_node("Add", ["x", "r"], ["y0"])]
    held = [numpy_helper.from_array(np.float32(v), n) for v, n in ((0, "a"), (8, "b"), (2, "c"))]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("y0", TensorProto.FLOAT, [None, 4])],
        held,
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    expected, got = both(data, VALUES)
    np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize(
    ("op", "x", "constants", "options"),
    [
        ("ConstantOfShape", ints(1 << 20, 1 << 20), (), {}),
        ("Tile", VALUES, (ints(1 << 20, 1 << 20),), {}),
        ("Pad", VALUES, (ints(0, 0, 1 << 20, 1 << 20),), {}),
    ],
    ids=["filled", "tiled", "padded"],
)
def test_a_bomb_is_refused(op, x, constants, options):
    """A few bytes that ask for a trillion values are one error, before the memory is asked for."""
    with pytest.raises(IncompleteError, match="too large"):
        OnnxNetwork(graph_of(made(op, x, constants, **options), "y0"))(torch.from_numpy(x))


def test_the_table_is_of_operators_that_exist():
    """Every name is one of ONNX, or of its part for classical models."""
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    assert set(OPERATORS) - known == set()
    tried = {case[0] for case in CASES} | {"LinearClassifier", "Constant", "Range", "ZipMap"}
    assert set(OPERATORS) - tried == set()
