"""Free text: each kind is found where it stands, chance numbers are not, and hostile text costs little."""

import importlib.util
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.measures.personal.kinds import Kind
from redan.measures.personal.spans import TEXT_LIMIT, find

FUZZ = Path(__file__).resolve().parents[3] / "fuzz" / "fuzz_personal.py"

FOUND = [
    ("write to kim@example.org.", Kind.EMAIL, "kim@example.org"),
    ("Email:kim@example.org", Kind.EMAIL, "kim@example.org"),
    ("call +49 170 5550123 now", Kind.PHONE, "+49 170 5550123"),
    ("mobile: 0170 5550123", Kind.PHONE, "0170 5550123"),
    ("(212) 736-5000 is the desk", Kind.PHONE, "(212) 736-5000"),
    ("MSISDN 491705550123", Kind.PHONE, "491705550123"),
    ("IMEI 490154203237518", Kind.IMEI, "490154203237518"),
    ("handset 49-015420-323751-8", Kind.IMEI, "49-015420-323751-8"),
    ("imsi=310150123456789", Kind.IMSI, "310150123456789"),
    ("SIM 8944110065123456783 blocked", Kind.ICCID, "8944110065123456783"),
    ("paid with 4111 1111 1111 1111", Kind.CARD, "4111 1111 1111 1111"),
    ("visa 4111111111111111", Kind.CARD, "4111111111111111"),
    ("to GB82 WEST 1234 5698 7654 32 PLEASE", Kind.IBAN, "GB82 WEST 1234 5698 7654 32"),
    ("DE89370400440532013000", Kind.IBAN, "DE89370400440532013000"),
    ("CF RCCMNL83S18D969H", Kind.NATIONAL_ID, "RCCMNL83S18D969H"),
    ("her SSN is 536-90-4399", Kind.NATIONAL_ID, "536-90-4399"),
    ("BSN 111222333", Kind.NATIONAL_ID, "111222333"),
    ("login from 203.0.113.77", Kind.IP, "203.0.113.77"),
    ("peer 2001:db8::8a2e:370:7334 up", Kind.IP, "2001:db8::8a2e:370:7334"),
    ("at 00:1a:2b:3c:4d:5e", Kind.MAC, "00:1a:2b:3c:4d:5e"),
]
CLEAN = [
    "order 490154203237518 shipped",
    "invoice 4111111111111111",
    "version 10.44.3.99",
    "at 2026-11-21 09:30:12,123 took 0.1234s",
    "icon@2x.png from git@github.com:org/repo.git",
    "https://user@host.example.com/path",
    "ean 4006381333931 and isbn 978-3-16-148410-0",
    "trace 6f1c2a30-9d0b-4e36-8a71-2f9b7c1d5e44",
    "52.520008, 13.404954 and 1,234,567.89",
    "12:34:56 to 13:00:00",
    "call me on 2026-11-21 09:30",
    "",
    "no digits at all",
]


@pytest.mark.parametrize(("text", "kind", "value"), FOUND, ids=str)
def test_each_kind_is_found_where_it_stands(text, kind, value):
    """Exactly one place, of the right kind, with the right ends."""
    assert [(s.kind, text[s.start : s.end].strip()) for s in find(text)] == [(kind, value)]


@pytest.mark.parametrize("text", CLEAN)
def test_chance_numbers_are_not_found(text):
    """Orders, versions, times, files and digests hold no personal data."""
    assert find(text) == []


def test_several_in_one_text_stand_in_order():
    """All kinds of one sentence are found, in order and without overlap."""
    text = "IMEI 490154203237518, IMSI 310150123456789, mail kim@example.org or call +41446681800"
    assert [s.kind for s in find(text)] == [Kind.IMEI, Kind.IMSI, Kind.EMAIL, Kind.PHONE]


def test_numbers_in_a_row_are_taken_apart():
    """Two long numbers with one blank between are two, not one of thirty digits."""
    assert [s.kind for s in find("imei 490154203237518 490154203237518")] == [Kind.IMEI, Kind.IMEI]


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_any_text_gives_ordered_places(text):
    """Whatever the text, places lie inside it, in order, without overlap."""
    spans = find(text)
    assert all(0 <= s.start < s.end <= len(text) and s.verified for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


@given(st.text(alphabet="0123456789 +-().:@aA/IBANDE", max_size=200))
@settings(max_examples=300)
def test_number_like_text_never_raises(text):
    """Text made of the characters that numbers are made of is answered."""
    assert isinstance(find(text), list)


@pytest.mark.parametrize("piece", ["1", "1 ", "1-", "a@", "a.", "AA00 ", "1.", ":", "ff:", "+", "(", "A", "1.1.", "0:"])
def test_hostile_repetition_is_answered_in_linear_time(piece):
    """Ten times the text costs about ten times the time, never a hundred, and what lies beyond the limit is not read."""

    def cost(length):
        text = (piece * length)[:length]
        start = time.perf_counter()
        find(text)
        return time.perf_counter() - start

    cost(1000)
    short = min(cost(2000) for _ in range(3))
    assert cost(TEXT_LIMIT) < 60 * short + 0.5


def test_fuzz_target_runs_on_bytes():
    """The fuzz target takes whatever bytes it is given."""
    spec = importlib.util.spec_from_file_location("fuzz_personal", FUZZ)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    given(st.binary(max_size=400))(settings(max_examples=200, deadline=None)(module.TestOneInput))()
