"""Small model files of every format, made by the libraries that define them."""

import io
import warnings

import numpy as np

from redan.controls.planted import known_signer, seal_of

SIGNER = known_signer("releaser")
STRANGER = known_signer("stranger")


def laid(folder, files):
    """Writes files and gives back the path of the first."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / next(iter(files))


def alone(folder, name, data):
    """A file and the seal over it."""
    return laid(folder, {name: data}), seal_of({name: data}, SIGNER, alone=True)


def onnx_external(location="w.bin", *, where="graph", offset=0, length=None, entries=(), weights=(1.0, 2.0, 3.0)):
    """An ONNX model whose weights lie in another file, and that file's bytes."""
    from onnx import TensorProto, helper, numpy_helper

    tensor = numpy_helper.from_array(np.array(weights, dtype=np.float32), "w")
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    described = {"location": location, "offset": str(offset), "length": str(len(raw) if length is None else length)}
    for key, value in [*described.items(), *entries]:
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    size = [len(weights)]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, size) for n in "xy")
    nodes, tensors = [helper.make_node("Mul", ["x", "w"], ["y"])], [tensor]
    functions = []
    if where == "constant":
        nodes, tensors = [helper.make_node("Constant", [], ["w"], value=tensor), *nodes], []
    elif where == "nested":
        z = helper.make_tensor_value_info("z", TensorProto.FLOAT, size)
        inner = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["z"])], "inner", [], [z], [tensor])
        nodes = [helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)]
        tensors = [numpy_helper.from_array(np.array(True), "c")]
    elif where == "function":
        body = [helper.make_node("Constant", [], ["k"], value=tensor), helper.make_node("Mul", ["a", "k"], ["b"])]
        opset = [helper.make_opsetid("", 17)]
        functions = [helper.make_function("own", "Scale", ["a"], ["b"], body, opset)]
        nodes, tensors = [helper.make_node("Scale", ["x"], ["y"], domain="own")], []
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    model = helper.make_model(graph, opset_imports=opsets, functions=functions)
    model.ir_version = 8
    return model.SerializeToString(), raw


def state_dict_file(*, legacy=False):
    """A PyTorch checkpoint of tensors alone."""
    import torch

    buffer = io.BytesIO()
    torch.save({"w": torch.arange(4.0), "b": torch.zeros(2)}, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def whole_module_file():
    """A PyTorch file that holds the model itself, and so the names of classes."""
    import torch

    buffer = io.BytesIO()
    torch.save(torch.nn.Linear(2, 1), buffer)
    return buffer.getvalue()


def torchscript_file():
    """A TorchScript archive."""
    import torch

    class Doubled(torch.nn.Module):
        def forward(self, x):
            return x * 2

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(Doubled(), torch.ones(2)), buffer)
    return buffer.getvalue()


def safetensors_file():
    """A safetensors file."""
    from safetensors.numpy import save

    return save({"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array([1, 2], dtype=np.int64)})


def fitted():
    """A small classifier."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    return LogisticRegression().fit(x, (x[:, 0] > 0).astype(int)), x


def skops_file():
    """A classifier as skops writes it."""
    from skops.io import dumps

    return dumps(fitted()[0])


def joblib_file(*, compress=0):
    """A classifier as joblib writes it."""
    import joblib

    buffer = io.BytesIO()
    joblib.dump(fitted()[0], buffer, compress=compress)
    return buffer.getvalue()
