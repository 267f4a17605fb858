"""Attestations count only from a declared person of a suitable role, and only until they expire."""

import datetime as dt

import pytest

from redan.controls.attestation import fault
from redan.controls.statement import is_stated
from redan.system.records import Origin, Stance, Tables
from redan.system.system import System

NOW = dt.date(2026, 6, 1)
TABLES = Tables.model_validate(
    {
        "system": {"name": "x"},
        "person": [{"name": "ann", "role": "auditor"}, {"name": "dan", "role": "developer"}],
    }
)
SYSTEM = System(TABLES, Origin(file="redan.toml", root="/", lines={}))
GOOD = {"attested": "reviewed", "attested_by": "ann", "expires": dt.date(2026, 6, 1)}


def test_a_valid_attestation_counts_to_its_last_day():
    """On the day of expiry it still counts."""
    assert fault(Stance(**GOOD), SYSTEM, NOW) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attested": None}, "nothing is attested"),
        ({"attested": "TODO"}, "nothing is attested"),
        ({"attested_by": None}, "nobody attests"),
        ({"attested_by": "eve"}, "names no"),
        ({"attested_by": "dan"}, "only architect, auditor"),
        ({"expires": None}, "no expiry"),
        ({"expires": dt.date(2026, 5, 31)}, "expired on 2026-05-31"),
        ({"expires": dt.date(2030, 1, 1)}, "more than three years"),
    ],
)
def test_every_fault_is_named(change, said):
    """What is missing or wrong is said."""
    assert said in (fault(Stance(**{**GOOD, **change}), SYSTEM, NOW) or "")


def test_roles_can_be_asked_for():
    """A control may accept other roles; a missing stance never counts."""
    stance = Stance(**{**GOOD, "attested_by": "dan"})
    assert fault(stance, SYSTEM, NOW, roles={"developer"}) is None
    assert fault(None, SYSTEM, NOW) == "nothing is attested"


@pytest.mark.parametrize(
    "text", [None, "", " ", "?", "N/A", "n.a.", "Unknown.", "TBD", "tbd: ask Bob", "TODO x", "(none)"]
)
def test_words_for_nothing_are_not_statements(text):
    """What people write where an answer is missing does not pass for one."""
    assert not is_stated(text)


@pytest.mark.parametrize(
    "text", ["IBM", "none of our customers", "unknown callers are filtered", "todolist.example"[4:]]
)
def test_statements_are_statements(text):
    """A sentence that merely holds such a word is an answer."""
    assert is_stated(text)
