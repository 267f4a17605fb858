"""Baseline files: exactly fingerprints, written from what is broken and from nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gating.gate_cases import D002, KNOWN, finding
from redan.errors import ConfigError, UsageError
from redan.gating import Baseline, read_baseline, write_baseline
from redan.terms import Outcome

FINDINGS = [finding(KNOWN[D002][0], outcome, part=outcome.value) for outcome in Outcome]


def test_only_broken_findings_are_written(tmp_path):
    """Unknowns are never accepted by writing a baseline."""
    written = write_baseline(tmp_path / "baseline.json", FINDINGS)
    broken = next(f for f in FINDINGS if f.outcome is Outcome.BROKEN)
    assert written == Baseline(frozenset({broken.fingerprint}))
    assert read_baseline(tmp_path / "baseline.json") == written


def test_the_file_is_for_reviews(tmp_path):
    """One fingerprint a line, sorted, whatever the order of the findings."""
    many = [finding(KNOWN[D002][0], Outcome.BROKEN, part=str(number)) for number in range(5)]
    write_baseline(tmp_path / "one.json", many)
    write_baseline(tmp_path / "two.json", reversed(many))
    text = (tmp_path / "one.json").read_text()
    assert text == (tmp_path / "two.json").read_text()
    assert text.count("\n") == 5 + 5


def test_an_unwritable_place_is_a_usage_error(tmp_path):
    """The folder cannot be made."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        write_baseline(tmp_path / "file" / "baseline.json", FINDINGS)


GOOD = {"schema": "redan/baseline/v1", "fingerprints": ["0" * 32, "1" * 32]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{" * 100_000,
        json.dumps({**GOOD, "more": 1}),
        json.dumps({**GOOD, "schema": "redan/baseline/v2"}),
        json.dumps({**GOOD, "fingerprints": "0" * 32}),
        json.dumps({**GOOD, "fingerprints": ["0" * 31]}),
        json.dumps({**GOOD, "fingerprints": ["A" * 32]}),
        json.dumps({**GOOD, "fingerprints": ["0" * 32, "0" * 32]}),
        json.dumps({**GOOD, "fingerprints": [5]}),
        json.dumps({"fingerprints": []}),
    ],
)
def test_a_wrong_file_is_a_configuration_error(tmp_path, text):
    """Anything that is not exactly a baseline is refused, and the file is named."""
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_baseline(path)
    assert caught.value.where == str(path)


def test_a_missing_file_is_a_configuration_error(tmp_path):
    """A baseline that the policy names must exist."""
    with pytest.raises(ConfigError):
        read_baseline(tmp_path / "gone.json")


@given(fingerprints=st.sets(st.text("0123456789abcdef", min_size=32, max_size=32), max_size=9))
def test_what_is_written_is_read(tmp_path_factory, fingerprints):
    """Any set of fingerprints survives."""
    path = tmp_path_factory.getbasetemp() / "baseline.json"
    path.write_text(json.dumps({**GOOD, "fingerprints": sorted(fingerprints)}))
    assert read_baseline(path).fingerprints == fingerprints
