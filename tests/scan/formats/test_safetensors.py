"""safetensors: accepted exactly when the library accepts, except where two readers could differ."""

import json

import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from scan_samples import rules, verdict
from scan_samples import safetensors as made

GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def _library(data):
    try:
        safetensors.deserialize(data)
    except safetensors.SafetensorError:
        return False
    return True


def test_a_file_of_the_library_is_clean():
    """What the library writes, with metadata, empty and many tensors, is clean."""
    data = save(
        {
            "b": np.ones((2, 1), dtype=np.int64),
            "a": np.ones((0,), dtype=np.float32),
            "ü": np.array([True, False, True]),
            "scalar": np.array(1.5),
        },
        {"format": "pt"},
    )
    assert verdict(data) == "clean"
    assert rules(data) == set()


HOSTILE = {
    "length of 2^62": made(length=1 << 62),
    "length beyond the file": made(length=10_000),
    "length past the limit": made(length=100_000_001),
    "no header": made(raw=b""),
    "list as header": made(raw=b"[]", data=b""),
    "cut header": made(raw=b'{"w":', data=b""),
    "duplicate name": made(raw=b'{"w":' + json.dumps(GOOD).encode() + b',"w":' + json.dumps(GOOD).encode() + b"}"),
    "duplicate key": made(raw=b'{"w":{"dtype":"U8","dtype":"F32","shape":[2],"data_offsets":[0,8]}}'),
    "hole": made({"w": GOOD | {"data_offsets": [8, 16]}}, b"\0" * 16),
    "overlap": made({"a": GOOD, "b": GOOD}),
    "overlap by half": made({"a": GOOD, "b": GOOD | {"data_offsets": [4, 12]}}, b"\0" * 12),
    "negative offset": made({"w": GOOD | {"data_offsets": [-8, 0]}}),
    "offsets the wrong way": made({"w": GOOD | {"data_offsets": [8, 0]}}),
    "one offset": made({"w": GOOD | {"data_offsets": [0]}}),
    "offsets as fractions": made(raw=b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8.0]}}'),
    "offset as truth": made(raw=b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[false,true]}}', data=b"\0"),
    "end beyond the file": made({"w": GOOD | {"shape": [4], "data_offsets": [0, 16]}}),
    "shape that overflows": made({"w": GOOD | {"shape": [1 << 62, 1 << 62]}}),
    "shape with a giant number": made(raw=b'{"w":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,8]}}'),
    "shape that does not fit": made({"w": GOOD | {"shape": [3]}}),
    "unknown type": made({"w": GOOD | {"dtype": "OBJECT"}}),
    "type that is no text": made({"w": GOOD | {"dtype": 1}}),
    "unknown key": made({"w": GOOD | {"code": "x"}}),
    "metadata of numbers": made({"w": GOOD, "__metadata__": {"a": 1}}),
    "metadata as list": made({"w": GOOD, "__metadata__": []}),
    "trailing bytes": made() + b"PK\3\4",
    "half a character": made(raw=b'{"w":' + json.dumps(GOOD).encode() + b',"__metadata__":{"a":"\\ud800"}}'),
    "not UTF-8": made(raw=b'{"\xff":{}}', data=b""),
    "deep": made(raw=b'{"w":' + b"[" * 100_000 + b"]" * 100_000 + b"}", data=b""),
    "not a number": made(raw=b'{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers_are_not_understood(name):
    """Each broken rule is a verdict, never clean and never an exception."""
    assert verdict(HOSTILE[name], "m.safetensors") == "not-understood"


SIZES = st.integers(min_value=-1, max_value=5)
ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["U8", "BOOL", "F16", "F32", "I64", "F8_E4M3", "F4", "F6_E2M3", "C64", "X"]),
        "shape": st.lists(SIZES, max_size=3),
        "data_offsets": st.tuples(SIZES, st.integers(0, 24)).map(list),
    }
)


@settings(max_examples=400)
@given(header=st.dictionaries(st.text(max_size=3), ENTRY, max_size=3), size=st.integers(0, 24))
def test_accepted_only_what_the_library_accepts(header, size):
    """Over generated headers a clean verdict means that the library loads the file."""
    data = made(header, b"\0" * size)
    if rules(data) == set():
        assert _library(data)


@settings(max_examples=300)
@given(data=st.data())
def test_accepted_whatever_the_library_writes(data):
    """Over generated tensors the library's own files are clean."""
    kinds = ["uint8", "bool", "float16", "float32", "int64", "complex64"]
    names = data.draw(st.sets(st.text(max_size=4).filter(lambda t: t != "__metadata__"), max_size=4))
    shapes = st.lists(st.integers(0, 4), max_size=3)
    tensors = {n: np.zeros(data.draw(shapes), dtype=data.draw(st.sampled_from(kinds))) for n in names}
    assert rules(save(tensors)) == set()


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"duplicate key", "duplicate name", "unknown key"}))
def test_the_library_refuses_them_too(name):
    """The hostile set is hostile: apart from what we refuse alone, the library refuses every one."""
    assert not _library(HOSTILE[name])
