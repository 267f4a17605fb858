"""The fuzz target of content, records and age files runs in the suite on generated inputs."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

FILE = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_content.py"
SPEC = spec_from_file_location("fuzz_content", FILE)
TARGET = module_from_spec(SPEC)
SPEC.loader.exec_module(TARGET)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused_in_one_way(data):
    """Any bytes are accepted or refused with InvalidError, nothing else."""
    TARGET.TestOneInput(data)
