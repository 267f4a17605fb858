"""ONNX: real models are clean; paths, keys, operators and structure that loaders fell for are told."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from redan.scan import scan_bytes, scan_file
from redan.scan.region import Region
from scan_samples import (
    fixed32,
    message,
    number,
    onnx_external,
    onnx_graph,
    onnx_model,
    onnx_node,
    onnx_tensor,
    rules,
    verdict,
)

SHIPPED = sorted((Path(onnx.__file__).parent / "backend" / "test" / "data").rglob("*.onnx"))
WEIGHTS = Region.of(b"\0" * 64)


def test_a_model_by_hand_is_one_that_onnx_reads():
    """The builder of these tests writes what onnx parses, so that its faults are the only ones."""
    data = onnx_model(onnx_node(), onnx_tensor(raw=b"\0\0\0\0"))
    assert onnx.load_model_from_string(data).graph.node[0].op_type == "Relu"
    assert rules(data) == set()


def test_models_that_onnx_ships_are_clean():
    """Every model of onnx's own tests is clean."""
    assert len(SHIPPED) > 50
    found = {p.name: rules(p.read_bytes(), p.name) for p in SHIPPED[:: max(1, len(SHIPPED) // 150)]}
    assert {name: why for name, why in found.items() if why} == {}


def test_subgraphs_and_functions_are_clean():
    """If, Loop and a local function in its own domain are read and clean."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "b", [], [helper.make_tensor_value_info("y", 1, [1])]
    )
    cond = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
    function = helper.make_function(
        "mine", "f", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    graph = helper.make_graph(
        [cond, helper.make_node("f", ["y"], ["z"], domain="mine")],
        "g",
        [helper.make_tensor_value_info("c", TensorProto.BOOL, []), helper.make_tensor_value_info("x", 1, [1])],
        [helper.make_tensor_value_info("z", 1, [1])],
        [helper.make_tensor("w", 1, [2], [1.0, 2.0]), helper.make_tensor("r", 7, [1], np.int64(1).tobytes(), raw=True)],
    )
    model = helper.make_model(
        graph, functions=[function], opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    )
    assert rules(model.SerializeToString()) == set()


def _nested(depth):
    data = onnx_node()
    for _ in range(depth):
        data = onnx_node("If", "", message(1, "then_branch") + message(6, data, message(2, "g")))
    return onnx_model(data)


def test_an_operator_hidden_in_nested_graphs_is_told():
    """A custom operator three graphs deep, in a function, or in a training graph is found."""
    evil = onnx_node("Evil", "evil")
    deep = onnx_node("If", "", message(6, onnx_node("If", "", message(11, evil)), message(2, "g")))
    assert rules(onnx_model(deep)) == {"onnx-operator"}
    assert rules(onnx_model(more=message(25, message(1, "f"), message(10, "d"), message(7, evil[2:])))) == {
        "onnx-operator"
    }
    assert rules(onnx_model(more=message(20, onnx_graph(evil, field=1)))) == {"onnx-operator"}
    assert rules(onnx_model(more=message(20, onnx_graph(evil, field=2)))) == {"onnx-operator"}


PATHS = [
    "/etc/hostname",
    "../w.bin",
    "a/../../w.bin",
    "..\\w.bin",
    "C:\\w.bin",
    "\\\\host\\w.bin",
    "~/w.bin",
    "file:///w.bin",
    "a\0b",
    "*/_ORT_MEM_ADDR_/*",
]


@pytest.mark.parametrize("path", PATHS)
def test_external_data_outside_the_folder_is_malicious(path):
    """CVE-2022-25882, CVE-2024-27318, CVE-2025-51480: absolute, upwards, on other systems, and memory addresses."""
    assert verdict(onnx_external(location=path), siblings=lambda _: WEIGHTS) == "malicious"


@pytest.mark.parametrize("where", ["attribute", "sparse", "function", "training"])
def test_external_data_is_found_wherever_tensors_are(where):
    """A tensor in an attribute, a sparse tensor, a function's default or a training graph is no hiding place."""
    tensor = onnx_tensor(5, external={"location": "../w"})
    data = {
        "attribute": onnx_model(onnx_node("Constant", "", tensor)),
        "sparse": onnx_model(onnx_node(), message(15, onnx_tensor(1, external={"location": "../w"}))),
        "function": onnx_model(
            more=message(25, message(1, "f"), message(10, "d"), message(11, message(1, "a"), tensor))
        ),
        "training": onnx_model(more=message(20, onnx_graph(tensor, field=1))),
    }[where]
    assert "onnx-external-path" in rules(data)


@pytest.mark.parametrize("key", ["__class__", "__dict__", "base_dir", "tensor", "Location"])
def test_keys_of_external_data_are_a_closed_list(key):
    """CVE-2026-34445: a key that sets an attribute of the loader's object is malicious."""
    assert verdict(onnx_external(location="w.bin", **{key: "x"}), siblings=lambda _: WEIGHTS) == "malicious"


RANGES = [
    {"offset": 64, "length": 4},
    {"offset": 1 << 60},
    {"length": 8},
    {"length": 1 << 60},
    {"offset": "-4"},
    {"offset": "x"},
    {"length": "1e3"},
]


@pytest.mark.parametrize("values", RANGES)
def test_ranges_beyond_the_file_are_not_understood(values):
    """Offsets and lengths that leave the file, do not fit the shape, or are no numbers are told."""
    assert verdict(onnx_external(location="w.bin", **values), siblings=lambda _: WEIGHTS) == "not-understood"


def test_external_data_beside_the_model_is_clean(tmp_path):
    """onnx's own way of keeping tensors outside is clean while the file is there, whole and plain."""
    tensor = onnx.numpy_helper.from_array(np.arange(300, dtype=np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, [300])],
        [helper.make_tensor_value_info("y", 1, [300])],
        [tensor],
    )
    path = tmp_path / "m.onnx"
    onnx.save_model(helper.make_model(graph), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert scan_file(path).verdict.value == "clean"
    (tmp_path.parent / "outside").write_bytes((tmp_path / "w.bin").read_bytes())
    (tmp_path / "copy").write_bytes((tmp_path / "w.bin").read_bytes())
    (tmp_path / "w.bin").unlink()
    assert scan_file(path).verdict.value == "not-understood"
    (tmp_path / "w.bin").symlink_to(tmp_path.parent / "outside")
    assert scan_file(path).verdict.value == "not-understood"
    (tmp_path / "w.bin").unlink()
    os.link(tmp_path / "copy", tmp_path / "w.bin")
    assert scan_file(path).verdict.value == "not-understood"


@pytest.mark.parametrize(
    ("op", "domain", "wanted"),
    [
        ("PythonOp", "com.microsoft", "malicious"),
        ("PyOp", "ai.onnx.contrib", "malicious"),
        ("ATen", "org.pytorch.aten", "malicious"),
        ("EPContext", "com.microsoft", "not-understood"),
        ("Gelu", "com.microsoft", "clean"),
        ("TreeEnsembleRegressor", "ai.onnx.ml", "clean"),
        ("Relu", "ai.onnx", "clean"),
        ("Relu", "com.evil", "not-understood"),
        ("NoSuchOp", "", "not-understood"),
    ],
)
def test_operators(op, domain, wanted):
    """Operators of ONNX and ONNX Runtime compute; Python, contexts and foreign domains are told."""
    assert verdict(onnx_model(onnx_node(op, domain))) == wanted


HOSTILE = {
    "unknown field of a node": onnx_model(message(1, message(4, "Relu"), message(99, "x"))),
    "two graphs": onnx_model() + onnx_graph(),
    "two operators in a node": onnx_model(message(1, message(4, "Relu"), message(4, "Evil"))),
    "group": onnx_model(more=b"\x73"),
    "cut": onnx_model()[:-3],
    "graph beyond the file": number(1, 8) + b"\x3a\xff\xff\xff\xff\x07",
    "length of 2^62": number(1, 8) + b"\x3a" + b"\xff" * 8 + b"\x3f",
    "number that does not end": b"\x08" + b"\xff" * 20,
    "negative dimension": onnx_model(onnx_node(), onnx_tensor(dims=((1 << 64) - 1,), raw=b"")),
    "dimensions that overflow": onnx_model(onnx_node(), onnx_tensor(dims=(1 << 32, 1 << 32), raw=b"")),
    "raw data too short": onnx_model(onnx_node(), onnx_tensor(dims=(10,), raw=b"\0")),
    "deep graphs": _nested(200),
    "settings of a session": onnx_model(more=message(14, message(1, "ort_config"), message(2, "{}"))),
    "packed for one machine": onnx_external(location="w.bin", prepacked_0="x"),
    "key twice": onnx_model(
        onnx_node(), onnx_tensor(external={}, extra=message(13, message(1, "location"), message(2, "a")) * 2)
    ),
    "inside and outside": onnx_model(
        onnx_node(), onnx_tensor(raw=b"\0" * 4, extra=message(13, message(1, "location"), message(2, "a")))
    ),
    "no location": onnx_model(onnx_node(), onnx_tensor(external={})),
    "name that is no text": onnx_model(message(1, message(4, b"\xff\xfe"))),
    "float as bytes": onnx_model(onnx_node("A", "", message(2, "x"))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_models_are_not_understood(name):
    """Each one is a verdict that is not clean, and never an exception."""
    assert verdict(HOSTILE[name], "m.onnx") == "not-understood"


def test_floats_are_where_they_belong():
    """An attribute with a float is clean."""
    assert rules(onnx_model(onnx_node("LeakyRelu", "", message(1, "alpha") + fixed32(2, 0.5) + number(20, 1)))) == set()


def test_a_long_graph_is_read_in_blocks():
    """Fields across the borders of blocks are read right: the last of many nodes is found."""
    nodes = [onnx_node(inputs=("x" * (i % 97),)) for i in range(20_000)]
    assert rules(onnx_model(*nodes)) == set()
    assert rules(onnx_model(*nodes, onnx_node("Evil", "evil"))) == {"onnx-operator"}


@example(at=2638, byte=82, cut=0)
@settings(max_examples=300)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.integers(0, 3))
def test_a_clean_model_is_one_that_onnx_parses(at, byte, cut):
    """After any byte is exchanged or cut: clean as ONNX only when onnx itself parses it."""
    data = bytearray(
        onnx_model(onnx_node("LeakyRelu", "", message(1, "a") + fixed32(2, 1.0)), onnx_tensor(raw=b"\0" * 4))
    )
    data[at % len(data)] = byte
    found = scan_bytes(bytes(data[: len(data) - cut]), "m.onnx")
    if found.verdict.value == "clean" and found.format == "onnx":
        onnx.load_model_from_string(bytes(data[: len(data) - cut]))
