"""The signed statement of a dataset's content: an in-toto Statement in a DSSE envelope, `SEAL.content.json`.

Source: in-toto Statement v1, DSSE 1.0.2; docs/spec/content.md gives the predicate. The signature is verified before
anything that it covers is parsed.
"""

import json
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from redan.canon import Json, canonical, parse_canonical
from redan.content.columns import Kind
from redan.errors import InvalidError
from redan.seal import dsse
from redan.seal.in_toto import PAYLOAD_TYPE, STATEMENT_TYPE
from redan.seal.keys import PublicKey, Signer
from redan.seal.strict import DigestSet, Sha256, Strict

# A UUID URN (RFC 9562 section 4) is collision-free without a domain or a registry; the fragment is for readers.
CONTENT: Final = "urn:uuid:222dc32a-a96b-4225-a27b-677a73bc9c89#redan-content-v1"
# How every such file begins: the envelope, and in base64 the type of its statement.
BEGINNING: Final = b'{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEi'
STATEMENT_LIMIT_BYTES = 16 << 20  # ten thousand columns with long names need less
_DEPTH = 12
Count = Annotated[int, Field(ge=0, lt=1 << 53)]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class Subject(Strict):
    """What the statement is about: the root digest of the seal over the file."""

    name: Text
    digest: DigestSet


class File(Strict):
    """The sealed file."""

    sha256: Sha256
    size: Count


class ColumnSaid(Strict):
    """A column and what it holds."""

    name: Text
    kind: Kind


class Content(Strict):
    """The two digests of the content."""

    ordered: Sha256
    unordered: Sha256


class Record(Strict):
    """The record of the rows, and which secret opens it."""

    sha256: Sha256
    size: Count
    key_check: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class ContentSaid(Strict):
    """Predicate `redan-content-v1`: what the table says, and where its rows are recorded."""

    file: File
    columns: Annotated[tuple[ColumnSaid, ...], Field(min_length=1, max_length=10_000)]
    rows: Count
    identifiers: tuple[Text, ...]
    digest: Content
    record: Record

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column held, by name."""
        return {column.name: column.kind for column in self.columns}


class ContentStatement(Strict):
    """in-toto Statement v1."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(STATEMENT_TYPE, alias="_type")
    subject: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=1)]
    predicate_type: Literal["urn:uuid:222dc32a-a96b-4225-a27b-677a73bc9c89#redan-content-v1"] = CONTENT
    predicate: ContentSaid


def write_statement(name: str, root: str, said: ContentSaid, signer: Signer) -> bytes:
    """The signed statement as the bytes of its file."""
    subject = Subject(name=name, digest=DigestSet(sha256=root))
    statement = ContentStatement(subject=(subject,), predicate=said)
    payload = canonical(statement.model_dump(mode="json", by_alias=True))
    return canonical(dsse.seal(payload, PAYLOAD_TYPE, signer))


def read_statement(data: bytes, key: PublicKey) -> ContentStatement:
    """The statement behind the bytes of its file.

    Args:
        data: from anyone.
        key: the one trusted key.

    Raises:
        InvalidError: a byte of the file is not as the key's holder wrote it.
    """
    try:
        envelope = parse_canonical(data, limit_bytes=2 * STATEMENT_LIMIT_BYTES, depth=_DEPTH)
    except ValueError as error:
        raise InvalidError(f"the statement of the content is {error}") from error
    payload = dsse.open_sealed(envelope, key, PAYLOAD_TYPE, canonical=True)
    try:
        statement = ContentStatement.model_validate_json(payload)
        again = canonical(statement.model_dump(mode="json", by_alias=True))
    except (ValidationError, ValueError) as error:
        raise InvalidError("the statement of the content does not have its schema") from error
    names = [column.name for column in statement.predicate.columns]
    if again != payload or names != sorted(set(names)) or not set(statement.predicate.identifiers) <= set(names):
        raise InvalidError("the statement of the content contradicts its schema")
    return statement


def schema() -> Json:
    """The JSON Schema of the statement."""
    value: Json = json.loads(json.dumps(ContentStatement.model_json_schema(by_alias=True)))
    return value
