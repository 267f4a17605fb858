"""Trying what pseudonyms stand for: plain hashes are found, keyed ones are not, and the power is the one stated."""

import base64
import hashlib
import hmac
import random
import uuid

import numpy as np
import pytest

from redan.findings import Finding
from redan.measures.enumeration import attack, form_of
from redan.measures.enumeration.attack import Attack, _affine, _needed, _power
from redan.measures.enumeration.domains import Domain, _with_luhn, alike_domains, phone_domains, plain_domains
from redan.measures.enumeration.findings import judged
from redan.measures.personal.telecom import luhn, with_luhn
from redan.terms import Outcome

CUSTOMERS = [str(n) for n in random.Random(1).sample(range(900_000), 400)]
SMALL = 300_000


def rng():
    return np.random.default_rng(4)


def hashed(name, values, cut=None):
    return [hashlib.new(name, v.encode()).hexdigest()[:cut] for v in values]


@pytest.mark.parametrize(
    "name", ["md5", "sha1", "sha256", "sha224", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"]
)
def test_plain_hashes_of_counted_values_are_found(name):
    """Whichever hash function, in whatever case, customer numbers are found."""
    values = [v.upper() if i % 2 else v for i, v in enumerate(hashed(name, CUSTOMERS))]
    found = attack(values, rng=rng(), budget=SMALL)
    assert found.hits > 0
    assert found.how.startswith(f"plain {name} of")


@pytest.mark.parametrize(
    "written",
    [
        lambda h: f"user_{h}",
        lambda h: f"sha256:{h}",
        lambda h: base64.b64encode(bytes.fromhex(h)).decode(),
        lambda h: base64.urlsafe_b64encode(bytes.fromhex(h)).decode().rstrip("="),
        lambda h: str(uuid.UUID(h[:32])),
        lambda h: f"0x{h[:16]}",
        lambda h: base64.b32encode(bytes.fromhex(h[:32])).decode().lower().rstrip("="),
    ],
)
def test_digests_are_recognised_however_they_are_written(written):
    """Prefixes, base64, base32, UUIDs and digests cut short."""
    found = attack([written(h) for h in hashed("sha256", CUSTOMERS)], rng=rng(), budget=SMALL)
    assert found.hits > 0
    assert "sha256" in found.how


def test_keyed_pseudonyms_are_not_found():
    """HMAC under a key that nobody guesses resists, and the measure says how much was tried."""
    values = [hmac.digest(b"k" * 32, c.encode(), "sha256").hex() for c in CUSTOMERS]
    found = attack(values, known={"a table": CUSTOMERS}, words=("churn",), rng=rng(), budget=SMALL)
    assert (found.hits, found.how) == (0, None)
    assert 0 < found.tried <= SMALL
    assert judged("c/x", "d", "who", found).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    "pseudonym",
    [
        lambda v: hashlib.sha256(f"churn{v}".encode()).hexdigest(),
        lambda v: hashlib.md5(f"{v}salt".encode()).hexdigest(),
        lambda v: hmac.digest(b"churn", v.encode(), "sha256").hex(),
        lambda v: hashlib.sha1(v.upper().encode()).hexdigest(),
    ],
)
def test_values_that_stand_elsewhere_are_linked(pseudonym):
    """Where another table has the originals, guessable salts and keys do not help; names cannot be enumerated."""
    names = [f"kim.{n}@example.org" for n in CUSTOMERS]
    found = attack([pseudonym(n) for n in names], known={"crm": names}, words=("churn",), rng=rng(), budget=1000)
    assert found.hits == len(names)
    assert "crm" in found.how


def test_encodings_are_no_pseudonyms():
    """Base64 and hex hide nothing; values that stand elsewhere as they are hide nothing either."""
    for values in (
        [base64.b64encode(f"c{c}@x.org".encode()).decode() for c in CUSTOMERS],
        [f"c{c}".encode().hex() for c in CUSTOMERS],
    ):
        assert "encoded" in attack(values, rng=rng(), budget=1000).how
    assert attack(CUSTOMERS, known={"crm": CUSTOMERS}, rng=rng()).how == "the values themselves, as in crm"


def test_digests_cut_short_meet_by_chance():
    """Random values of eight hex digits are hit by many guesses, and that is not called a finding."""
    random_ = random.Random(3)
    values = [f"{random_.getrandbits(32):08x}" for _ in range(3000)]
    assert attack(values, rng=rng(), budget=3_000_000).how is None


def test_the_stated_power_is_the_one_there_is():
    """Over many small columns, an attack with power 0.95 finds the plain hashes in 19 of 20."""
    domain = Domain(name="n", kind=None, starts=(0,), sizes=(1_000_000,))
    trials, n, source = 300, 200, np.random.default_rng(5)
    tried = _needed(domain.size, n)
    hits = sum(bool((source.integers(0, domain.size, n) < tried).any()) for _ in range(trials))
    assert _power(tried, domain.size, n) == pytest.approx(0.95, abs=0.002)
    assert hits / trials == pytest.approx(0.95, abs=3 * (0.05 * 0.95 / trials) ** 0.5)


@pytest.mark.parametrize("size", [7, 10**6, 7_400_000_000, (223 << 24) - (1 << 24)])
def test_places_of_a_domain_are_all_different(size):
    """The map of places is that of exact arithmetic, and one to one."""
    places = np.arange(min(size, 2000), dtype=np.int64)
    factor, shift = (10**9 + 7) % size or 1, 5 % size
    found = _affine(places, factor, shift, size)
    assert found.tolist() == [(factor * p + shift) % size for p in places.tolist()]


def test_numbers_of_telephone_domains_are_in_their_plans():
    """Nearly all of a country's candidates are valid numbers of it."""
    import phonenumbers

    for domain in phone_domains(["DE", "FR", "ES"]):
        if "with +" in domain.name:
            numbers = domain.numbers(rng().integers(0, domain.size, 300)).tolist()
            valid = [phonenumbers.is_valid_number(phonenumbers.parse(f"+{n}")) for n in numbers]
            assert np.mean(valid) > 0.7, domain.name


def test_identifiers_like_known_ones_are_tried():
    """From one known IMEI, all devices of its type: a million, each with its check digit."""
    (domain,) = [d for d in alike_domains(["490154203237518", "x", "123"]) if d.name.startswith("IMEI")]
    numbers = domain.numbers(np.arange(domain.size, dtype=np.int64))
    assert (domain.size, len(np.unique(numbers))) == (10**6, 10**6)
    assert all(luhn(str(n)) and str(n)[:8] == "49015420" for n in numbers[::5000].tolist())
    assert 490154203237518 in numbers


def test_check_digits_of_many_numbers():
    """Equal to those of one at a time."""
    stems = np.array([0, 7992739871, 49015420323751, 894900001234567890], dtype=np.int64)
    assert all(luhn(str(n)) for n in _with_luhn(stems).tolist())


def test_hashes_of_imei_are_found_from_a_known_one():
    """One known device gives away the hashes of the others of its type."""
    values = [with_luhn(f"49015420{n:06d}") for n in random.Random(2).sample(range(10**6), 500)]
    found = attack(hashed("sha256", values), known={"crm": ["490154203237518"]}, rng=rng(), budget=2_000_000)
    assert "IMEI" in found.how


@pytest.mark.parametrize("values", [[], ["a"], ["x" * 10_000_000], ["", " "], ["ff" * 32], [str(n) for n in range(50)]])
def test_odd_columns_are_answered(values):
    """Empty, single, huge and plain values have an answer, and none of these is broken."""
    found = attack(values, rng=rng(), budget=1000)
    assert isinstance(found, Attack)
    assert isinstance(judged("c/x", "d", "who", found), Finding)
    assert found.how is None


def test_the_same_seed_gives_the_same_answer():
    """Equal seeds, equal attacks."""
    values = hashed("sha256", CUSTOMERS)
    assert attack(values, rng=rng(), budget=SMALL) == attack(values, rng=rng(), budget=SMALL)


@pytest.mark.parametrize(
    ("column", "n", "outcome"),
    [
        ("who", 12, Outcome.NOT_RUN),
        ("imsi_hash", 200, Outcome.NOT_RUN),
        ("msisdn", 200, Outcome.NOT_RUN),
        ("who", 200, Outcome.HOLDS),
    ],
)
def test_no_power_is_an_answer(column, n, outcome):
    """Too few pseudonyms, or a header that names what could not be tried, give no verdict."""
    values = [hmac.digest(b"k" * 32, str(i).encode(), "sha256").hex() for i in range(n)]
    finding = judged("c/x", "d", column, attack(values, rng=rng(), budget=SMALL))
    assert finding.outcome is outcome
    assert not any(v in str(finding.to_json()) for v in values)


def test_plain_domains_make_the_texts_they_name():
    """Dates, padded numbers, national numbers and addresses, as the engine writes them."""
    import duckdb

    found = {
        d.name: duckdb.sql(f"SELECT {d.sql} FROM (SELECT CAST({d.starts[0]} AS BIGINT) AS i)").fetchall()[0][0]
        for d in plain_domains()
    }
    assert found["days as Y-m-d"] == "1920-01-01"
    assert found["numbers of 6 digits"] == "000000"
    assert found["Spanish DNI"] == "00000000T"
    assert found["US social security numbers"] == "001-00-0000"
    assert found["IPv4 addresses"] == "1.0.0.0"


def test_forms_of_what_is_no_digest():
    """Decimal numbers, words and values of many lengths are no digests."""
    for values in (["12345678901234567890"] * 3, ["alice", "bob"], ["ab" * n for n in range(4, 30)], []):
        assert form_of(values) is None
