"""The file of a reference: written and read back alike; whatever else it says is one clear error."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InputError
from redan.exchange.tensors import Tensor
from redan.guards.conformal import Calibration
from redan.guards.drift import Column
from redan.guards.envelope import Bounds
from redan.guards.reference import Reference, read_reference, written

MADE = Reference(
    "ab" * 32,
    "x",
    "probabilities",
    "bit-depth:4",
    {"x": Bounds(np.array([0.0, -1.0]), np.array([1.0, 1.5]), np.array([0.5, 0.1]), np.eye(2), 9.5)},
    {"kind": frozenset({b"a", "ü".encode(), b""})},
    Calibration(1.25, (np.array([0.1, 0.1, 0.9]), np.array([])), logits=True),
    (Column("age", np.array([0.5]), np.array([3, 4])), Column("b", np.array([]), np.array([7]))),
)
ONE = Bounds(np.array([0.0]), np.array([1.0]), np.zeros(0), np.zeros((0, 0)), 0.0)
SIDE = MADE._replace(
    input="a",
    bounds={"a": ONE, "b": ONE, "c": ONE},
    beside=("b",),
    whole=MADE.bounds["x"],
)
GOOD = json.loads(written(MADE))


def test_what_is_written_is_read_back():
    """Every number exactly, and the bytes again."""
    again = read_reference(written(MADE))
    assert written(again) == written(MADE)
    assert again.bounds["x"].furthest == 9.5
    assert again.levels == MADE.levels
    assert again.columns[0].counts.dtype == np.int64
    assert again.calibration.logits


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "redan/reference/v2"),
        (("model",), "AB" * 32),
        (("model",), 5),
        (("guard",), "ab"),
        (("guard",), None),
        (("input",), "other"),
        (("input",), ""),
        (("more",), 1),
        (("bounds",), []),
        (("bounds", ""), GOOD["bounds"]["x"]),
        (("bounds", "x", "low"), [0.0]),
        (("bounds", "x", "low"), [2.0, -1.0]),
        (("bounds", "x", "low"), [True, -1.0]),
        (("bounds", "x", "low"), ["0", -1.0]),
        (("bounds", "x", "low"), [1e999, -1.0]),
        (("bounds", "x", "mean"), [0.0]),
        (("bounds", "x", "whiten"), [[1.0, 0.0]]),
        (("bounds", "x", "whiten"), [[1.0], [0.0]]),
        (("bounds", "x", "furthest"), -1.0),
        (("bounds", "x", "furthest"), None),
        (("levels", "kind"), []),
        (("levels", "kind"), ["a", "a"]),
        (("levels", "kind"), [1]),
        (("calibration", "temperature"), 0),
        (("calibration", "temperature"), 1e9),
        (("calibration", "logits"), 1),
        (("calibration", "scores"), [[0.1]]),
        (("calibration", "scores"), [[0.2, 0.1], []]),
        (("calibration", "scores"), [[0.2, 1.1], []]),
        (("calibration", "scores"), [[-0.1, 1.0], []]),
        (("columns",), GOOD["columns"][:1]),
        (("columns", 0, "edges"), [0.5, 0.5]),
        (("columns", 0, "counts"), [1]),
        (("columns", 0, "counts"), [1, -1]),
        (("columns", 0, "counts"), [1, 1.5]),
        (("columns", 0, "counts"), [1, True]),
        (("columns", 0, "counts"), [1, 2**53]),
        (("columns", 0, "name"), "n" * 1000),
    ],
)
def test_what_is_no_reference_is_refused(path, value):
    """Shapes, orders, types and numbers are those of the file, or nothing starts."""
    found = json.loads(written(MADE))
    place = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InputError, match="redan defend reference"):
        read_reference(json.dumps(found).encode())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("beside",), ["b", "c"]),
        (("beside",), ["b", "b"]),
        (("beside",), ["a"]),
        (("beside",), ["d"]),
        (("beside",), []),
        (("beside",), "b"),
        (("input",), ""),
        (("whole",), None),
        (("whole", "low"), [0.0]),
        (("bounds", "b"), GOOD["bounds"]["x"]),
    ],
)
def test_inputs_side_by_side_fit_together(path, value):
    """Each once, with one column and bounds of its own, and bounds of all of them."""
    found = json.loads(written(SIDE))
    assert written(read_reference(written(SIDE))) == written(SIDE)
    place = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InputError):
        read_reference(json.dumps(found).encode())


def test_what_is_looked_at_is_one_array():
    """In the order of the columns, whatever the order of the question; nothing where an input is missing."""
    tensors = [Tensor(k, "FP32", np.full((3, 1), v, "f4")) for k, v in (("b", 2), ("a", 1), ("c", 3))]
    assert SIDE.rows(tensors).tolist() == [[1, 2]] * 3
    assert SIDE.rows(tensors[1:]) is None
    assert MADE.rows([Tensor("x", "FP32", np.zeros((2, 1, 2), "f4"))]).shape == (2, 2)
    assert MADE._replace(input="").rows(tensors) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"schema":1,"schema":1}', b"NaN"],
    ids=["empty", "object", "list", "null", "bytes", "deep", "twice", "nan"],
)
def test_hostile_bytes_are_one_error(data):
    """Nesting, names said twice, and what is no JSON."""
    with pytest.raises(InputError):
        read_reference(data)


def target(name):
    """A fuzz target of the repository."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / "fuzz" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


ONE_REFERENCE = target("fuzz_reference")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 2000))
def test_altered_files_are_read_or_refused(junk, at):
    """The fuzz target over a file with some of its bytes exchanged."""
    good = written(MADE)
    ONE_REFERENCE(good[:at] + junk + good[at + len(junk) :])
