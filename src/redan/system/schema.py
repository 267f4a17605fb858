"""The published JSON Schema of `redan.toml`, made from the records, so that editors know what the reader knows.

Source: JSON Schema draft 2020-12. References between tables and paths on disk are beyond a schema: only `read` sees
them.
"""

import json
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import NullableSchema

from redan.canon import Json
from redan.files import write_atomic
from redan.system.records import Tables

SCHEMA_ID = "urn:redan:redan.toml:v1"
SCHEMA_FILE = "schemas/redan.toml.schema.json"


class _Generator(GenerateJsonSchema):
    """Without titles that only repeat each key, and without null, which TOML does not have."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Never."""
        del schema
        return False

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        """A key that may be None may be left out; what it may be when given is the inner schema."""
        return self.generate_inner(schema["schema"])


def build() -> dict[str, Json]:
    """The schema as a JSON value."""
    whole = Tables.model_json_schema(by_alias=True, schema_generator=_Generator, mode="validation")
    head: dict[str, Json] = {"$schema": GenerateJsonSchema.schema_dialect, "$id": SCHEMA_ID}
    return {**head, **_tidied(whole), "title": "redan.toml"}


def _tidied(schema: dict[str, Json]) -> dict[str, Json]:
    tidy: dict[str, Json] = {}
    for key, value in schema.items():
        if isinstance(value, dict):
            tidy[key] = _tidied(value)
        elif key != "default" or value is not None:
            tidy[key] = value
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False  # a control id of another shape is an error, as for the reader
    if isinstance(tidy.get("default"), dict):
        del tidy["default"]  # whole default tables only repeat the defaults of their keys
    return tidy


def text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def write(root: Path) -> None:
    """Writes the committed file below the root of the repository; run after a change of the records."""
    write_atomic(root / SCHEMA_FILE, text().encode())
