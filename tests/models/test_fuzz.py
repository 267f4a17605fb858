"""The fuzz target of model files, run on a few hundred inputs."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import model_files as made

PATH = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_model_file.py"
SEEDS = (made.onnx_external()[0], made.onnx_external(where="constant")[0], made.safetensors_file(), made.skops_file())


@pytest.fixture(scope="module")
def target():
    """The fuzz target's module."""
    spec = importlib.util.spec_from_file_location("fuzz_model_file", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(target, data):
    """Also behind a header of ONNX."""
    target.TestOneInput(data)
    target.TestOneInput(b"\x08\x08\x3a" + data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_changed_files_are_read_or_refused(target, seed, data):
    """A few changed bytes, and a cut."""
    changed = bytearray(seed)
    for place in data.draw(st.lists(st.integers(0, min(len(seed), 400) - 1), max_size=5)):
        changed[place] = data.draw(st.integers(0, 255))
    target.TestOneInput(bytes(changed[: data.draw(st.integers(0, len(changed)))]))
    target.TestOneInput(bytes(changed))
