"""The published JSON Schema of evidence, made from the records that write and read it.

Source: JSON Schema draft 2020-12. That the bytes are canonical, signed, logged and agree with each other is beyond a
schema: only `verify` sees it.
"""

import json
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from redan.canon import Json
from redan.evidence.form import Pack
from redan.evidence.predicates import Closing, Control, Registration, ResultPredicate, Statement
from redan.evidence.statements import TYPES

SCHEMA_FILE = "schemas/evidence.v1.schema.json"
_FORMS: dict[str, Any] = {
    "pack": Pack,
    "policy": Statement[Registration],
    "control": Statement[Control],
    "test-result": Statement[ResultPredicate],
    "run": Statement[Closing],
}
_TYPE_OF = {
    "policy": TYPES[Registration],
    "control": TYPES[Control],
    "test-result": TYPES[ResultPredicate],
    "run": TYPES[Closing],
}


class _Generator(GenerateJsonSchema):
    """Without titles that only repeat each field."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Never."""
        del schema
        return False


def build() -> dict[str, Json]:
    """The schema: a document is a pack or the payload of one of its envelopes."""
    mode: Literal["serialization"] = "serialization"
    inputs: list[tuple[str, Literal["serialization"], TypeAdapter[Any]]] = [
        (name, mode, TypeAdapter(form)) for name, form in _FORMS.items()
    ]
    found, whole = TypeAdapter.json_schemas(
        inputs,
        by_alias=True,
        schema_generator=_Generator,
        title="redan evidence, version 1",
        description="A pack (redan/pack/v1), or one of the in-toto statements in its envelopes.",
    )
    forms: dict[str, Json] = {name: schema for (name, _), schema in found.items()}
    for name, uri in _TYPE_OF.items():
        forms[name] = {"allOf": [forms[name], {"properties": {"predicateType": {"const": uri}}}]}
    return {"$schema": GenerateJsonSchema.schema_dialect, **whole, "oneOf": list(forms.values())}


def text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"
