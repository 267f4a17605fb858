"""Ledger entries have one form, and the history reads them back."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.evidence_cases import AT, bench
from redan.artifacts.history import Event
from redan.canon import canonical, digest
from redan.errors import InvalidError, UsageError
from redan.evidence import history, record_events
from redan.evidence.ledger_entries import TYPES, LedgerEntry, decode, encode

SHA = digest(b"x")
MOMENTS = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(9999, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001
KEYS = st.text(st.characters(exclude_categories=("Cs",)), max_size=100)


@given(kind=st.sampled_from(sorted(TYPES)), at=MOMENTS, key=KEYS)
def test_an_entry_survives_the_round_trip(kind, at, key):
    """What is written is read back, to the second."""
    entry = LedgerEntry(type=kind, at=at.replace(microsecond=0), key=key, sha256=SHA)
    assert decode(encode(entry)) == entry


def test_the_bytes_are_those_of_the_specification():
    """The form that docs/spec/evidence.md shows."""
    entry = LedgerEntry(type="trained", at=AT, key="model:churn", sha256="0" * 64)
    shown = b'{"at":"2026-06-01T12:00:05Z","key":"model:churn","sha256":"' + b"0" * 64 + b'","type":"trained"}'
    assert encode(entry) == shown


GOOD = {"type": "trained", "at": "2026-06-01T12:00:05Z", "key": "model:churn", "sha256": SHA}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        canonical({**GOOD, "type": "forged"}),
        canonical({**GOOD, "sha256": SHA.upper()}),
        canonical({**GOOD, "sha256": SHA[:32]}),
        canonical({**GOOD, "at": "2026-06-01 12:00:05"}),
        canonical({**GOOD, "at": "2026-6-1T12:00:05Z"}),
        canonical({**GOOD, "at": "2026-02-30T12:00:05Z"}),
        canonical({**GOOD, "key": 5}),
        canonical({**GOOD, "more": 1}),
        canonical({**GOOD, "key": {"a": "b"}}),
        canonical(GOOD) + b"\n",
        canonical({**GOOD, "key": "k" * 70_000}),
    ],
)
def test_other_bytes_are_no_entry(data):
    """Anything but the one form is refused."""
    with pytest.raises(InvalidError):
        decode(data)


@pytest.mark.parametrize("change", [{"type": "forged"}, {"sha256": ""}, {"key": "k" * 70_000}])
def test_what_could_not_be_read_is_not_written(change):
    """An unknown type, no digest, and more bytes than a C2SP entry may have are usage errors."""
    with pytest.raises(UsageError):
        encode(LedgerEntry(**{"type": "trained", "at": AT, "key": "model:churn", "sha256": SHA, **change}))


def event(kind: str, key: str, sha256: str = SHA, seconds: int = 0) -> Event:
    """An event some seconds after the run."""
    return Event(kind=kind, at=AT + dt.timedelta(seconds=seconds), key=key, digest=sha256)


def test_the_history_is_what_was_recorded(tmp_path):
    """Events come back in order, entries of others are passed over, and repeated statements keep their first time."""
    ledger = bench(tmp_path).ledger
    first = [event("described", "controls:A-MLSG-003-D001"), event("trained", "model:churn", seconds=1)]
    assert record_events(ledger, first) == 2
    again = [event("trained", "model:churn", seconds=9), event("trained", "model:churn", digest(b"new"), seconds=9)]
    assert record_events(ledger, [*again, again[1]]) == 1
    checked = event("checked", "stage:data", seconds=10)
    assert record_events(ledger, [checked]) == 1
    assert record_events(ledger, [checked]) == 1
    assert history(ledger).events == (*first, again[1], checked, checked)
    assert history(ledger).first("trained", "model:churn") == first[1]


def test_nothing_new_appends_nothing(tmp_path):
    """The same events twice leave the ledger as it is."""
    ledger = bench(tmp_path).ledger
    record_events(ledger, [event("described", "feature:tenure")])
    size = ledger.size
    assert record_events(ledger, [event("described", "feature:tenure", seconds=5)]) == 0
    assert ledger.size == size


def test_an_unknown_stage_is_passed_over(tmp_path):
    """A checked entry of a stage that does not exist cannot break the history."""
    ledger = bench(tmp_path).ledger
    ledger.append([encode(LedgerEntry(type="checked", at=AT, key="stage:moon", sha256=SHA))])
    assert history(ledger).stages_checked() == frozenset()


def test_only_events_are_recorded(tmp_path):
    """A policy or evidence entry cannot be smuggled in as an event."""
    with pytest.raises(UsageError):
        record_events(bench(tmp_path).ledger, [event("policy", "policy")])
