"""TOML that may hold secrets: the line of a fault, and none of its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.system.toml_quiet import values_and_lines


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'a = 1\nb = "hush', ":2"),
        (b"a = 1\nhush = = 2\n", ":2"),
        (b"a = 1\r\n\r\nb = [1,\r\n", ":4"),
        (b"a = 1\n\xff = 2\n", ":2"),
    ],
)
def test_a_fault_is_told_by_its_line(data, place):
    """The last one where the text ends too early."""
    with pytest.raises(ConfigError) as caught:
        values_and_lines(data, "clients.toml")
    assert caught.value.where == f"clients.toml{place}"
    assert "hush" not in str(caught.value)


@given(st.binary(max_size=200))
def test_hostile_bytes_are_read_or_refused(data):
    """Nothing else is raised."""
    try:
        values, lines = values_and_lines(data, "x")
    except ConfigError:
        return
    assert isinstance(values, dict)
    assert all(line >= 1 for line in lines.values())
