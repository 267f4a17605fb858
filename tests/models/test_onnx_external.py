"""External tensors of ONNX: found wherever onnx finds them, refused wherever memory cannot give them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import model_files as made
from redan.controls.planted import tiny_onnx
from redan.errors import InputError
from redan.models.onnx_external import is_onnx, locations


@pytest.mark.parametrize("where", ["graph", "constant"])
def test_the_files_are_those_that_onnx_finds(where):
    """Against the library that defines the format."""
    import onnx
    from onnx.external_data_helper import ExternalDataInfo, uses_external_data

    data, _ = made.onnx_external("parts/w.bin", where=where)
    model = onnx.load_from_string(data)
    tensors = [*model.graph.initializer, *(a.t for n in model.graph.node for a in n.attribute if a.HasField("t"))]
    theirs = [ExternalDataInfo(t).location for t in tensors if uses_external_data(t)]
    assert list(locations(data)) == theirs == ["parts/w.bin"]


def test_a_model_with_everything_inside_has_none():
    """Whether its tensors are in the graph or not."""
    assert locations(tiny_onnx()) == ()


@pytest.mark.parametrize("where", ["nested", "function"])
def test_tensors_that_memory_cannot_give_are_refused(where):
    """onnxruntime would look for them on disk."""
    with pytest.raises(InputError, match="nested graph or function"):
        locations(made.onnx_external(where=where)[0])


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/etc/passwd",
        "../w.bin",
        "a/../../w.bin",
        "..",
        "a\\w.bin",
        "C:w.bin",
        "w\0.bin",
        "w\n.bin",
        "*/_ORT_MEM_ADDR_/*",
    ],
)
def test_names_that_leave_the_folder_are_refused(location):
    """Absolute, climbing, of another system, with control characters, and marks of addresses in memory."""
    with pytest.raises(InputError, match="outside the model's folder"):
        locations(made.onnx_external(location)[0])


def test_unknown_keys_are_refused():
    """CVE-2026-34445: keys that set attributes of the reader."""
    with pytest.raises(InputError, match="unknown words"):
        locations(made.onnx_external(entries=[("__class__", "x")])[0])


def test_a_key_twice_is_refused():
    """Readers differ in which of the two they take."""
    with pytest.raises(InputError, match="says twice"):
        locations(made.onnx_external(entries=[("location", "other.bin")])[0])


def test_graphs_nested_without_end_are_refused():
    """Depth is bounded before Python's own stack is."""
    inner = b""
    for _ in range(200):
        attribute = b"\x32" + varint(len(inner)) + inner
        node = b"\x2a" + varint(len(attribute)) + attribute
        inner = b"\x0a" + varint(len(node)) + node
    data = b"\x08\x08\x3a" + varint(len(inner)) + inner
    assert is_onnx(data)
    with pytest.raises(InputError, match="not well formed"):
        locations(data)


def varint(value):
    """Protobuf's variable-length number."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@settings(max_examples=300)
@given(st.data())
def test_changed_models_are_refused_or_read(data):
    """A few changed bytes: an InputError, or names that stay in the folder."""
    model = bytearray(made.onnx_external("parts/w.bin")[0])
    for place in data.draw(st.lists(st.integers(0, len(model) - 1), max_size=4)):
        model[place] = data.draw(st.integers(0, 255))
    try:
        found = locations(bytes(model))
    except InputError:
        return
    assert not any(name.startswith("/") or ".." in name.split("/") for name in found)


@given(st.integers(0, 60))
def test_a_model_cut_off_is_none(length):
    """Fewer bytes than the first level promises are no model."""
    assert not is_onnx(tiny_onnx()[:length])


def test_many_tensors_of_one_file_name_it_once():
    """The list is of files, not of tensors."""
    from onnx import TensorProto, helper, numpy_helper

    tensors = []
    for i in range(5):
        tensor = numpy_helper.from_array(np.ones(1, dtype=np.float32), f"w{i}")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "w.bin"
        tensors.append(tensor)
    graph = helper.make_graph([], "g", [], [], tensors)
    assert locations(helper.make_model(graph).SerializeToString()) == ("w.bin",)
