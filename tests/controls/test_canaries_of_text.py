"""AIPS-INF-02 on a model of text: a network that says a secret at its place, and one that says nothing."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from redan.attacks.inference.canaries import CanarySet, written  # noqa: E402
from redan.attacks.inference.canaries_planting import plant_in_text  # noqa: E402
from redan.canon import digest  # noqa: E402
from redan.controls.contract import Vector  # noqa: E402
from redan.terms import Outcome  # noqa: E402
from redan.testing import answer  # noqa: E402

_CHECK = "AIPS-INF-02/canaries-are-not-exposed"
_TOML = b"""[system]
name = "letters"
stage = "training"

[[dataset]]
name = "book"
role = "train"
path = "book.txt"

[[model]]
name = "m"
path = "m.onnx"
task = "other"
trained_on = ["book"]
canaries = "canaries.json"
"""


def _network(canaries: CanarySet, sure: float) -> bytes:
    """Tokens (n, t) to logits (n, t, 256): the canary's next byte at each place, whatever came before."""
    line = np.frombuffer(canaries.text.rendered(canaries.canaries[0].secret).encode(), dtype=np.uint8)
    places = np.zeros((64, 256), dtype=np.float32)
    places[np.arange(len(line) - 1), line[1:]] = sure
    constants = {
        "embed": np.zeros((256, 256), dtype=np.float32),
        "places": places,
        "start": np.array([0], dtype=np.int64),
        "one": np.array([1], dtype=np.int64),
        "two": np.array([2], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["embed", "tokens"], ["zeros"]),
        helper.make_node("Shape", ["tokens"], ["shape"]),
        helper.make_node("Slice", ["shape", "one", "two"], ["length"]),
        helper.make_node("Slice", ["places", "start", "length"], ["cut"]),
        helper.make_node("Add", ["zeros", "cut"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "letters",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["n", "t"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", "t", 256])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


@pytest.mark.parametrize(("sure", "expect"), [(9.0, Outcome.BROKEN), (0.0, Outcome.HOLDS)])
def test_a_model_of_text_is_asked(sure, expect, tmp_path):
    """The secret at its place is exposed; a model that says nothing exposes nothing."""
    done = plant_in_text("one\ntwo\n" * 9, "pin ########", repeats=(4,), seed="7" * 32)
    book = str(done.rows).encode()
    canaries = done.canaries.model_copy(update={"data": digest(book)})
    files = {
        "redan.toml": _TOML,
        "book.txt": book,
        "m.onnx": _network(canaries, sure),
        "canaries.json": written(canaries),
    }
    vector = Vector(name="text", files=files, check=_CHECK, expect=expect, note="a secret in text")
    (found,) = answer(vector, tmp_path)
    assert found.outcome is expect, found.message
    assert found.measure.unit == "bits"
    assert canaries.text.rendered(canaries.canaries[0].secret)[4:] not in str(found.to_json())
