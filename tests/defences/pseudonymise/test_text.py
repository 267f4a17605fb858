"""Free text: identifiers are replaced where they stand, the same as in columns, and the rest stays."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.defences.pseudonymise import Field, new_ring, pseudonymise_text, pseudonyms
from redan.measures.personal.kinds import Kind
from redan.measures.personal.spans import TEXT_LIMIT, find

RING = new_ring("churn", dt.date(2026, 6, 1))


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("IMEI 49-015420-323751-8 lost", "imei", "49-015420-323751-8"),
        ("imsi=310150123456789", "imsi", "310150123456789"),
        ("SIM 8944110065123456783 blocked", "iccid", "8944110065123456783"),
        ("call +49 170 5550123 now", "msisdn", "+49 170 5550123"),
    ],
)
def test_texts_have_the_pseudonyms_of_columns(text, form, value):
    """The same value in a text and in a column has the same pseudonym, and it is found again as the same kind."""
    new = pseudonyms([value], Field(name=form, form=form), RING).pseudonyms[value]
    found = pseudonymise_text(text, RING)
    assert found.text == text.replace(value, new)
    assert [s.kind for s in find(found.text)] == [s.kind for s in find(text)]


def test_other_kinds_become_tokens_that_say_what_they_were():
    """Mail addresses and accounts become tokens; extensions of telephones go with them."""
    found = pseudonymise_text("mail kim@example.org or call (212) 736-5000 x123", RING)
    assert "kim@" not in found.text
    assert "x123" not in found.text
    assert f"[e-mail address {RING.active.id}." in found.text
    assert found.kinds == {Kind.EMAIL: 1, Kind.PHONE: 1}


def test_numbers_called_something_else_are_replaced_when_in_doubt():
    """An order number that is a valid IMEI may be one."""
    assert "490154203237518" not in pseudonymise_text("order 490154203237518 shipped", RING).text


def test_text_without_identifiers_stays():
    """Nothing is changed where nothing is found."""
    text = "line cut twice after rain, see 2026-11-21 09:30 and 1,234.50"
    assert pseudonymise_text(text, RING) == (text, {})


def test_long_texts_are_read_to_their_end():
    """What stands beyond the limit of the search is found in a piece of its own."""
    text = "a line without numbers " * (3 * TEXT_LIMIT // 20) + "IMEI 490154203237518"
    found = pseudonymise_text(text, RING)
    assert "490154203237518" not in found.text
    assert found.kinds == {Kind.IMEI: 1}
    assert pseudonymise_text("x" * (3 * TEXT_LIMIT), RING).text == "x" * (3 * TEXT_LIMIT)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_answered_twice_alike(text):
    """Any text is rewritten, and the same way again."""
    assert pseudonymise_text(text, RING) == pseudonymise_text(text, RING)
