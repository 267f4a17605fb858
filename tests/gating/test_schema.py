"""The published schema of `check --format json` is what the gate writes, no more and no less."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from gating.gate_cases import D002, KNOWN, control, finding, judged, results, waived, whole
from redan.findings import Finding, Interval, Measure
from redan.terms import Outcome

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "check.v1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SHARED = finding(KNOWN[D002][0], Outcome.BROKEN)
MEASURED = Finding(
    check=KNOWN[D002][1],
    subject="dataset:train+dataset:test",
    outcome=Outcome.NOT_RUN,
    message="not enough data",
    part="tenure",
    measure=Measure(name="overlap", value=None, interval=Interval(0.0, 1.0), n=3, threshold=0.1, comparator=">="),
    detail={"groups": [1, "two"]},
)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_judgement_matches(outcome):
    """Whatever the gate says, its document is valid."""
    for run in (whole(rows_are_not_shared=outcome), results(), results(control(D002, SHARED, MEASURED))):
        for more in ({}, {"waivers": waived(SHARED.fingerprint)}):
            VALIDATOR.validate(judged(run, **more).to_json())


def document() -> dict:
    """A valid document with a waived finding."""
    return judged(results(control(D002, SHARED, MEASURED)), waivers=waived(SHARED.fingerprint)).to_json()


def spots(value, path=()):
    """Every field of a document, as (path to its object, name)."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield path, name
            yield from spots(item, (*path, name))
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from spots(item, (*path, place))


def at(value, path):
    """The object at a path."""
    for step in path:
        value = value[step]
    return value


@pytest.mark.parametrize(("path", "name"), list(spots(document())))
def test_no_field_may_be_missing(path, name):
    """Every field that is written is promised; only the content of `detail` is free."""
    changed = copy.deepcopy(document())
    del at(changed, path)[name]
    assert VALIDATOR.is_valid(changed) == ("detail" in path)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ((), "schema", "redan/check/v2"),
        ((), "verdict", "pass"),
        (("controls", 0), "outcome", "waived"),
        (("controls", 0), "kind", "must"),
        (("controls", 0, "findings", 0), "outcome", "holds"),
        (("controls", 0, "findings", 0), "more", 1),
        (("controls", 0, "findings", 0), "fingerprint", "0"),
        (("controls", 0, "findings", 1), "waived", True),
        (("controls", 0, "findings", 1, "measure"), "value", "0.5"),
        (("controls", 0, "findings", 1, "measure"), "interval", [0.5]),
    ],
)
def test_wrong_values_are_refused(path, name, value):
    """Words and shapes that the schema does not know are not valid; a waived finding is a broken one."""
    changed = copy.deepcopy(document())
    at(changed, path)[name] = value
    assert not VALIDATOR.is_valid(changed)
