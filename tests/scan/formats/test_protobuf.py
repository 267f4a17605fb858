"""The wire walker: what it accepts, protobuf's own parser accepts with the same values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import StringStringEntryProto, TensorProto

from redan.scan.budget import Spent
from redan.scan.contract import BudgetError
from redan.scan.formats.protobuf import Field, ProtoError, Wire, looks_like, shape
from redan.scan.region import Region
from scan_samples import message, number, varint

ENTRY = shape(f1="b", f2="b")


def _wire(data, budget=None):
    return Wire(Region.of(data), budget)


@settings(max_examples=300)
@given(data=st.binary(max_size=40))
def test_what_is_accepted_protobuf_parses(data):
    """Over any bytes: a message of known fields has the values that protobuf reads."""
    wire = _wire(data)
    try:
        found = wire.message(0, len(data), ENTRY)
        key, value = wire.first(found, 1), wire.first(found, 2)
    except ProtoError:
        return
    parsed = StringStringEntryProto.FromString(data)
    assert (parsed.key, parsed.value) == (key, value)


@given(values=st.lists(st.integers(0, (1 << 63) - 1), max_size=30), packed=st.booleans())
def test_repeated_numbers_are_those_that_protobuf_reads(values, packed):
    """Packed and unpacked lists hold the same numbers."""
    body = message(1, *[varint(v) for v in values]) if packed else b"".join(number(1, v) for v in values)
    wire = _wire(body)
    fields = wire.message(0, len(body), shape(f1="p*")).get(1, [])
    assert list(wire.numbers(fields)) == list(TensorProto.FromString(body).dims) == values


@given(value=st.integers(0, (1 << 64) - 1))
def test_numbers_survive_the_wire(value):
    """Every number of 64 bits is read as written."""
    assert [f.value for f in _wire(number(3, value)).fields(0, len(number(3, value)))] == [value]


@pytest.mark.parametrize(
    "data",
    [
        b"\x0b",
        b"\x0c",
        b"\x0e",
        b"\x0f",
        b"\x00",
        b"\x08",
        b"\x08" + b"\x80" * 10 + b"\1",
        b"\x0a\x05ab",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x09\0\0",
        b"\x0d\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0",
    ],
)
def test_broken_wires_are_refused(data):
    """Groups, field 0, cut numbers, lengths that leave the message and numbers that do not end."""
    with pytest.raises(ProtoError):
        list(_wire(data).fields(0, len(data)))


def test_fields_over_the_borders_of_blocks():
    """A message far longer than a block is walked to its end."""
    data = b"".join(message(1, b"x" * (i % 300)) for i in range(8000))
    fields = list(_wire(data).fields(0, len(data)))
    assert [f.size for f in fields] == [i % 300 for i in range(8000)]


def test_steps_are_spent():
    """A message of many fields is charged to the file's budget."""
    budget = Spent(1)
    budget.spend(steps=59_999_975)
    with pytest.raises(BudgetError):
        _wire(message(1, "a") * 20, budget).message(0, 60, shape(f1="b*"))


def test_recognising_looks_at_the_first_level_alone():
    """Needed fields must be there, others must be known."""
    assert looks_like(Region.of(message(1, "a")), ENTRY, frozenset({1}))
    assert not looks_like(Region.of(message(1, "a")), ENTRY, frozenset({2}))
    assert not looks_like(Region.of(message(3, "a")), ENTRY, frozenset())
    assert not looks_like(Region.of(b""), ENTRY, frozenset())
    assert not looks_like(Region.of(b"\x0a\x09"), ENTRY, frozenset({1}))


def test_messages_that_nest_without_end_are_refused():
    """A check of nested messages stops at the depth at which parsers stop."""
    data = b""
    for _ in range(200):
        data = message(1, data)
    shapes = {"a": (shape(f1="b"), {1: "a"})}
    with pytest.raises(ProtoError, match="deeper"):
        _wire(data).check(Field(1, 2, 0, len(data), 0), "a", shapes)
