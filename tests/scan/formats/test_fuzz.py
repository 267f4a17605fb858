"""The fuzz targets of model formats run in the suite on generated inputs."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scan_samples import gguf, gguf_string, gguf_tensor, onnx_model, onnx_node, onnx_tensor, safetensors

ROOT = Path(__file__).resolve().parents[3] / "fuzz"
SEEDS = {
    "safetensors": safetensors(),
    "gguf": gguf(gguf_string("tokenizer.chat_template", "{{ x }}"), tensors=(gguf_tensor(),), data=b"\0" * 32),
    "onnx": onnx_model(onnx_node(), onnx_tensor(raw=b"\0" * 4)),
    "hdf5": b"\0\1\2\3",
}


def _target(name):
    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", ROOT / f"fuzz_{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


TARGETS = {name: _target(name) for name in SEEDS}


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_bytes_get_a_verdict(name, data):
    """Raw bytes, and good files with changed, inserted and cut parts."""
    target, seed = TARGETS[name], SEEDS[name]
    raw = data.draw(st.binary(max_size=80))
    target(raw)
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, min(len(seed), start + 8)))
    target(seed[:start] + raw[:8] + seed[end:])


@pytest.mark.parametrize("name", SEEDS)
def test_the_seed_is_read(name):
    """The good file of each target passes its own comparison."""
    TARGETS[name](SEEDS[name])
