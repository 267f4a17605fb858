"""A converted model answers as onnxruntime does and has the gradients of the network it came from, or it is refused."""

import io
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from attacks.models import digits, hardened, weak
from redan.errors import IncompleteError, InputError
from redan.models.model import OnnxModel
from redan.models.torch_onnx.conversion import (
    BEFORE,
    LOGARITHM,
    LOGITS,
    ONE_LOGIT,
    ONE_SCORE,
    TOLERANCE,
    _apart,
    converted,
)


def session(data):
    """What onnxruntime makes of a file."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return OnnxModel(onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]))


def exported(net, x, *, opset=17, fixed=False):
    """A network of PyTorch as an ONNX file."""
    file = io.BytesIO()
    axes = None if fixed else {"x": {0: "n"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net,
            (x[:1],),
            file,
            dynamo=False,
            opset_version=opset,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes=axes,
        )
    return file.getvalue()


def gradient(net, x):
    """Of the first logit less the second."""
    x = x.clone().requires_grad_()
    told = net(x)
    return torch.autograd.grad((told[:, 0] - told[:, 1]).sum(), x)[0]


class Rich(torch.nn.Module):
    """Residuals, normalisations, attention-like products, shapes that are computed."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3, 1, 1), torch.nn.BatchNorm2d(8), torch.nn.SiLU())
        self.second = torch.nn.Conv2d(8, 8, 3, padding=1, groups=4)
        self.norm = torch.nn.LayerNorm(8)
        self.mix = torch.nn.Linear(8, 24)
        self.last = torch.nn.Linear(8, 5)

    def forward(self, x):
        h = self.first(x)
        h = torch.nn.functional.avg_pool2d(h + torch.nn.functional.hardtanh(self.second(h)), 2)
        h = self.norm(h.flatten(2).transpose(1, 2))
        q, k, v = self.mix(h).chunk(3, dim=-1)
        h = h + torch.softmax(q @ k.transpose(1, 2) / 8**0.5, -1) @ v
        return self.last(torch.nn.functional.gelu(h).mean(1)).reshape(x.shape[0], -1)


@pytest.mark.parametrize("opset", [13, 17])
@pytest.mark.parametrize("fixed", [False, True], ids=["any-batch", "batch-of-one"])
def test_a_network_comes_back(opset, fixed):
    """Logits and gradients of a small network are those of PyTorch, whatever batch the file was made for."""
    x = digits().x_test[:40]
    data = exported(weak(), x, opset=opset, fixed=fixed)
    made = converted(data, session(data), x.numpy())
    assert made.ending == LOGITS
    assert made.difference <= 1e-5
    assert not made.module.training
    torch.testing.assert_close(made.module(x), weak()(x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(gradient(made.module, x), gradient(weak(), x), rtol=1e-4, atol=1e-5)


def test_a_rich_network_comes_back():
    """Normalisations, residuals, products and computed shapes."""
    torch.manual_seed(0)
    net, x = Rich().eval(), torch.rand(20, 1, 12, 10)
    data = exported(net, x)
    made = converted(data, session(data), x.numpy())
    torch.testing.assert_close(gradient(made.module, x), gradient(net, x), rtol=1e-4, atol=1e-6)


def test_a_softmax_at_the_end_is_taken_off():
    """Logits instead of probabilities: the labels are the same, and gradients do not vanish."""
    net = torch.nn.Sequential(hardened(), torch.nn.Softmax(1)).eval()
    x = digits().x_test[:20]
    data = exported(net, x)
    made = converted(data, session(data), x.numpy())
    assert made.ending == BEFORE
    torch.testing.assert_close(made.module(x), hardened()(x), rtol=1e-4, atol=1e-4)


def test_probabilities_of_another_make_become_their_logarithm():
    """Where probabilities do not come from a softmax, labels stay and values are no probabilities."""

    one, two = weak(), hardened()  # trained before anything is traced

    class Average(torch.nn.Module):
        def forward(self, x):
            return (one(x).softmax(1) + two(x).softmax(1)) / 2

    x = digits().x_test[:20]
    data = exported(Average().eval(), x)
    made = converted(data, session(data), x.numpy())
    assert made.ending == LOGARITHM
    assert torch.equal(made.module(x).argmax(1), Average()(x).argmax(1))
    assert bool((made.module(x) <= 0).all())


@pytest.mark.parametrize("end", [torch.nn.Sigmoid(), torch.nn.Identity(), torch.nn.Hardsigmoid()])
def test_one_output_becomes_two_classes(end):
    """A sigmoid's class 1 is above one half; a bare value's above zero."""
    torch.manual_seed(1)
    net, x = torch.nn.Sequential(torch.nn.Linear(6, 1), end).eval(), torch.randn(30, 6)
    data = exported(net, x)
    made = converted(data, session(data), x.numpy())
    expected = {torch.nn.Sigmoid: ONE_LOGIT, torch.nn.Identity: ONE_LOGIT, torch.nn.Hardsigmoid: ONE_SCORE}[type(end)]
    assert made.ending == expected
    limit = 0.0 if isinstance(end, torch.nn.Identity) else 0.5
    assert torch.equal(made.module(x).argmax(1) == 1, net(x)[:, 0] > limit)


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=300),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
        MLPClassifier((16,), max_iter=40, random_state=0),
    ],
    ids=["logistic", "scaled-logistic", "perceptron"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_come_back(estimator, classes):
    """Labels of linear models and perceptrons are those of scikit-learn, and gradients are finite and not zero."""
    x, y = load_digits(return_X_y=True)
    x, y = (x / 16).astype(np.float32)[y < classes][:300], y[y < classes][:300]
    fitted = estimator.fit(x, y)
    data = to_onnx(fitted, x[:1], options={"zipmap": False}, target_opset=17).SerializeToString()
    made = converted(data, session(data), x)
    told = made.module(torch.from_numpy(x))
    assert (told.argmax(1).numpy() == fitted.predict(x)).mean() > 0.999
    found = gradient(made.module, torch.from_numpy(x))
    assert torch.isfinite(found).all()
    assert (found.flatten(1).abs().amax(1) > 0).all()


def test_trees_are_refused_with_the_operator():
    """A forest has no gradients: the error names what is not converted."""
    x, y = load_digits(return_X_y=True)
    fitted = RandomForestClassifier(3, random_state=0).fit(x[:200], y[:200])
    data = to_onnx(fitted, x[:1].astype(np.float32), options={"zipmap": False}).SerializeToString()
    with pytest.raises(IncompleteError, match="TreeEnsembleClassifier"):
        converted(data, session(data), x[:20].astype(np.float32))


def plain(op="Relu", *, opset=17, domain="", kind=TensorProto.FLOAT, shape=(None, 4)):
    """A model of one operator."""
    graph = helper.make_graph(
        [helper.make_node(op, ["x"], ["y"], domain=domain)],
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_empty_tensor_value_info("y")],
    )
    sets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8)


@pytest.mark.parametrize(
    ("data", "x", "told"),
    [
        (plain(kind=TensorProto.INT32, shape=(None, 4)), np.ones((3, 4)), "int32"),
        (plain(shape=(None, 4, 5)), np.ones((3, 4, 5)), "score per class"),
        (plain(opset=8), np.ones((3, 4)), "version 8"),
    ],
    ids=["whole-numbers", "no-classifier", "old"],
)
def test_what_cannot_be_attacked_with_gradients_is_said(data, x, told):
    """Whole numbers as inputs, answers that are no scores, old operators: one reason each."""
    with pytest.raises(IncompleteError, match=told):
        converted(data.SerializeToString(), session(data.SerializeToString()), x.astype(np.float32))


def test_a_model_that_is_not_the_one_that_answers_is_refused():
    """Bytes of one network and the session of another differ by more than rounding."""
    x = digits().x_test[:20]
    with pytest.raises(IncompleteError, match="differs from onnxruntime"):
        converted(exported(weak(), x), session(exported(hardened(), x)), x.numpy())


def test_one_huge_value_does_not_hide_what_differs_among_the_others():
    """Rounding is measured by the size of a row, and by the probabilities that the row stands for."""
    told = np.array([[-1e6, 0.0, 3.0]])
    assert _apart(told, np.array([[-1e6, 3.0, 0.0]])) > TOLERANCE
    assert _apart(told, told + np.array([[1.0, 1e-6, 0.0]])) < TOLERANCE
    assert not _apart(np.array([[np.nan, 0.0, 1.0]]), told) <= TOLERANCE
    near = np.array([[279.43185, 281.21182, 280.68835]])  # one unit in the last place of float32 is 3e-5 there
    assert _apart(near, near + np.array([[3.1e-5, 0.0, -3.1e-5]])) < TOLERANCE
    assert _apart(near, near + np.array([[0.01, 0.0, 0.0]])) > TOLERANCE
    raised = np.array([[1e4, 1e4 + 0.5, 1e4 - 1.0]])  # nor does a value that all of them share
    assert _apart(raised, raised + np.array([[0.08, 0.0, 0.0]])) > TOLERANCE


def test_a_branch_is_refused():
    """A graph within a graph has no gradients here."""
    inner = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["a"])], "t", [], [helper.make_empty_tensor_value_info("a")]
    )
    graph = helper.make_graph(
        [helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 4])],
        [numpy_helper.from_array(np.array(1, dtype=bool), "c")],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    with pytest.raises(IncompleteError, match="branches"):
        converted(data, session(data), np.ones((2, 4), np.float32))


def test_external_tensors_come_from_the_given_bytes():
    """Tensors beside the file are read from memory; one that lies outside of its file is refused."""
    net, x = torch.nn.Linear(4, 3).eval(), torch.rand(5, 4)
    inside = exported(net, x)
    model = onnx.load_model_from_string(inside)
    held = b""
    for tensor in model.graph.initializer:
        raw = numpy_helper.to_array(tensor).tobytes()
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", "w.bin"), ("offset", str(len(held))), ("length", str(len(raw)))):
            tensor.external_data.add(key=key, value=value)
        held += raw
    data = model.SerializeToString()
    made = converted(data, session(inside), x.numpy(), pieces={"w.bin": held})
    torch.testing.assert_close(made.module(x), net(x))
    for pieces in ({}, {"w.bin": held[:-1]}):
        with pytest.raises(InputError, match="external"):
            converted(data, session(inside), x.numpy(), pieces=pieces)


def test_bytes_that_are_no_model_are_one_error():
    """Damaged protobuf is told as such."""
    data = exported(weak(), digits().x_test[:2])
    with pytest.raises(InputError):
        converted(data[: len(data) // 2], session(data), digits().x_test[:2].numpy())
