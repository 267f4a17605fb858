"""The form of a pack file: which entries it has, in which order, and the sizes beyond which nothing is read."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from redan.canon import Json, canonical, digest, parse_canonical
from redan.errors import InvalidError
from redan.evidence.statements import first_fault
from redan.seal.strict import Strict

PACK_LIMIT_BYTES = 64 << 20
SCHEMA = "redan/pack/v1"
TEST_RESULT_NAME = "test-result"
_ENTRIES_LIMIT = 10_000  # the catalogue has some sixty controls
_VALUES_LIMIT = 20 * _ENTRIES_LIMIT  # an entry has 8 brackets and commas; millions of them would cost minutes to refuse
_DEPTH = 8


class Signature(Strict):
    """DSSE signature: a hint at the key, and base64."""

    keyid: str
    sig: str


class Envelope(Strict):
    """DSSE envelope with exactly one signature."""

    payload: str
    payload_type: str
    signatures: Annotated[tuple[Signature, ...], Field(min_length=1, max_length=1)]


class Entry(Strict):
    """One sealed statement and the proof that its digest is in the ledger.

    Args:
        envelope: DSSE.
        receipt: C2SP tlog-proof@v1 text.
    """

    envelope: Envelope
    receipt: str

    @staticmethod
    def of(envelope: dict[str, Json], receipt: str) -> "Entry":
        """An entry of an envelope that was sealed here."""
        return Entry(envelope=Envelope.model_validate_json(canonical(envelope)), receipt=receipt)

    @property
    def sealed(self) -> dict[str, Json]:
        """The envelope as JSON."""
        return self.envelope.model_dump(mode="json", by_alias=True)

    @property
    def sha256(self) -> str:
        """Of the envelope's canonical bytes, signature included."""
        return envelope_sha256(self.sealed)


class Pack(Strict):
    """`redan/pack/v1`: the policy, one statement per control, the run as test-result, and the list of them all."""

    schema_: Literal["redan/pack/v1"] = Field("redan/pack/v1", alias="schema")
    policy: Entry
    evidence: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=_ENTRIES_LIMIT)]
    result: Entry
    run: Entry


def envelope_sha256(envelope: Mapping[str, Json]) -> str:
    """SHA-256 of an envelope's canonical bytes."""
    return digest(canonical(dict(envelope)))


def write_pack(pack: Pack) -> bytes:
    """The canonical bytes of a pack."""
    return canonical(pack.model_dump(mode="json", by_alias=True))


def read_pack(data: bytes) -> Pack:
    """The pack in a file, nothing in it verified.

    Raises:
        InvalidError: the bytes are not a pack's canonical bytes; names the byte offset or the field.
    """
    remedy = "fetch the pack again from whoever signed it"
    if sum(data.count(mark) for mark in (b"[", b"{", b",")) > _VALUES_LIMIT:
        raise InvalidError("the pack holds more values than a pack can have", where="pack", remedy=remedy)
    try:
        parse_canonical(data, limit_bytes=PACK_LIMIT_BYTES, depth=_DEPTH)
        return Pack.model_validate_json(data)
    except ValidationError as error:
        raise InvalidError(f"not a pack of {SCHEMA!r}: {first_fault(error)}", where="pack", remedy=remedy) from error
    except ValueError as error:
        raise InvalidError(f"the pack is {error}", where="pack", remedy=remedy) from error
