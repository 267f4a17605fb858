"""Pseudonyms of columns: valid, different, the same for the same value, apart between fields and projects, and back."""

import datetime as dt
import random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.defences.pseudonymise import Field, new_ring, originals, pseudonyms, rotated, translated
from redan.defences.pseudonymise.back import Way, seen_by
from redan.defences.pseudonymise.fields import MASK
from redan.errors import UsageError
from redan.measures.personal.telecom import is_iccid, is_imei, is_imeisv, is_imsi, with_luhn

DAY = dt.date(2026, 6, 1)
RING = new_ring("churn", DAY)
NETWORKS = ("26201", "310260", "23410", "40445", "334020", "45201")


def digits(rng, count):
    return "".join(rng.choices("0123456789", k=count))


def made(form, count=300, seed=3):
    """Identifiers of one form, that `phonenumbers` or the standards' rules call valid."""
    rng = random.Random(seed)
    return {
        "imsi": lambda: [(rng.choice(NETWORKS) + digits(rng, 10))[:15] for _ in range(count)],
        "imei": lambda: [with_luhn(rng.choice(("35", "86", "01")) + digits(rng, 12)) for _ in range(count)],
        "iccid": lambda: [
            with_luhn((rng.choice(("8949", "891012", "89351")) + digits(rng, 18))[: rng.choice((18, 19))])
            for _ in range(count)
        ],
        "msisdn": lambda: [f"+49170{digits(rng, 7)}" for _ in range(count)],
    }[form]()


def is_phone(value):
    return phonenumbers.is_valid_number(phonenumbers.parse(value))


VALID = {"imsi": is_imsi, "imei": is_imei, "iccid": is_iccid, "msisdn": is_phone}


@pytest.mark.parametrize("form", VALID)
def test_pseudonyms_are_valid_and_nothing_survives(form):
    """Every pseudonym validates, no original is among them, none is shared, and all map back."""
    values, field = made(form), Field(name=form, form=form)
    found = pseudonyms(values, field, RING)
    assert found.tokens == 0
    assert all(map(VALID[form], found.pseudonyms.values()))
    assert not set(values) & set(found.pseudonyms.values())
    assert len(set(found.pseudonyms.values())) == len(set(values))
    assert originals(found.pseudonyms.values(), field, RING) == {p: v for v, p in found.pseudonyms.items()}


@pytest.mark.parametrize(("form", "kept"), [("imsi", 5), ("imei", 8), ("iccid", 7), ("msisdn", 3)])
def test_what_makes_an_identifier_valid_stays(form, kept):
    """Network, type of device, issuer and country are the same; the rest is not."""
    found = pseudonyms(made(form), Field(name=form, form=form), RING).pseudonyms
    assert all(new[:kept] == old[:kept] and len(new) == len(old) for old, new in found.items())


@pytest.mark.parametrize(
    "style", [phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL, None]
)
def test_mobile_numbers_of_all_countries(style):
    """The example number of every plan, in three ways to write it, keeps its country and type, or becomes a token."""
    kind = phonenumbers.PhoneNumberType.MOBILE
    numbers = [phonenumbers.example_number_for_type(r, kind) for r in sorted(phonenumbers.SUPPORTED_REGIONS)]
    e164 = phonenumbers.PhoneNumberFormat.E164
    values = [phonenumbers.format_number(n, style or e164).lstrip("+" if style is None else "") for n in numbers if n]
    field = Field(name="msisdn", form="msisdn")
    found = pseudonyms(values, field, RING)
    assert found.tokens <= 8  # plans of fewer than six digits
    for old, new in found.pseudonyms.items():
        if not new.startswith(RING.active.id):
            before, after = (phonenumbers.parse(v if style is not None else f"+{v}") for v in (old, new))
            assert after.country_code == before.country_code
            assert phonenumbers.number_type(after) == phonenumbers.number_type(before)


def test_ways_of_writing_meet():
    """One number, national and international, with and without blanks, has one pseudonym, written the same ways."""
    written = ["+49 170 5550123", "0170 5550123", "+491705550123", "0049 170 5550123", "491705550123"]
    found = pseudonyms(written, Field(name="msisdn", form="msisdn", region="DE"), RING).pseudonyms
    national = {"".join(c for c in new if c.isdigit())[-10:] for new in found.values()}
    assert len(national) == 1
    assert [p[:1] for p in found.values()] == [w[:1] for w in written]
    assert found["0170 5550123"][4] == " "


def test_marks_stay_where_they_are():
    """Dashes of an IMEI, and the F behind an ICCID without check digit."""
    imei = pseudonyms(["49-015420-323751-8"], Field(name="imei", form="imei"), RING).pseudonyms["49-015420-323751-8"]
    assert [i for i, c in enumerate(imei) if c == "-"] == [2, 9, 16]
    card = pseudonyms(["894911006512345678F"], Field(name="iccid", form="iccid"), RING).pseudonyms
    assert card["894911006512345678F"][-1] == "F"


def test_software_versions_and_missing_check_digits():
    """An IMEISV keeps its version; an IMEI without check digit gets none."""
    found = pseudonyms(["3569380356438012", "35693803564380"], Field(name="imei", form="imei"), RING).pseudonyms
    assert found["3569380356438012"][-2:] == "12"
    assert all(is_imeisv(new) and len(new) == len(old) for old, new in found.items())


@given(
    st.lists(st.text(max_size=30), max_size=20), st.sampled_from(["imsi", "imei", "iccid", "msisdn", "digits", "token"])
)
@settings(max_examples=150, deadline=None)
def test_nothing_is_left_as_it_was(values, form):
    """Whatever the values, each has a pseudonym that is another text, and equal values have equal ones."""
    found = pseudonyms(values, Field(name="x", form=form), RING).pseudonyms
    assert set(found) == set(values)
    assert len(set(found.values())) == len(found)
    assert all(form == "digits" or new != old for old, new in found.items())


def test_fields_projects_and_keys_are_apart():
    """Another field, project or key gives other pseudonyms."""
    values = made("imsi", 50)
    fields = [Field(name=name, form="imsi") for name in ("a", "b")]
    rings = [RING, new_ring("churn", DAY), type(RING)("other", RING.keys)]
    found = [tuple(pseudonyms(values, f, r).pseudonyms.values()) for f in fields for r in rings]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("form", VALID)
def test_a_new_key_translates_old_pseudonyms(form):
    """Old pseudonyms become those that the originals have under the new key; the old ones still map back."""
    values, field, new = made(form, 60), Field(name=form, form=form), rotated(RING, DAY)
    old = pseudonyms(values, field, RING).pseudonyms
    fresh = pseudonyms(values, field, new).pseudonyms
    assert translated(old.values(), field, new, RING.active.id) == {old[v]: fresh[v] for v in values}
    assert originals(old.values(), field, new, RING.active.id)[old[values[0]]] == values[0]


def test_tokens_name_their_key_and_need_the_originals():
    """A token begins with the key's id; it maps back only by trying known values, and cannot be translated."""
    field = Field(name="mail", form="token")
    token = pseudonyms(["kim@example.org"], field, RING).pseudonyms["kim@example.org"]
    assert token.startswith(f"{RING.active.id}.")
    assert originals([token], field, RING) == {}
    assert originals([token], field, RING, known=["lee@example.org", "kim@example.org"]) == {token: "kim@example.org"}
    assert translated([token], field, rotated(RING, DAY), RING.active.id) == {}


def test_masks_and_texts():
    """A mask is the same for all; free text is no value."""
    assert pseudonyms(["a", "b"], Field(name="x", form="mask"), RING).pseudonyms == {"a": MASK, "b": MASK}
    with pytest.raises(UsageError, match="free text"):
        pseudonyms(["a"], Field(name="x", form="text"), RING)


@pytest.mark.parametrize(
    ("role", "masked", "seen"),
    [("operator", ["Developer"], True), (" developer ", ["Developer"], False), ("operator", [], False)],
)
def test_roles_see_what_was_decided(role, masked, seen):
    """A role that is not masked sees the values; nobody does while nobody has decided."""
    values, field = made("imsi", 5), Field(name="imsi", form="imsi")
    found = [pseudonyms(values, field, RING).pseudonyms[v] for v in values]
    shown = seen_by(role, [*found, "unknown"], field, Way(ring=RING, direction="back"), masked_for=masked)
    assert shown == [*(values if seen else [MASK] * len(values)), MASK]
