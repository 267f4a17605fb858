"""The fuzz target of the evidence verifier runs in the suite on generated inputs."""

import importlib.util
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

FILE = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_evidence_verifier.py"
SPEC = importlib.util.spec_from_file_location("fuzz_evidence_verifier", FILE)
TARGET = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TARGET)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300)
@given(
    data=st.binary(max_size=200)
    | st.builds(lambda place, tail: b"\x01" + place + tail, st.binary(min_size=3, max_size=3), st.binary(max_size=40))
    | st.builds(
        lambda place, value: b"\x02" + place + json.dumps(value).encode(), st.binary(min_size=3, max_size=3), JSON
    )
)
def test_no_input_is_wrongly_accepted(data):
    """Raw bytes, spliced packs and packs with a JSON value exchanged are refused unless nothing changed."""
    TARGET.TestOneInput(data)


def test_the_real_pack_is_accepted():
    """The target's own pack verifies, so the refusals mean something."""
    pack, _ = TARGET.real()
    TARGET.TestOneInput(b"\x00" + pack)
    assert TARGET.mutated(b"\x00" + pack) == pack
