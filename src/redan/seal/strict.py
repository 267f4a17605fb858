"""The base of all records that are signed: what is not exactly as written is refused.

Apart from `in_toto`, because sealing a file needs its words and not the library of records.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Timestamp = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]


class Strict(BaseModel):
    """Frozen, no unknown field, no conversion, in-toto's spelling of names."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        json_schema_serialization_defaults_required=True,
    )


class DigestSet(Strict):
    """in-toto DigestSet with the one algorithm that redan uses."""

    sha256: Sha256
