"""The record of a training run as a strict record: written, read back and specified from one definition.

Source: in-toto Statement v1 and ResourceDescriptor v1, SLSA provenance v1; docs/spec/record.md. What redan adds is in
annotations, which both leave for it.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from redan.recording.digests import State
from redan.recording.observation import Method
from redan.seal.in_toto import STATEMENT_TYPE, moment
from redan.seal.strict import DigestSet, Sha256, Strict, Timestamp

PREDICATE: Literal["https://slsa.dev/provenance/v1"] = "https://slsa.dev/provenance/v1"
# UUID URNs (RFC 9562 section 4), collision-free without a domain; the fragment is for readers.
BUILD_TYPE: Literal["urn:uuid:ad8e9d9e-bf93-4579-a625-e43d24009ef2#redan-training-run-v1"] = (
    "urn:uuid:ad8e9d9e-bf93-4579-a625-e43d24009ef2#redan-training-run-v1"
)
BUILDER: Literal["urn:uuid:ea31b0c7-eb53-4ecc-baf8-3ad4de683654#redan-record-v1"] = (
    "urn:uuid:ea31b0c7-eb53-4ecc-baf8-3ad4de683654#redan-record-v1"
)
NO_OUTPUT = "run"  # a statement needs a subject; a run that wrote nothing is named by its own definition

_FILES_LIMIT = 500_000
Commit = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Word = Annotated[str, Field(min_length=1, max_length=40_000)]
Short = Annotated[str, Field(max_length=2_000)]
Count = Annotated[int, Field(ge=0, lt=1 << 53)]
Seconds = Annotated[float, Field(ge=0, lt=1e9)]


class CommitSet(Strict):
    """DigestSet with the id of a git commit."""

    git_commit: Commit


class FileNote(Strict):
    """What is known about a file that was read."""

    kind: Literal["file"] = "file"
    use: Literal["read", "read and written"]
    state: State
    size: Count | None = None
    declared: tuple[Short, ...]
    package: Short | None = None


class PackageNote(Strict):
    """A package that the run read files of; the digest is that of its RECORD."""

    kind: Literal["package"] = "package"
    files: Count


class ProgramNote(Strict):
    """A program that was started."""

    kind: Literal["program"] = "program"


class SourceNote(Strict):
    """The commit of the project, and which files that were read differ from it."""

    kind: Literal["source"] = "source"
    differing: tuple[Short, ...]


class OutputNote(Strict):
    """A file that was written."""

    size: Count


class FileResource(Strict):
    """A file that was read; without a digest when its bytes were gone before they could be digested."""

    name: Word
    digest: DigestSet | None = None
    annotations: FileNote


class PackageResource(Strict):
    """An installed package."""

    name: Word
    uri: Word
    digest: DigestSet
    annotations: PackageNote


class ProgramResource(Strict):
    """A program; without a digest when it was gone."""

    name: Word
    digest: DigestSet | None = None
    annotations: ProgramNote


class SourceResource(Strict):
    """The source code's commit."""

    name: Word
    digest: CommitSet
    annotations: SourceNote


class Output(Strict):
    """A subject: what the run wrote."""

    name: Word
    digest: DigestSet
    annotations: OutputNote | None = None


class External(Strict):
    """What the caller chose."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    directory: Word
    models: tuple[Short, ...]
    description: Sha256 | None = None


class Internal(Strict):
    """What the machine added."""

    python: Short
    platform: Short
    variables: tuple[Short, ...]
    settings: dict[str, Short]


Resource = FileResource | PackageResource | ProgramResource | SourceResource


class Definition(Strict):
    """SLSA buildDefinition."""

    build_type: Literal["urn:uuid:ad8e9d9e-bf93-4579-a625-e43d24009ef2#redan-training-run-v1"] = BUILD_TYPE
    external_parameters: External
    internal_parameters: Internal
    resolved_dependencies: Annotated[tuple[Resource, ...], Field(max_length=_FILES_LIMIT)]


class Builder(Strict):
    """Who watched."""

    id: Literal["urn:uuid:ea31b0c7-eb53-4ecc-baf8-3ad4de683654#redan-record-v1"] = BUILDER
    version: dict[str, Short]


class Metadata(Strict):
    """When."""

    invocation_id: Word
    started_on: Timestamp
    finished_on: Timestamp


class Seen(Strict):
    """How the run was watched, what that could not see, and what was counted instead of listed."""

    method: Method
    fallback: Short
    blind_to: tuple[Short, ...]
    gaps: tuple[Short, ...]
    unwatched: tuple[Short, ...]
    exit_status: int
    wall_seconds: Seconds
    own_seconds: Seconds
    processes: Count
    addresses: Count
    counted: dict[str, Count]
    unlisted: tuple[Short, ...]


class Observation(Strict):
    """The one byproduct."""

    name: Literal["observation"] = "observation"
    annotations: Seen


class RunDetails(Strict):
    """SLSA runDetails."""

    builder: Builder
    metadata: Metadata
    byproducts: tuple[Observation]


class Provenance(Strict):
    """SLSA provenance v1."""

    build_definition: Definition
    run_details: RunDetails


class TrainingRecord(Strict):
    """in-toto Statement v1 about one training run."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(STATEMENT_TYPE, alias="_type")
    subject: Annotated[tuple[Output, ...], Field(min_length=1, max_length=_FILES_LIMIT)]
    predicate_type: Literal["https://slsa.dev/provenance/v1"] = PREDICATE
    predicate: Provenance

    @property
    def inputs(self) -> tuple[FileResource, ...]:
        """The files that were read and are listed."""
        found = self.predicate.build_definition.resolved_dependencies
        return tuple(item for item in found if isinstance(item, FileResource))

    @property
    def seen(self) -> Seen:
        """How the run was watched."""
        return self.predicate.run_details.byproducts[0].annotations

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that the run was for."""
        return self.predicate.build_definition.external_parameters.models

    @property
    def finished(self) -> dt.datetime:
        """When the run ended, UTC."""
        return moment(self.predicate.run_details.metadata.finished_on)
