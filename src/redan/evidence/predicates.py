"""The statements that redan signs, as strict records: written, read back and published from one definition.

Source: in-toto Statement v1, test-result v0.1, names of in-toto/attestation pull request 575; docs/spec/evidence.md.
"""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, Field, JsonValue

from redan.seal.in_toto import STATEMENT_TYPE
from redan.seal.strict import DigestSet, Strict, Timestamp
from redan.terms import Kind, Level, Outcome, Stage

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
# A UUID URN (RFC 9562 section 4) is collision-free without a domain or a registry; the fragment is for readers.
POLICY = "urn:uuid:bfbf0422-5f06-4720-98e7-0400fe7dd4df#redan-policy-v1"
CONTROL = "urn:uuid:b4166090-06f0-4850-a6f0-1be4f08cf3ef#redan-control-v1"
RUN = "urn:uuid:5bfbfa78-0e0e-4898-b455-678885f1d303#redan-run-v1"

_EXACT = 1 << 53
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


class Descriptor(Strict):
    """in-toto ResourceDescriptor: a name and what it was."""

    name: Word
    digest: DigestSet


class Statement(Strict, Generic[P]):
    """in-toto Statement v1."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(STATEMENT_TYPE, alias="_type")
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
