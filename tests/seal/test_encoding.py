"""Base64: the canonical form is unique, the lenient one reads both alphabets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InvalidError
from redan.seal.encoding import decode, encode


@given(st.binary(max_size=64))
def test_round_trip(data):
    """What is encoded decodes to the same bytes, canonically and leniently."""
    assert decode(encode(data), "text") == data
    assert decode(encode(data), "text", canonical=False) == data


@pytest.mark.parametrize("text", ["QR==", "-_8=", "QQ=", "QQ", "Q", "QQ== ", "Q\nQ==", "QQ==QQ==", "ÿ", "QQ==="])
def test_only_canonical_text_is_canonical(text):
    """Padding bits, the other alphabet, missing padding, white space and foreign characters are refused."""
    with pytest.raises(InvalidError, match="the field is not"):
        decode(text, "the field")


def test_url_safe_text_is_read_where_allowed():
    """The lenient form accepts RFC 4648 section 5, as DSSE demands."""
    assert decode("-_8=", "text", canonical=False) == b"\xfb\xff"
    with pytest.raises(InvalidError):
        decode("-_8", "text", canonical=False)
