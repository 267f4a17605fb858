"""Columns: plants are found with and without a header, look-alikes are not, in every form that tables store numbers."""

import csv
import datetime as dt
import hashlib
import io
import random
import uuid
from functools import partial

import pyarrow as pa
import pytest

from redan.measures.personal.kinds import Kind, Verification
from redan.measures.personal.scan import SAMPLE, scan_table, scan_values
from redan.measures.personal.telecom import luhn
from redan.tables import open_table, table_of

N = 400


def digits(rng, count):
    """Random digits."""
    return "".join(rng.choices("0123456789", k=count))


def checked(stem):
    """The stem with its Luhn digit."""
    return next(stem + d for d in "0123456789" if luhn(stem + d))


def article(rng):
    """An EAN-13."""
    body = [rng.randrange(10) for _ in range(12)]
    return "".join(map(str, [*body, -sum(d * (1, 3)[i % 2] for i, d in enumerate(body)) % 10]))


PLANTS = {
    Kind.IMSI: lambda rng, i: rng.choice(("26201", "310260", "20810")).ljust(5) + digits(rng, 15)[: 15 - 5],
    Kind.IMEI: lambda rng, i: checked(rng.choice(("35391805", "86012304")) + digits(rng, 6)),
    Kind.ICCID: lambda rng, i: checked("8949" + digits(rng, 14)),
    Kind.CARD: lambda rng, i: checked(rng.choice(("4", "52")).ljust(2, "5") + digits(rng, 13)),
    Kind.IBAN: lambda rng, i: iban("DE", digits(rng, 18)),
    Kind.EMAIL: lambda rng, i: f"user{i}@example.org",
    Kind.PHONE: lambda rng, i: "+4915" + rng.choice("127") + digits(rng, 8),
    Kind.IP: lambda rng, i: f"203.0.{rng.randrange(256)}.{rng.randrange(256)}",
    Kind.MAC: lambda rng, i: ":".join(f"{rng.randrange(256):02x}" for _ in range(6)),
    Kind.NATIONAL_ID: lambda rng, i: dni(rng),
    Kind.ADDRESS: lambda rng, i: (
        f"{rng.randrange(1, 200)} {rng.choice(('Oak', 'Elm', 'Main'))} {rng.choice(('St', 'Road', 'Ave'))}"
    ),
    Kind.NAME: lambda rng, i: (
        f"{rng.choice(('Anna', 'Peter', 'Maria', 'Hassan', 'Kim'))} {rng.choice('ABCDEFGH')}{'aeiou'[i % 5]}{'lmnrst'[i % 6]}son"
    ),
    Kind.LOCATION: lambda rng, i: f"{rng.uniform(45, 55):.5f},{rng.uniform(5, 15):.5f}",
}


def iban(country, account):
    """An account number with its check digits, as ISO 7064 computes them."""
    number = int(account + "".join(str(ord(c) - 55) for c in country) + "00")
    return f"{country}{98 - number % 97:02}{account}"


def dni(rng):
    """A Spanish DNI."""
    number = rng.randrange(10**8)
    return f"{number:08}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def of_length(count, rng, i):
    """A random number of so many digits."""
    return str(rng.randrange(10 ** (count - 1), 10**count))


LOOK_ALIKES = {
    **{f"random numbers of {n} digits": partial(of_length, n) for n in range(6, 21)},
    "milliseconds": lambda rng, i: str(1_763_700_000_000 + rng.randrange(10**10)),
    "microseconds": lambda rng, i: str(1_763_700_000_000_000 + rng.randrange(10**13)),
    "seconds": lambda rng, i: str(1_600_000_000 + rng.randrange(10**8)),
    "dated orders": lambda rng, i: f"2020{1 + rng.randrange(12):02}{1 + rng.randrange(28):02}{i:07}",
    "dated times": lambda rng, i: (
        f"2020{10 + rng.randrange(3)}{1 + rng.randrange(28):02}{rng.randrange(24):02}{i % 60:02}00"
    ),
    "counter": lambda rng, i: str(100_000_000_000 + i),
    "year and counter": lambda rng, i: str(20_240_000_000 + i),
    "digests": lambda rng, i: hashlib.sha256(str(i).encode()).hexdigest(),
    "uuids": lambda rng, i: str(uuid.UUID(int=rng.getrandbits(128))),
    "articles": lambda rng, i: article(rng),
    "books": lambda rng, i: f"978-3-16-{digits(rng, 6)}-0",
    "prices": lambda rng, i: f"{rng.uniform(0, 99_999):,.2f}",
    "degrees without a header": lambda rng, i: f"{rng.uniform(-90, 90):.6f}",
    "versions": lambda rng, i: ".".join(str(rng.randrange(25)) for _ in range(4)),
    "churn ids": lambda rng, i: f"{digits(rng, 4)}-{''.join(rng.choices('ABCDEFGHV', k=5))}",
    "dates": lambda rng, i: str(dt.date(2010, 1, 1) + dt.timedelta(days=rng.randrange(5000))),
    "German dates": lambda rng, i: f"{1 + rng.randrange(28):02}.{1 + rng.randrange(12):02}.20{10 + i % 16}",
    "clock times": lambda rng, i: f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}",
    "bare hex": lambda rng, i: f"{rng.getrandbits(48):012x}",
    "cells": lambda rng, i: f"310-{rng.randrange(100, 999)}-{rng.randrange(65_000)}-{rng.randrange(10**8)}",
    "log lines": lambda rng, i: (
        f"2026-11-{1 + i % 28:02} 09:30:12,{i:03} item {rng.randrange(10**15)} took {rng.random():.4f}s"
    ),
    "orders in text": lambda rng, i: f"customer asked about order {rng.randrange(10**14, 10**15)} again",
    "plans": lambda rng, i: f"{rng.choice(('Premium Plus', 'Family Max', 'Prepaid Basic'))} {i}",
    "cities": lambda rng, i: rng.choice(
        ("New York", "Salt Lake City", "Los Angeles", "Port Elizabeth", "Sydney", "Oslo")
    ),
    "floats": lambda rng, i: repr(rng.gauss(0, 1)),
}


def column(cell, seed=3):
    """N cells."""
    rng = random.Random(seed)
    return [cell(rng, i) for i in range(N)]


@pytest.mark.parametrize("header", ["c7", "ref"])
@pytest.mark.parametrize("kind", PLANTS, ids=lambda k: k.value)
def test_plants_are_found_without_a_telling_header(kind, header):
    """Content alone is enough for every kind that content can show."""
    found = scan_values(header, sorted(set(column(PLANTS[kind]))))
    assert found is not None
    assert (found.kind, found.hinted) == (kind, False)
    assert 0 < found.interval.low <= found.matches / found.n <= found.interval.high


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alikes_are_not_found(name, seed):
    """Numbers, times, versions, digests and articles are not called personal."""
    assert scan_values("c7", sorted(set(column(LOOK_ALIKES[name], seed)))) is None


@pytest.mark.parametrize("header", ["device_id", "imei", "phone_minutes", "card_type", "sim_status", "ip_version"])
def test_a_telling_header_is_not_enough(header):
    """Hashes, words and small counts under a telling header are no identifiers."""
    for cell in (lambda r, i: f"{r.getrandbits(128):032x}", lambda r, i: r.choice(("yes", "no")), lambda r, i: str(i)):
        assert scan_values(header, sorted(set(column(cell)))) is None


@pytest.mark.parametrize(
    ("header", "cell", "kind"),
    [
        ("phone", lambda r, i: f"0{r.randrange(100, 999)} {r.randrange(10**5, 10**6)}", Kind.PHONE),
        ("birth_date", lambda r, i: f"{r.randrange(1930, 2008)}-05-{1 + i % 28:02}", Kind.BIRTH),
        ("dob", lambda r, i: f"{1 + i % 12}/{1 + i % 28}/{r.randrange(1930, 2008)}", Kind.BIRTH),
        ("last name", lambda r, i: "".join(r.choices("abcdefg", k=6)).title(), Kind.NAME),
        ("latitude", lambda r, i: f"{r.uniform(-90, 90):.6f}", Kind.LOCATION),
        ("ssn", lambda r, i: str(r.randrange(10**8, 6 * 10**8)), Kind.NATIONAL_ID),
        ("mac", lambda r, i: f"{r.getrandbits(48):012x}", Kind.MAC),
    ],
)
def test_header_and_shape_together(header, cell, kind):
    """What content alone cannot show is found when the header says it, and says so."""
    found = scan_values(header, sorted(set(column(cell))))
    assert found is not None
    assert (found.kind, found.hinted) == (kind, True)


def test_some_device_ids_among_others():
    """A quarter of IMEIs among hashes is found, with the share it has."""
    mixed = column(lambda r, i: PLANTS[Kind.IMEI](r, i) if i % 4 == 0 else f"{r.getrandbits(64):016x}")
    found = scan_values("c7", mixed)
    assert (found.kind, found.verification) == (Kind.IMEI, Verification.CHECK_DIGIT)
    assert found.interval.low < 0.25 < found.interval.high


def test_few_rows_suffice_for_a_check_digit_but_not_for_chance():
    """Six IMEIs are evidence; one lucky number of six is not."""
    rng = random.Random(1)
    assert scan_values("c7", [PLANTS[Kind.IMEI](rng, i) for i in range(6)]).kind is Kind.IMEI
    lucky = [PLANTS[Kind.IMEI](rng, 0), *(str(rng.randrange(10**14, 10**15)) for _ in range(5))]
    assert scan_values("c7", lucky) is None


@pytest.mark.parametrize("values", [[], [""], ["  "], ["\x00"], ["a" * 10**6], ["1" * 10**5], ["é" * 300, "٣" * 15]])
def test_hostile_values_are_answered(values):
    """Nothing, blanks, megabytes and foreign digits give an answer, not an error."""
    assert scan_values("c7", values) is None


def test_one_value_is_no_evidence_for_a_column():
    """A single telephone number under a foreign header says nothing of the column."""
    assert scan_values("电话\u0000" * 100, ["+41446681800", "x"]) is None


def test_tables_of_numbers_are_scanned_as_text():
    """Integers, floats with gaps and strings of the same IMSIs are all found; dates and booleans are left alone."""
    imsis = [int(v) for v in column(PLANTS[Kind.IMSI])]
    table = table_of(
        pa.table(
            {
                "a": pa.array(imsis, pa.int64()),
                "b": pa.array([float(v) if i % 3 else None for i, v in enumerate(imsis)], pa.float64()),
                "c": pa.array([str(v) for v in imsis]),
                "d": pa.array([i % 2 == 0 for i in range(N)]),
                "e": pa.array([dt.date(2020, 1, 1)] * N),
                "f": pa.array([None] * N, pa.string()),
            }
        )
    )
    found = {s.column: s.found.kind if s.found else None for s in scan_table(table)}
    assert found == {"a": Kind.IMSI, "b": Kind.IMSI, "c": Kind.IMSI, "d": None, "e": None, "f": None}


def test_one_mail_in_many_rows_is_found(tmp_path):
    """A mail address outside the sample is found by the search over all rows."""
    rows = [{"id": i, "note": f"line {i} is fine"} for i in range(4 * SAMPLE)]
    rows[4321]["note"] = "write to kim@example.org"
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "note"])
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / "t.csv"
    path.write_text(text.getvalue())
    hits = set()
    for seed in range(2):
        note = next(s for s in scan_table(open_table(path), seed=seed) if s.column == "note")
        hits.add(note.found.kind if note.found else None)
    assert hits == {Kind.EMAIL}


def test_same_seed_same_answer():
    """The sample, and so the finding, is a function of the seed."""
    table = table_of(pa.table({"a": [PLANTS[Kind.PHONE](random.Random(i), i) for i in range(3 * SAMPLE)]}))
    assert scan_table(table, seed=5) == scan_table(table, seed=5)
