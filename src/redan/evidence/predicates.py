"""The statements that redan signs, as strict records: written, read back and published from one definition.

Source: in-toto Statement v1, test-result v0.1, names of in-toto/attestation pull request 575; docs/spec/evidence.md.
"""

import datetime as dt
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from redan.terms import Kind, Level, Outcome, Stage

PAYLOAD_TYPE = "application/vnd.in-toto+json"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
# A UUID URN (RFC 9562 section 4) is collision-free without a domain or a registry; the fragment is for readers.
POLICY = "urn:uuid:bfbf0422-5f06-4720-98e7-0400fe7dd4df#redan-policy-v1"
CONTROL = "urn:uuid:b4166090-06f0-4850-a6f0-1be4f08cf3ef#redan-control-v1"
RUN = "urn:uuid:5bfbfa78-0e0e-4898-b455-678885f1d303#redan-run-v1"

_EXACT = 1 << 53
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Timestamp = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Word = Annotated[str, Field(min_length=1, max_length=20_000)]
Prose = Annotated[str, Field(max_length=20_000)]
P = TypeVar("P")


def _doubles(value: JsonValue) -> JsonValue:
    """The value with integers beyond 2**53 as the doubles that they are (RFC 8785 section 3.2.2.3)."""
    if isinstance(value, dict):
        return {name: _doubles(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_doubles(item) for item in value]
    if isinstance(value, int) and not -_EXACT < value < _EXACT:
        return float(value)
    return value


Anything = Annotated[JsonValue, AfterValidator(_doubles)]


class Strict(BaseModel):
    """Base of all records: frozen, no unknown field, no conversion, in-toto's spelling of names."""

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


class Descriptor(Strict):
    """in-toto ResourceDescriptor: a name and what it was."""

    name: Word
    digest: DigestSet


class Statement(Strict, Generic[P]):
    """in-toto Statement v1."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field("https://in-toto.io/Statement/v1", alias="_type")
    subject: Annotated[tuple[Descriptor, ...], Field(min_length=1)]
    predicate_type: str
    predicate: P


class Registration(Strict):
    """Predicate `redan-policy-v1`: what will be judged and by which thresholds, said before the first check."""

    policy: Anything
    at: Timestamp


class Run(Strict):
    """What all statements of one run have in common."""

    system: Word
    stage: Stage
    at: Timestamp
    seed: int
    tool: Word


class About(Strict):
    """The control that a statement is about."""

    id: Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,80}$")]
    kind: Kind
    title: Word


class Place(Strict):
    """A line of the description."""

    file: Word
    line: Annotated[int, Field(ge=1)]


class Advice(Strict):
    """What to do."""

    text: Prose
    command: Prose | None
    effort: Level


class Measured(Strict):
    """A number with what is needed to believe it; names follow pull request 575."""

    metric: Word
    value: float | None
    interval: tuple[float, float] | None
    sample_size: int | None
    threshold: float | None
    comparator: str
    unit: str
    confidence: float


class Answer(Strict):
    """One finding."""

    check: Word
    subject: Word
    part: Prose
    outcome: Outcome
    passed: bool | None
    message: Prose
    measure: Measured | None
    location: Place | None
    remedy: Advice | None
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    detail: dict[str, Anything]


class Control(Strict):
    """Predicate `redan-control-v1`: everything that the checks of one control found."""

    control: About
    outcome: Outcome
    findings: tuple[Answer, ...]
    run: Run
    policy: Descriptor
    assurance_level: Literal["self_attested"]


class ResultPredicate(Strict):
    """Predicate `test-result/v0.1`: the run as any in-toto verifier reads it."""

    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: tuple[Descriptor, ...]
    passed_tests: tuple[str, ...]
    warned_tests: tuple[str, ...]
    failed_tests: tuple[str, ...]


class Closing(Strict):
    """Predicate `redan-run-v1`: the run is over, and these are all its statements, in order."""

    run: Run
    policy: Descriptor
    statements: Annotated[tuple[Descriptor, ...], Field(min_length=1)]


def descriptor(name: str, sha256: str) -> Descriptor:
    """A named SHA-256."""
    return Descriptor(name=name, digest=DigestSet(sha256=sha256))


def timestamp(at: dt.datetime) -> str:
    """RFC 3339 in UTC, to the second.

    Raises:
        ValueError: the time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> dt.datetime:
    """The UTC time behind `timestamp`.

    Raises:
        ValueError: the text is no such time.
    """
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
