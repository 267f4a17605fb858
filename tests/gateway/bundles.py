"""Sealed folders of a model with its reference, and gateways over them."""

import hashlib
import json
import os

import numpy as np

from gateway import houses
from redan.controls.planted import seal_of
from redan.guards.conformal import Calibration
from redan.guards.drift import Column
from redan.guards.envelope import Bounds
from redan.guards.reference import Reference, written

TOML = """
[system]
name = "churn"

[[model]]
name = "churn"
path = "bundle/model.onnx"
bundle = "bundle"
seal = "bundle.seal"
key = "team.pub"
{model}

{more}

[[endpoint]]
name = "api"
model = "churn"
gateway = true
authenticated = false
logged = false
{endpoint}

[gateway]
{gateway}
"""
REFERENCE = 'reference = "bundle/reference.json"'


def network(weights, *, output="probabilities", last="Softmax", label=True, bias=None):
    """ONNX bytes: `x` times a matrix, through the softmax or another operator, and the place of the greatest."""
    from onnx import TensorProto, helper, numpy_helper

    weights = np.asarray(weights, np.float32)
    width, classes = weights.shape
    held = [numpy_helper.from_array(weights, "w")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z" if bias is not None or last else output])]
    if bias is not None:
        held.append(numpy_helper.from_array(np.asarray(bias, np.float32), "b"))
        nodes.append(helper.make_node("Add", ["z", "b"], ["z2" if last else output]))
    if last:
        nodes.append(helper.make_node(last, ["z" if bias is None else "z2"], [output]))
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", classes])]
    if label:
        nodes.append(helper.make_node("ArgMax", [output], ["label"], axis=1, keepdims=0))
        outputs.append(helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, held)
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    whole.ir_version = 9
    return whole.SerializeToString()


MODEL = network(np.eye(4, 3) * 2)


def reference(data=MODEL, **given):
    """The reference of a model: four columns from -10 to 10 that have nothing to do with each other."""
    made = Reference(
        model=hashlib.sha256(data).hexdigest(),
        input="x",
        output="probabilities",
        transformation="",
        bounds={"x": Bounds(np.full(4, -10.0), np.full(4, 10.0), np.zeros(4), np.eye(4), 250.0)},
        levels={},
        calibration=Calibration(1.0, tuple(np.linspace(0, 1, 199) ** 2 for _ in range(3))),
        columns=tuple(Column(name, np.array([0.0]), np.array([50, 50])) for name in "abcd"),
    )
    return made._replace(**given)


def put(folder, files, *, name="bundle", signer=houses.SIGNER):
    """A sealed folder; files are bytes by name, and take the place of those that were there."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    for file, data in files.items():
        (place / file).write_bytes(data)
    fresh = folder / f".{name}.new"
    fresh.write_bytes(seal_of(files, signer))
    os.replace(fresh, folder / f"{name}.seal")


def bundle(folder, data=MODEL, held="made", **toml):
    """A project whose model and reference are sealed together."""
    folder.mkdir(exist_ok=True)
    made = reference(data) if held == "made" else held
    files = {"model.onnx": data} | ({} if made is None else {"reference.json": written(made)})
    put(folder, files)
    (folder / "team.pub").write_text(houses.SIGNER.public.pem)
    toml.setdefault("model", "" if made is None else REFERENCE)
    (folder / "redan.toml").write_text(TOML.format(**{"model": "", "more": "", "endpoint": "", "gateway": ""} | toml))
    return folder


def body(rows, **more):
    """A question in JSON."""
    rows = np.asarray(rows, np.float32)
    tensor = {"name": "x", "shape": list(rows.shape), "datatype": "FP32", "data": rows.ravel().tolist()}
    return json.dumps({"inputs": [tensor], **more}).encode()


def told(answer):
    """Values of each output by name, and the parameters, of the body of an answer."""
    found = json.loads(answer)
    values = {one["name"]: np.array(one["data"]).reshape(one["shape"]) for one in found["outputs"]}
    return values, found.get("parameters", {})
