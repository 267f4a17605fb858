"""Records of anyone: read strictly, refused with line and reason."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy_records import CORRECT
from redan.errors import InputError
from redan.measures.privacy import parse_record, read_record

ROOT = Path(__file__).resolve().parents[3]


def _bytes(**changes):
    whole = {**CORRECT.to_json(), **changes}
    return json.dumps({key: value for key, value in whole.items() if value != "left out"}, indent=1).encode()


def test_a_record_reads_back(tmp_path):
    """What is written is read, and what is left out or null is not stated."""
    path = tmp_path / "privacy.json"
    path.write_bytes(_bytes())
    assert read_record(path) == CORRECT
    assert parse_record(_bytes(neighbours=None)).neighbours is None
    assert parse_record(_bytes(neighbours="left out")).neighbours is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"schema": "redan/privacy/v2"}, "schema"),
        ({"sampler": "magic"}, "none of poisson"),
        ({"sampling_rate": 0}, "above 0"),
        ({"sampling_rate": 1.5}, "to 1"),
        ({"sampling_rate": True}, "number"),
        ({"sampling_rate": "0.1"}, "number"),
        ({"steps": 1.5}, "whole number"),
        ({"steps": 0}, "whole number"),
        ({"steps": True}, "whole number"),
        ({"steps": 10**30}, "whole number"),
        ({"epsilon": -1}, "from 0"),
        ({"epsilon": None}, "does not state 'epsilon'"),
        ({"epsilon": "left out"}, "does not state 'epsilon'"),
        ({"runs_accounted": 1}, "true or false"),
        ({"nose_multiplier": 1.0}, "did you mean 'noise_multiplier'"),
        ({"tool": "a\u202eb"}, "can be seen"),
        ({"tool": "x" * 81}, "1 to 80"),
        ({"batch_size": 6001}, "larger than 'dataset_size'"),
        ({"clipping": "per-microbatch"}, "microbatch_size"),
        ({"noise_added_to": "left out"}, "go together"),
        ({"sampler": "full-batch"}, "full-batch"),
    ],
)
def test_wrong_values_are_refused_with_their_line(changes, what):
    """Each wrong value names the line of its key, or the first where the key is not there."""
    data = _bytes(**changes)
    with pytest.raises(InputError, match=what) as caught:
        parse_record(data, file="p.json")
    key = {"sampler": "batch_size", "noise_added_to": "noise_std"}.get(next(iter(changes)), next(iter(changes)))
    key = "sampler" if "magic" in changes.values() else key
    lines = [n for n, line in enumerate(data.decode().splitlines(), 1) if line.lstrip().startswith(f'"{key}"')]
    named = int(caught.value.where.partition(":")[2])
    assert named == (lines or [1])[0]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"[]", 1),
        (b'{"a": {}}', 1),
        (b'{"sampler": ["poisson"]}', 1),
        (b'{\n"a": 1,\n"a": 2}', 1),
        (b'{\n"a": 1,\n oops}', 3),
        (b"\xff", 1),
        (b'{"a": NaN}', 1),
        (b"{" * 100_000, 1),
        (b" " * 70_000, 1),
    ],
)
def test_what_is_no_flat_object_is_refused(data, line):
    """Bytes that are no flat JSON object are refused with the line where they stop being one."""
    with pytest.raises(InputError) as caught:
        parse_record(data, file="p.json")
    assert caught.value.where == f"p.json:{line}"


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.dictionaries(
            st.sampled_from([*CORRECT.to_json(), "x"]),
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
        ).map(lambda changes: json.dumps({**CORRECT.to_json(), **changes}).encode()),
    )
)
def test_any_bytes_are_a_record_or_refused(data):
    """The fuzz target's function holds for what hypothesis finds."""
    spec = importlib.util.spec_from_file_location("fuzz_privacy_record", ROOT / "fuzz" / "fuzz_privacy_record.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.TestOneInput(data)
