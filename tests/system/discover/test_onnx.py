"""The bare protobuf reader against the ONNX library, and against damage."""

import io

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from redan.system.discover.onnx import onnx_model


def build(inputs, outputs, *, old_style=False):
    """A model of one MatMul; `old_style` lists the weights among the inputs, as before IR 4."""
    weights = helper.make_tensor("W", TensorProto.FLOAT, [4, 1], [0.5] * 4)
    ports = [helper.make_tensor_value_info(*port) for port in inputs]
    if old_style:
        ports.append(helper.make_tensor_value_info("W", TensorProto.FLOAT, [4, 1]))
    node = helper.make_node("MatMul", [inputs[0][0], "W"], [outputs[0][0]])
    graph = helper.make_graph([node], "g", ports, [helper.make_tensor_value_info(*port) for port in outputs], [weights])
    return helper.make_model(graph, producer_name="test")


MODEL = build([("x", TensorProto.FLOAT, [None, 4])], [("score", TensorProto.FLOAT, ["n", 1])]).SerializeToString()


def look(data):
    """What discovery makes of the bytes."""
    return onnx_model(io.BytesIO(data), "m.onnx", len(data))


def test_ports_are_those_of_the_library():
    """Names, types and shapes of inputs and outputs; weights that are listed as inputs are none."""
    model = build(
        [("x", TensorProto.FLOAT, [None, 4]), ("plan", TensorProto.STRING, [None, 1]), ("é", TensorProto.INT64, [])],
        [("label", TensorProto.INT64, [None]), ("score", TensorProto.DOUBLE, ["n", 2])],
        old_style=True,
    )
    found = look(model.SerializeToString())
    assert [(p.name, p.dtype, p.shape) for p in found.inputs] == [
        ("x", "float32", (None, 4)), ("plan", "string", (None, 1)), ("é", "int64", ()),
    ]  # fmt: skip
    assert [(p.name, p.dtype, p.shape) for p in found.outputs] == [
        ("label", "int64", (None,)),
        ("score", "float64", (None, 2)),
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=8), st.lists(st.one_of(st.none(), st.integers(1, 999)), max_size=3)),
        min_size=1,
        max_size=4,
        unique_by=lambda p: p[0],
    )
)
def test_any_ports_are_read_as_the_library_reads_them(ports):
    """The same for generated names and shapes."""
    ports = [(name, shape) for name, shape in ports if name != "W"] or [("x", [1])]
    data = build([(n, TensorProto.FLOAT, s) for n, s in ports], [("out", TensorProto.FLOAT, [1])]).SerializeToString()
    assert [(p.name, list(p.shape)) for p in look(data).inputs] == ports
    assert [i.name for i in onnx.load_from_string(data).graph.input] == [name for name, _ in ports]


@pytest.mark.parametrize("data", [b"", b"\x08", b"\x08\x09", b"\x08\x09\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x08" + b"\xff" * 20, b"\x12\x03abc", MODEL[:-1], MODEL[:40], b"\x08\x09" * 400_000])  # fmt: skip
def test_bytes_that_are_no_model(data):
    """Empty, cut, overlong lengths, endless numbers, endless fields: None, and no error."""
    assert look(data) is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(MODEL)))
def test_damage_never_raises(noise, at):
    """Any bytes, and a model with bytes written over it, are a model or None."""
    look(noise)
    found = look(MODEL[:at] + noise + MODEL[at + len(noise) :])
    assert found is None or found.format == "ONNX"


def test_nested_messages_cannot_multiply_the_work():
    """One budget covers all levels, so a message full of messages ends."""
    inner = b"\x0a\x00" * 200_000
    graph = b"\x5a" + _varint(len(inner)) + inner
    data = b"\x08\x09\x3a" + _varint(len(graph) * 3) + graph * 3
    assert look(data) is None


def _varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])
