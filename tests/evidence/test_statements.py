"""Statements carry results exactly, and are what in-toto says they are."""

import json
import string
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.evidence_cases import CONTROLS, HOLDS, RESULTS, control
from redan.errors import InvalidError, UsageError
from redan.evidence.predicates import CONTROL, Control, ResultPredicate
from redan.evidence.statements import control_result, control_statement, read, result_statement, write
from redan.findings import Finding, Interval, Location, Measure, Remedy
from redan.terms import Level, Outcome

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
WORD = st.text(string.ascii_letters, min_size=1, max_size=8)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
MEASURES = st.builds(
    Measure,
    name=WORD,
    value=st.none() | NUMBER,
    interval=st.none() | st.builds(Interval, NUMBER, NUMBER),
    n=st.none() | WHOLE,
    threshold=st.none() | NUMBER,
    comparator=st.sampled_from(["<=", ">="]),
    unit=TEXT,
    confidence=NUMBER,
)
FINDINGS = st.builds(
    Finding,
    check=st.just("A-MLSG-003-D001/features-are-relevant"),
    subject=WORD,
    outcome=st.sampled_from(Outcome),
    message=TEXT,
    part=TEXT,
    measure=st.none() | MEASURES,
    location=st.none() | st.builds(Location, file=WORD, line=st.integers(1, 10_000)),
    remedy=st.none() | st.builds(Remedy, text=TEXT, command=st.none() | TEXT, effort=st.sampled_from(Level)),
    detail=st.dictionaries(TEXT, JSON, max_size=3),
)


@settings(max_examples=40)
@given(findings=st.lists(FINDINGS, max_size=3), outcome=st.sampled_from(Outcome))
def test_a_result_survives_the_round_trip(findings, outcome):
    """Whatever checks can find is read back equal from the signed bytes."""
    result = control("A-MLSG-003-D001", *findings, outcome=outcome, ModelFile__model_churn="m")
    data = write(control_statement(result, RESULTS))
    again = control_result(read(data, Control))
    assert write(control_statement(again, RESULTS)) == data
    assert [f.to_json() for f in again.findings] == [f.to_json() for f in result.findings]
    assert (again.outcome, again.digests) == (result.outcome, result.digests)


@pytest.mark.parametrize("detail", [{"n": 1 << 60}, {"n": [float("nan")]}, {"n": {"n": -(1 << 53)}}])
def test_what_json_would_round_is_refused(detail):
    """An integer that a double cannot carry is a clear error, never another number."""
    result = control("A-MLSG-003-D001", replace(HOLDS, detail=detail), outcome=Outcome.HOLDS)
    with pytest.raises(UsageError, match="A-MLSG-003-D001"):
        control_statement(result, RESULTS)


def test_large_doubles_survive():
    """A double beyond 2**53 is written without a fraction and is still a double when read back."""
    result = control("A-MLSG-003-D001", replace(HOLDS, detail={"sum": [2.0**60]}), outcome=Outcome.HOLDS)
    again = control_result(read(write(control_statement(result, RESULTS)), Control))
    assert again.findings[0].detail == {"sum": [2.0**60]}
    assert isinstance(again.findings[0].detail["sum"][0], float)


def test_a_statement_is_an_in_toto_statement():
    """The frame is in-toto's, the subjects are all artifacts that were read, sorted by name."""
    said = json.loads(write(control_statement(CONTROLS[0], RESULTS)))
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == CONTROL
    assert [item["name"] for item in said["subject"]] == [
        "DatasetFile dataset:test",
        "DatasetFile dataset:train",
        "description",
    ]
    finding = said["predicate"]["findings"][0]
    assert finding["passed"] is False
    assert finding["measure"] == {
        "metric": "shared_rows",
        "value": 2113,
        "interval": None,
        "sampleSize": 2113,
        "comparator": "<=",
        "threshold": 0,
        "unit": "rows",
        "confidence": 0.95,
    }
    assert said["predicate"]["assuranceLevel"] == "self_attested"
    assert said["predicate"]["policy"]["digest"]["sha256"] == RESULTS.policy_sha256


def test_the_test_result_is_that_of_in_toto():
    """The run as test-result/v0.1: required fields, names of controls, every artifact a subject once."""
    said = json.loads(write(result_statement(RESULTS)))
    assert said["predicate"] == {
        "result": "FAILED",
        "configuration": [{"name": "policy", "digest": {"sha256": RESULTS.policy_sha256}}],
        "passedTests": ["A-MLSG-003-D001"],
        "warnedTests": [],
        "failedTests": ["A-MLSG-002-D002"],
    }
    names = [item["name"] for item in said["subject"]]
    assert names == sorted(set(names))
    assert "ModelFile model:churn" in names


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Outcome.HOLDS, "PASSED"),
        (Outcome.BROKEN, "FAILED"),
        (Outcome.NOT_RUN, "FAILED"),
        (Outcome.ERROR, "FAILED"),
        (Outcome.STALE, "FAILED"),
        (Outcome.NOT_APPLICABLE, "FAILED"),
    ],
)
def test_what_was_not_answered_never_passes(outcome, result):
    """Only what holds passes; a run in which nothing holds has not passed either."""
    one = replace(RESULTS, controls=(control("A-MLSG-003-D001", HOLDS, outcome=outcome),))
    assert result_statement(one).predicate.result == result


def test_a_control_that_does_not_apply_is_not_listed():
    """Beside a control that holds, one that does not apply changes nothing."""
    controls = (CONTROLS[1], control("A-MLSG-003-D002", outcome=Outcome.NOT_APPLICABLE))
    said = result_statement(replace(RESULTS, controls=controls)).predicate
    assert (said.result, said.passed_tests, said.failed_tests) == ("PASSED", ("A-MLSG-003-D001",), ())


@given(data=st.binary(max_size=200) | TEXT.map(str.encode))
def test_other_bytes_are_no_statement(data):
    """Arbitrary bytes are refused, never a crash."""
    for predicate in (Control, ResultPredicate):
        with pytest.raises(InvalidError):
            read(data, predicate)
