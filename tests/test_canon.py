"""Canonical bytes: one value, one text; and a strict reader that accepts that text alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.canon import canonical, digest, digest_of, parse_canonical

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=9)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
LIMIT = 1 << 20


def parse(data: bytes):
    """The value of canonical bytes."""
    return parse_canonical(data, limit_bytes=LIMIT)


@given(value=JSON)
def test_canonical_bytes_are_read_back(value):
    """What is written is read, and written again it is the same text."""
    data = canonical(value)
    assert parse(data) == value
    assert canonical(parse(data)) == data


@given(value=JSON)
def test_the_order_of_names_does_not_matter(value):
    """Equal values have equal digests, however they were built."""
    again = json.loads(json.dumps(value), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert digest_of(again) == digest_of(value) == digest(canonical(value))


@given(value=JSON, indent=st.integers(1, 3))
def test_other_texts_of_a_value_are_refused(value, indent):
    """A tolerant JSON reader accepts many texts of one value; this one accepts one."""
    data = json.dumps(value, indent=indent, ensure_ascii=True).encode()
    if data == canonical(value):
        assert parse(data) == value
    else:
        with pytest.raises(ValueError, match="canonical"):
            parse(data)


@given(data=st.binary(max_size=60) | TEXT.map(str.encode))
def test_arbitrary_bytes_are_read_or_refused(data):
    """Never anything but a value or a ValueError; what a strict reader accepts, a tolerant one reads alike."""
    try:
        value = parse(data)
    except ValueError:
        return
    assert json.loads(data) == value


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a": 1}', "byte 5 on"),
        (b'{"b":1,"a":1}', "byte 2 on"),
        (b"[1.0]", "byte 2 on"),
        (b"[-0]", "byte 1 on"),
        (b"[1] ", "byte 3 on"),
        (b"[1", "not JSON at byte 2"),
        ("é".encode() + b"[", "not JSON at byte 0"),
        (b'["\xc3\xa9" 1]', "not JSON at byte 6"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'["\\u0041"]', "byte 2 on"),
        (b'["\\ud800"]', "UTF-8"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[-Infinity]", "not JSON"),
        (b"[1e999]", "inf"),
        (b"[" + b"1" * 5000 + b"]", "inf"),
        (b"[9007199254740993]", "canonical"),
        (b"[" * 40 + b"]" * 40, "nested deeper than 32 at byte 32"),
        (b'{"a":' * 100_000, "nested deeper"),
        (b" " * (LIMIT + 1), "larger than 1,048,576 bytes"),
        (b"", "not JSON at byte 0"),
    ],
)
def test_hostile_bytes_are_refused_with_their_place(data, what):
    """Each fault is named, with the byte where there is one."""
    with pytest.raises(ValueError, match=what):
        parse(data)


def test_brackets_inside_strings_are_no_depth():
    """A text full of brackets and escaped quotes is a text."""
    value = ['[[[["' * 50, "\\" * 9, '\\"[{' * 40]
    assert parse(canonical(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1 << 53, "\ud800", {1: "a"}])
def test_what_json_cannot_carry_is_refused(value):
    """No canonical bytes, no digest."""
    with pytest.raises(ValueError, match=r"JCS|domain|codepoints|string"):
        canonical(value)
