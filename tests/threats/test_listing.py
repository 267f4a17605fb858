"""The JSON of `redan threats` is what the published schema says, for every golden system."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from redan.canon import canonical
from redan.terms import Outcome
from redan.threats import derive
from redan.threats.listing import as_json
from redan.threats.techniques import techniques
from threat_systems import EXPECTED, PHOTOS, system_of

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "threats.v1.schema.json").read_text())
EXCLUDED = """
[[exclusion]]
threat = "poisoning"
justification = "component_not_present"
reason = "No one uploads yet."
owner = "ann"
"""


def _listed(text, held=None):
    system = system_of(text)
    return json.loads(canonical(as_json(system, derive(system), held or {})))


def test_the_schema_is_a_schema():
    """The published schema obeys its own draft."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_systems_match_the_schema(name):
    """Every golden system's listing validates, and names the threats that were expected."""
    text, expected = EXPECTED[name]
    listed = _listed(text)
    Draft202012Validator(SCHEMA).validate(listed)
    assert {f"{t['id']}@{t['element']}" for t in listed["threats"]} == expected


def test_exclusions_and_held_controls_match_the_schema():
    """Excluded threats carry their reason, and a held control shows in mitigation and residual risk."""
    listed = _listed(PHOTOS + EXCLUDED, {"A-MLSG-004-D007": Outcome.HOLDS})
    Draft202012Validator(SCHEMA).validate(listed)
    assert {t["class"] for t in listed["excluded"]} == {"poisoning"}
    assert not [t for t in listed["threats"] if t["class"] == "poisoning"]
    (copied,) = [t for t in listed["threats"] if t["id"] == "oracle.extraction"]
    assert [m["holds"] for m in copied["mitigations"] if m["control"] == "A-MLSG-004-D007"] == [True]
    assert copied["residual"]["likelihood"] < copied["risk"]["likelihood"]


@pytest.mark.parametrize("change", [{"schema": "redan/threats/v2"}, {"score": 7}, {"matrix": []}])
def test_the_schema_refuses_something_else(change):
    """Another version, a single score for the system, or a matrix without cells is no listing."""
    assert not Draft202012Validator(SCHEMA).is_valid({**_listed(PHOTOS), **change})


def test_the_schema_knows_every_class_and_id():
    """Ids of techniques have the shape that the schema promises."""
    shape = SCHEMA["$defs"]["threat"]["properties"]
    for technique in techniques().values():
        assert technique.threat_class.value in shape["class"]["enum"]
        Draft202012Validator(shape["id"]).validate(technique.id)
