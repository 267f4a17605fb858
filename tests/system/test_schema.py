"""The published JSON Schema says what the reader says, as far as a schema can."""

import datetime as dt
import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.system import schema
from redan.system.read import parse
from redan.system.records import Tables
from system.whole import WHOLE

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = jsonschema.Draft202012Validator(
    schema.build(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)
EXAMPLES = sorted(ROOT.glob("examples/**/redan.toml"))


def as_json(text):
    """What an editor validates: dates are their text."""
    return json.loads(json.dumps(tomllib.loads(text), default=lambda v: v.isoformat()))


def test_the_committed_schema_is_the_generated_one():
    """After a change of the records: python -c 'from pathlib import Path; from redan.system import schema; schema.write(Path())'."""
    assert (ROOT / schema.SCHEMA_FILE).read_text(encoding="utf-8") == schema.text()


def test_it_is_a_schema_of_its_draft():
    """It validates against the metaschema of draft 2020-12 and has an id."""
    built = schema.build()
    jsonschema.Draft202012Validator.check_schema(built)
    assert built["$id"] == schema.SCHEMA_ID
    assert built["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_key_tells_an_editor_what_it_is():
    """Each key of each table has a description, and no key may be null, which TOML does not have."""
    built = schema.build()
    tables = [table for table in (built, *built["$defs"].values()) if "properties" in table]
    assert [key for table in tables for key, value in table["properties"].items() if not value.get("description")] == []
    assert '"null"' not in schema.text()


def test_the_whole_description_uses_every_key():
    """The description that these tests share is complete, so that nothing is left untried."""
    values = tomllib.loads(WHOLE)
    for name, field in Tables.model_fields.items():
        assert name in values, field
    built = schema.build()
    for name, group in values.items():
        rows = group if isinstance(group, list) else list(group.values()) if name == "controls" else [group]
        reference = json.dumps(built["properties"][name]).split("#/$defs/")[1].split('"')[0]
        assert {key for row in rows for key in row} == set(built["$defs"][reference]["properties"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: str(p.relative_to(ROOT)))
def test_examples_are_valid(path):
    """The descriptions that ship with the project satisfy schema and reader."""
    text = path.read_text(encoding="utf-8")
    VALIDATOR.validate(as_json(text))
    parse(text.encode(), file=str(path), root=path.parent)


def test_the_whole_description_is_valid():
    """Every key with a right value passes."""
    VALIDATOR.validate(as_json(WHOLE))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('stage = "operation"', 'stage = "x"'), ("regulated = true", 'regulated = "yes"'), ('role = "train"', "role = 1"),
        ('path = "data/train.csv"', 'pth = "x"'), ("seed = 7", "seed = -7"), ('name = "cloud"', 'name = "a b"'),
        ("controls.AIPS-PIT-01", "controls.AIPS-1"), ("range = [0, 120.5]", "range = [0]"),
        ('from = "source:crm"\nto', 'from = "crm"\nto'), ("trained_until = 2027-12-31", "trained_until = 2027"),
        ('require = ["A-MLSG-002-D002"', 'require = ["all"'), ('owner = "Ada"', 'owner = ""'),
    ],
)  # fmt: skip
def test_schema_and_reader_refuse_the_same(old, new, tmp_path):
    """A fault that a schema can express is one for both."""
    text = WHOLE.replace(old, new, 1)
    assert text != WHOLE
    assert not VALIDATOR.is_valid(as_json(text))
    with pytest.raises(ConfigError):
        parse(text.encode(), file="f", root=tmp_path)


SCALARS = st.one_of(
    st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=6),
    st.dates(), st.lists(st.text(max_size=3), max_size=2), st.just("train"), st.just("2026-01-01"),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(Tables.model_fields)), st.data())
def test_what_the_reader_takes_the_schema_takes(table, data):
    """Any single value that the records accept is valid against the schema too."""
    values = tomllib.loads(WHOLE)
    group = values[table]
    row = group[0] if isinstance(group, list) else group["AIPS-PIT-01"] if table == "controls" else group
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(SCALARS)
    try:
        Tables.model_validate(values, by_alias=True, by_name=False)
    except ValueError:
        return
    plain = json.loads(json.dumps(values, default=dt.date.isoformat))
    VALIDATOR.validate(plain)
