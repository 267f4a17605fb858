"""The wire walker: what it accepts, protobuf's own parser accepts with the same values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import StringStringEntryProto, TensorProto

from redan.scan.budget import Spent
from redan.scan.contract import BudgetError
from redan.scan.formats.protobuf import Field, ProtoError, Wire, looks_like, shape, tags
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


PARTS = st.one_of(
    st.builds(number, st.integers(1, 17), st.integers(0, (1 << 64) - 1)),
    st.builds(message, st.integers(1, 17), st.binary(max_size=3)),
    st.builds(lambda n, data: varint(n << 3 | 5) + data, st.integers(1, 17), st.binary(min_size=4, max_size=4)),
    st.builds(lambda n, data: varint(n << 3 | 1) + data, st.integers(1, 17), st.binary(min_size=8, max_size=8)),
)


def heads(data, passed):
    """Number, wire type and how often, in a row; an error instead of what follows it."""
    found = []
    try:
        for field in _wire(data).fields(0, len(data), passed):
            if found and found[-1][0] == (field.number, field.wire):
                found[-1][1] += 1 + field.more
            else:
                found.append([(field.number, field.wire), 1 + field.more])
    except ProtoError as error:
        found.append(str(error))
    return found


@settings(max_examples=300)
@given(
    rows=st.lists(st.tuples(PARTS, st.integers(1, 9)), max_size=6),
    passed=st.sets(st.integers(1, 17)),
    cut=st.integers(0, 3),
    tail=st.binary(max_size=12),
)
def test_what_is_passed_over_is_what_would_have_been_read(rows, passed, cut, tail):
    """Over rows of like fields, whole, cut off or followed by anything: the same fields, and the same error."""
    data = b"".join(part * times for part, times in rows)
    data = data[: len(data) - cut] + tail
    assert heads(data, tags(passed)) == heads(data, frozenset())


def test_rows_longer_than_a_block_are_counted_whole():
    """Numbers of all lengths, a million bytes of them, and words of one length."""
    data = b"".join(number(8, v) for v in (1, 300, (1 << 64) - 1) * 60_000) + message(9, b"BRANCH_LEQ") * 50_000
    assert heads(data, tags({8, 9})) == [[(8, 0), 180_000], [(9, 2), 50_000]]
    known = shape(f8="p*", f9="b*")
    fields = _wire(data).message(0, len(data), known, frozenset({8, 9}))
    assert sum(len(found) for found in fields.values()) < 100
    for passed in (frozenset(), frozenset({8, 9})):  # what is passed over is paid for all the same
        budget = Spent(1 << 40)
        _wire(data, budget).message(0, len(data), known, passed)
        budgets = Spent(1 << 40)
        budgets.spend(steps=230_000 + 8)
        assert budget._steps_left == budgets._steps_left


def test_rows_of_ever_other_heads_are_read_one_by_one():
    """A file of all lengths under all numbers makes no more patterns than agreed, and is read the same."""
    data = b"".join(message(n, bytes(size)) * 2 for n in range(1, 16) for size in range(128))
    wire = _wire(data)
    assert sum(1 + field.more for field in wire.fields(0, len(data), tags(range(1, 16)))) == 15 * 128 * 2
    assert len(wire._rows) == 64


def test_packed_numbers_are_looked_at_though_they_are_passed():
    """The second of two packed fields does not end."""
    data = message(8, b"\x01") + message(8, b"\x81")
    with pytest.raises(ProtoError, match="does not end"):
        _wire(data).message(0, len(data), shape(f8="p*"), frozenset({8}))
    single = number(3, 1) * 2
    with pytest.raises(ProtoError, match="stands twice"):
        _wire(single).message(0, len(single), shape(f3="v"), frozenset({3}))


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
