"""Labels that come later: read under bounds, and described by the schema that clients are given."""

import json
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.exchange.problem import RefusedError
from redan.guards import feedback

ROOT = Path(__file__).resolve().parents[2]
EVENT = "0123456789abcdef01234567"
sys.path.append(str(ROOT / "fuzz"))


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=130), st.just(EVENT)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=4),
                st.dictionaries(st.sampled_from(["event", "labels", "x"]), inner, max_size=3),
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_bytes_are_labels_or_refused(data):
    """The fuzz target's own function."""
    from fuzz_feedback import TestOneInput

    TestOneInput(data)


@pytest.mark.parametrize(
    "labels", [[], [-1], [True], [1.5], [None], [2**31], ["x" * 121], [0] * 1025, [[0]], "0", {"0": 0}]
)
def test_what_is_no_label_is_refused(labels):
    """Truth values, fractions, huge numbers and texts, too many, and nested ones."""
    with pytest.raises(RefusedError):
        feedback.read(json.dumps({"event": EVENT, "labels": labels}).encode())


@pytest.mark.parametrize(
    "event", ["", EVENT[:-1], EVENT + "0", EVENT.upper(), 3, None, EVENT[:-1] + "\n", EVENT + "\n"]
)
def test_what_is_no_event_is_refused(event):
    """An identifier is 24 small hex digits."""
    with pytest.raises(RefusedError):
        feedback.read(json.dumps({"event": event, "labels": [1]}).encode())


def test_the_published_schema_is_what_is_read():
    """`schemas/feedback.v1.schema.json`, made by `redan.guards.feedback.schema`."""
    found = json.loads((ROOT / "schemas" / "feedback.v1.schema.json").read_text())
    assert found == feedback.schema()
    assert msgspec.json.decode(feedback.text()) == found
