"""Each recogniser: published examples, forged twins, and the stated chance against simulation."""

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.measures.personal import network, payment, people, phone, places, telecom
from redan.measures.personal.email import is_email
from redan.measures.personal.kinds import Kind, Verification
from redan.measures.personal.national import RECOGNISERS as NATIONAL
from redan.measures.personal.scan import RECOGNISERS

BY_SCHEME = {r.scheme: r for r in RECOGNISERS}
# examples that the issuing bodies, standards or the documentation of python-stdnum publish
PUBLISHED = {
    "imei": ["490154203237518", "35-686800-004141-8"],
    "iccid": ["8944110065123456783", "89014103211118510720"],
    "imsi": ["310150123456789", "429011234567890", "262010123456789"],
    "card": ["4111 1111 1111 1111", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000"],
    "iban": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NO9386011117947"],
    "es-dni": ["54362315K", "54362315-K"],
    "es-nie": ["X-2482300W", "X2482300W"],
    "it-codice-fiscale": ["RCCMNL83S18D969H"],
    "fi-hetu": ["131052-308T"],
    "se-personnummer": ["880320-0016", "19880320-0016"],
    "no-fodselsnummer": ["15108695088", "151086 95088"],
    "dk-cpr": ["211062-5629"],
    "de-idnr": ["36 574 261 809"],
    "fr-nir": ["2 95 10 99 126 111 93"],
    "nl-bsn": ["1112.22.333", "111222333"],
    "be-nn": ["85.07.30-033.28", "85073003328"],
    "pl-pesel": ["44051401359"],
    "pt-nif": ["501964843"],
    "gb-nhs": ["943-476-5870", "9434765870"],
    "gb-nino": ["AB123456C", "AB 12 34 56 C"],
    "us-ssn": ["536-90-4399"],
    "br-cpf": ["390.533.447-05", "39053344705"],
    "in-aadhaar": ["234123412346", "2341 2341 2346"],
    "cn-resident": ["360426199101010071"],
    "email": ["kim.o'hara+news@mail.example.co.uk", "mailto:kim@example.org"],
    "phone": ["+41 44 668 18 00", "+1 (650) 253-0000", "0041446681800", "tel:+41446681800"],
    "msisdn": ["41446681800", "16502530000"],
    "ipv4": ["203.0.113.77", "10.20.30.40"],
    "ipv6": ["2001:db8::8a2e:370:7334", "fe80::1%eth0"],
    "mac": ["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"],
}
FORGED = {
    "imei": ["490154203237519", "120154203237515"],
    "iccid": ["8944110065123456782", "8844110065123456784"],
    "imsi": ["000150123456789", "150150123456789"],
    "card": ["4111 1111 1111 1112", "0000000000000000", "9999999999999995"],
    "iban": ["GB82 WEST 1234 5698 7654 33", "XX89370400440532013000"],
    "es-dni": ["54362315Z"],
    "it-codice-fiscale": ["RCCMNL83S18D969G"],
    "fi-hetu": ["131052-308U", "310252-308T"],
    "de-idnr": ["36574261890", "36554266806"],
    "fr-nir": ["295109912611199"],
    "nl-bsn": ["111252333"],
    "be-nn": ["85073003329"],
    "pl-pesel": ["44051401358"],
    "gb-nhs": ["9434765871"],
    "us-ssn": ["666-00-0000", "078-05-1120"],
    "br-cpf": ["39053344706"],
    "in-aadhaar": ["234123412347"],
    "cn-resident": ["360426199101010072"],
    "email": ["icon@2x.png", "git@github.com", "a..b@example.org"],
    "ipv4": ["1.2.3.4", "127.0.0.1", "0.0.0.0"],
    "ipv6": ["::", "::1", "12:34:56"],
    "mac": ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"],
}


def accepts(scheme, value):
    """Whether the recogniser takes the whole value."""
    rule = BY_SCHEME[scheme]
    return bool(rule.shape.fullmatch(value)) and rule.valid(value)


@pytest.mark.parametrize(("scheme", "value"), [(s, v) for s, vs in PUBLISHED.items() for v in vs])
def test_published_examples_are_accepted(scheme, value):
    """Numbers that issuers and standards print as examples are recognised."""
    assert accepts(scheme, value)


@pytest.mark.parametrize(("scheme", "value"), [(s, v) for s, vs in FORGED.items() for v in vs])
def test_forged_twins_are_refused(scheme, value):
    """One wrong check digit, an unassigned prefix or a reserved value is refused."""
    assert not accepts(scheme, value)


def random_value(scheme, rng):
    """A random value of a scheme's shape."""
    digits = lambda n: "".join(rng.choices(string.digits, k=n))  # noqa: E731
    letters = lambda n: "".join(rng.choices(string.ascii_uppercase, k=n))  # noqa: E731
    drawn = {
        "imei": lambda: digits(15),
        "iccid": lambda: digits(rng.choice((19, 20))),
        "iccid-bare": lambda: digits(rng.choice((18, 19, 20))),
        "imsi": lambda: str(rng.randrange(10**14, 10**15)),
        "imeisv": lambda: digits(16),
        "card": lambda: digits(rng.choice((15, 16))),
        "card-unlisted": lambda: digits(rng.choice((12, 13, 16))),
        "iban": lambda: rng.choice(("DE", "GB", "FR")) + digits(20),
        "es-dni": lambda: digits(8) + letters(1),
        "es-nie": lambda: rng.choice("XYZ") + digits(7) + letters(1),
        "fi-hetu": lambda: digits(6) + "-" + digits(3) + rng.choice("0123456789ABCDEFHJKLMNPRSTUVWXY"),
        "se-personnummer": lambda: digits(10),
        "no-fodselsnummer": lambda: digits(11),
        "dk-cpr": lambda: digits(10),
        "de-idnr": lambda: digits(11),
        "fr-nir": lambda: rng.choice("12") + digits(14),
        "nl-bsn": lambda: digits(9),
        "be-nn": lambda: digits(11),
        "pl-pesel": lambda: digits(11),
        "pt-nif": lambda: str(rng.randrange(1, 10)) + digits(8),
        "gb-nhs": lambda: digits(10),
        "br-cpf": lambda: digits(11),
        "in-aadhaar": lambda: str(rng.randrange(2, 10)) + digits(11),
        "cn-resident": lambda: str(rng.randrange(1, 10)) + digits(17),
        "msisdn": lambda: str(rng.randrange(10**9, 10**13)),
    }
    return drawn[scheme]() if scheme in drawn else None


CHECKED = [r for r in RECOGNISERS if r.chance < 1 and random_value(r.scheme, random.Random(0)) is not None]


@pytest.mark.parametrize("rule", CHECKED, ids=lambda r: r.scheme)
def test_chance_bounds_the_simulated_rate(rule):
    """Of 2,000 random values of the shape, no more pass than the stated chance allows, four standard errors aside."""
    rng = random.Random(8)
    count = 2000
    passed = sum(map(rule.valid, (random_value(rule.scheme, rng) for _ in range(count))))
    assert passed <= rule.chance * count + 4 * (rule.chance * (1 - rule.chance) * count) ** 0.5


def test_schemes_are_distinct_and_checks_rank_first():
    """No two recognisers share a scheme, and those that need a header say so."""
    assert len(BY_SCHEME) == len(RECOGNISERS)
    assert all(r.alone is None for r in RECOGNISERS if r.chance == 1.0)
    assert {r.kind for r in RECOGNISERS} == set(Kind)
    assert all(r.hints for r in RECOGNISERS if r.alone is None)
    assert {r.verification for r in NATIONAL} == {Verification.CHECK_DIGIT, Verification.SHAPE, Verification.HEADER}


@given(st.text(max_size=60))
def test_no_recogniser_raises_on_a_candidate(text):
    """Whatever has the shape, the verification answers true or false."""
    for rule in RECOGNISERS:
        if rule.shape.fullmatch(text):
            assert rule.valid(text) in {True, False}


@pytest.mark.parametrize("rule", RECOGNISERS, ids=lambda r: r.scheme)
def test_no_recogniser_raises_on_its_own_shape(rule):
    """Digits, letters and separators in the shape of each recogniser never make its verification raise."""
    rng = random.Random(1)
    alphabet = "0123456789ABXZ -./:+@()"
    seen = 0
    for value in PUBLISHED.get(rule.scheme, ["12:34:56", "1.234567", "12.345,67.890", "1 Main St", "Kim Lee"]):
        for _ in range(200):
            changed = list(value)
            changed[rng.randrange(len(changed))] = rng.choice(alphabet)
            candidate = "".join(changed)
            if rule.shape.fullmatch(candidate):
                seen += 1
                assert rule.valid(candidate) in {True, False}
    assert seen or rule.scheme not in PUBLISHED


def naive_luhn(digits):
    """The textbook sum, digit by digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


@given(st.text(alphabet=string.digits, min_size=1, max_size=24))
def test_luhn_equals_its_naive_twin(digits):
    """The table gives what doubling and casting out nines gives."""
    assert telecom.luhn(digits) == naive_luhn(digits)


def test_luhn_agrees_with_the_library():
    """python-stdnum comes to the same verdict on a thousand numbers."""
    from stdnum import luhn

    rng = random.Random(2)
    numbers = [str(rng.randrange(10**14, 10**16)) for _ in range(1000)]
    assert [telecom.luhn(n) for n in numbers] == [luhn.is_valid(n) for n in numbers]


def test_example_numbers_of_every_country_are_numbers():
    """Every numbering plan's own mobile example is recognised in international form and as a bare MSISDN."""
    import phonenumbers

    kind = phonenumbers.PhoneNumberType.MOBILE
    examples = [phonenumbers.example_number_for_type(r, kind) for r in phonenumbers.SUPPORTED_REGIONS]
    e164 = [phonenumbers.format_number(e, phonenumbers.PhoneNumberFormat.E164) for e in examples if e is not None]
    assert len(e164) > 200
    assert all(phone.is_number(n) and phone.is_msisdn(n[1:]) for n in e164)


@pytest.mark.parametrize("value", ["2026-11-21", "21.11.2026", "1,234.50", "536-90-4399", "192.168.10.20", "12.5"])
def test_dates_prices_and_other_numbers_are_not_written_telephone_numbers(value):
    """What has separators but is a date, a price, an id or an address is not of the written shape."""
    assert not BY_SCHEME["phone-us"].shape.fullmatch(value)


@pytest.mark.parametrize("value", ["Kim Lee", "peter", "3 o'clock", "Widget Deluxe"])
def test_given_names_decide_names(value):
    """Only a value with a common given name at its ends passes."""
    assert (people.has_given_name(value)) == (value in {"Kim Lee", "peter"})


def test_name_lists_are_clean():
    """Lists hold lower-case words only, and no country or big city that would make place names persons."""
    assert len(people.given_names()) > 700
    assert all(re.fullmatch(r"[^\W\d_]{2,}", name) for name in people.given_names())
    assert not people.given_names() & {"paris", "sydney", "florence", "georgia", "india", "china", "jordan", "chad"}
    assert len(places.street_words()) > 150


@pytest.mark.parametrize("value", ["12 Main Street", "Hauptstraße 5", "5 rue de Lyon", "PO Box 255"])
def test_addresses_have_a_house_and_a_street(value):
    """A number and a street word, in any of a dozen languages, are an address."""
    assert places.is_address(value)


@pytest.mark.parametrize("value", ["Model 5 Pro", "Main Street", "5 apples"])
def test_addresses_need_both(value):
    """A number without a street word, or a street without a number, is no address."""
    assert not places.is_address(value)


def test_coordinates_need_range_and_precision():
    """A degree out of range or as coarse as a kilometre is none."""
    assert places.is_precise("52.52001")
    assert not places.is_precise("52.50")
    assert not places.is_precise("952.52001")
    assert places.is_pair("52.5200, 13.4050")
    assert not places.is_pair("152.5200, 13.4050")


def test_email_of_a_person_is_one_and_a_file_is_not():
    """The domain decides between a mailbox and a file name."""
    assert is_email("kim@example.org")
    assert not is_email("logo@3x.svg")


def test_placeholders_are_no_cards():
    """A number of one digit only is a placeholder, even with a right check digit; the issuers' test numbers are cards."""
    assert naive_luhn("0" * 16)
    assert payment.is_card("4111111111111111")
    assert not payment.is_numbered("000000000000")


def test_broadcast_and_versions_are_no_machines():
    """Small octets are a version, equal octets a placeholder."""
    assert not network.is_ipv4("10.4.2.1")
    assert not network.is_mac("FF-FF-FF-FF-FF-FF")
