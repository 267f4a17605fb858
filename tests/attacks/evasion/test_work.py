"""Work files: what was written is read, whatever else stands there is refused or dropped."""

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.attacks.cost import Cost
from redan.attacks.evasion.work import FORMAT, Claims, line, parsed
from redan.errors import InputError

HEAD = json.dumps({"format": FORMAT, "evaluation": "d"}).encode() + b"\n"


def claims(samples, broken):
    step = np.where(broken, 3, -1)
    found = np.arange(sum(broken) * 4, dtype=np.float32).reshape(-1, 4)
    return Claims(1, np.array(samples, np.int64), np.array(broken, bool), step, found, Cost(forward=5, seconds=0.5))


@given(st.lists(st.tuples(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=4)), max_size=4), st.data())
def test_what_was_written_is_read_up_to_the_last_whole_line(groups, data):
    """Cut off anywhere: all lines before the cut are there, and the length says where to go on."""
    every = [claims([s for s, _ in group], [b for _, b in group]) for (group,) in groups]
    whole = HEAD + b"".join(line(each) for each in every)
    cut = data.draw(st.integers(0, len(whole)))
    found, length = parsed(whole[:cut], "d", 10, 4)
    assert length == whole[:cut].rfind(b"\n") + 1
    assert len(found) == max(0, whole[:cut].count(b"\n") - 1)
    for one, other in zip(found, every, strict=False):
        assert all(np.array_equal(a, b) for a, b in zip(one[:5], other[:5], strict=True))
        assert one.cost == other.cost


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(data, headed):
    """Claims or an InputError, nothing else."""
    with suppress(InputError):
        parsed((HEAD if headed else b"") + data, "d", 10, 4)


GOOD = json.loads(line(claims([1, 2], [True, False])))


@pytest.mark.parametrize(
    "change",
    [
        {"samples": [1, 10]},
        {"samples": [-1, 2]},
        {"samples": [1]},
        {"samples": [1.0, 2]},
        {"samples": [2**70, 1]},
        {"broken": [1, 1]},
        {"broken": [2, 0]},
        {"broken": [True, False]},
        {"found": "AAAA"},
        {"found": "?"},
        {"cost": [1, 2]},
        {"cost": None},
        {"plan": "1"},
        {"step": None},
    ],
    ids=str,
)
def test_a_line_that_does_not_fit_is_refused(change):
    """Rows out of the data, other lengths, other types."""
    assert len(parsed(HEAD + json.dumps(GOOD).encode() + b"\n", "d", 10, 4)[0]) == 1
    with pytest.raises(InputError, match="line does not"):
        parsed(HEAD + json.dumps(GOOD | change).encode() + b"\n", "d", 10, 4)
