"""The published schema of evidence is the one that the records make, and real packs match it."""

import copy
import json
from base64 import b64decode
from pathlib import Path

import jsonschema
import pytest

from evidence.evidence_cases import bench
from redan.evidence import schema

PUBLISHED = Path(__file__).resolve().parents[2] / schema.SCHEMA_FILE


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """A pack and the statements in it."""
    pack = json.loads(bench(tmp_path_factory.mktemp("schema")).pack())
    entries = [pack["policy"], *pack["evidence"], pack["result"], pack["run"]]
    return [pack, *(json.loads(b64decode(entry["envelope"]["payload"])) for entry in entries)]


def test_the_published_file_is_generated():
    """The committed schema is what the records say today."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema.text()


def test_packs_and_statements_match(documents):
    """Each document is exactly one of the published forms."""
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published)
    for document in documents:
        validator.validate(document)
        for name in document:
            changed = copy.deepcopy(document)
            del changed[name]
            assert not validator.is_valid(changed), name
        assert not validator.is_valid({**document, "note": 1})


def test_a_predicate_under_another_type_does_not_match(documents):
    """The type URI and the predicate belong together."""
    validator = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text(encoding="utf-8")))
    policy, control = documents[1], documents[2]
    assert not validator.is_valid({**policy, "predicateType": control["predicateType"]})
