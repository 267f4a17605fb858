"""The fuzz targets of the scan, run here for a while on samples and noise."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scan.hostile import containers, odd_streams, styles, tarred, zipped

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
EVIL = b"cos\nsystem\n(S'true'\ntR."


def target(name: str):
    """The function that a fuzzer calls."""
    spec = importlib.util.spec_from_file_location(name, FUZZ / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


SEEDS = {
    "fuzz_pickle": [*styles("os", "system").values(), *odd_streams().values()],
    "fuzz_archives": [zipped({"a": EVIL, "b": b"x"}), tarred({"a": EVIL}), *containers(EVIL).values()],
}


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_fuzz_target_holds(name, data):
    """Samples with bytes changed, inserted or removed, and plain noise."""
    seed = bytearray(data.draw(st.sampled_from(SEEDS[name]) | st.binary(max_size=200)))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(seed)))
        kept = data.draw(st.integers(0, 4))
        seed[at : at + kept] = data.draw(st.binary(max_size=4))
    target(name)(bytes(seed))
