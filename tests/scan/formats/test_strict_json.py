"""Bounded JSON: the values that Python reads, with duplicates told and no recursion of ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.scan.formats import strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(value=VALUES)
def test_values_are_those_that_python_reads(value):
    """A round trip through the parser changes nothing and finds no duplicates."""
    parsed = strict_json.parse(json.dumps(value).encode())
    assert parsed.value == value
    assert parsed.duplicates == ()


@given(value=VALUES)
def test_a_walk_visits_everything_once(value):
    """As many values as a naive recursion counts."""

    def count(here):
        inner = here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
        return 1 + sum(count(v) for v in inner)

    assert len(list(strict_json.walk(value))) == count(value)


def test_duplicates_are_named():
    """Names that stand twice in one object are told, at any depth; in two objects they are not."""
    assert strict_json.parse(b'{"a": [{"b": 1, "b": 2}], "c": 1}').duplicates == ("b",)
    assert strict_json.parse(b'[{"a": 1}, {"a": 1}]').duplicates == ()
    many = b"{" + b",".join(b'"k%d": 0' % (i % 2000) for i in range(4000)) + b"}"
    assert strict_json.parse(many).duplicates


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"[" * 10_000, b"9" * 9_999, b"nul", b'"\x01"', b"\xef\xbb\xbf\xef\xbb\xbf1"]
)
def test_what_is_no_json_is_refused(data):
    """Broken, deep, huge and wrongly encoded texts raise one kind of error."""
    with pytest.raises(strict_json.JsonError):
        strict_json.parse(data)


def test_a_text_of_millions_of_arrays_is_refused_before_it_fills_the_memory():
    """Each empty array takes twenty times its two bytes once it is read."""
    with pytest.raises(strict_json.JsonError, match="objects and arrays"):
        strict_json.parse(b"[" + b"[]," * strict_json.LIMIT_NESTED + b"[]]")
