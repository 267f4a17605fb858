"""The typed system: one frozen record per table of `redan.toml`.

The records are the published JSON Schema; a field's description is what an editor shows.
"""

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt

from redan.terms import Level, Stage

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name is 1 to 80 letters, digits, '_', '.' or '-', and starts with a letter or digit")
    return value


def _sha256(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise ValueError(f"a SHA-256 digest is 64 lower-case hex digits, this has {len(value)} characters")
    return value


Name = Annotated[str, AfterValidator(_name)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Names = tuple[Name, ...]
Columns = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]
Paths = tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...]
SourceKind = Literal["crowd", "sensor", "vendor", "public", "internal"]
Role = Literal["train", "validation", "test", "calibration", "reference", "current", "site"]
Exposure = Literal["public", "partner", "internal", "local"]
Answers = Literal["label", "top-k", "probabilities", "score"]
Protection = Literal["none", "tls", "mtls", "signed"]
Task = Literal["classification", "regression", "forecast", "anomaly", "ranking", "segmentation", "other"]
Decision = Literal["adopted", "rejected"]


class Record(BaseModel):
    """Base of all tables: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class About(Record):
    """`[system]`: what the product is and who answers for it."""

    name: Text = Field(description="Name of the product.")
    stage: Stage = Field(Stage.DESIGN, description="How far the product is: design, data, training or operation.")
    owner: Text | None = Field(None, description="Who answers for the product's security.")
    purpose: Text | None = Field(None, description="What the product decides or predicts, in one sentence.")
    regulated: StrictBool = Field(False, description="Whether a regulator demands explanations or records.")
    acts: StrictBool = Field(False, description="Whether an answer triggers an action without a person in between.")
    requirements: Text | None = Field(None, description="Where the security requirements are written down.")


class Person(Record):
    """`[[person]]`: someone who works with the system."""

    name: Name
    role: Literal[
        "security expert", "architect", "data scientist", "developer", "operator", "auditor", "product owner"
    ]
    contact: Text | None = None
    trained_until: dt.date | None = Field(None, description="Last day on which the security training is valid.")


class Site(Record):
    """`[[site]]`: a place where data lies, training runs or a model serves."""

    name: Name
    description: Text | None = None
    third_party: StrictBool = Field(False, description="Whether somebody else runs it.")
    agreement: Text | None = Field(None, description="The agreement with that third party, by name and date.")
    encrypted: StrictBool | None = Field(None, description="Whether storage there is encrypted at rest.")


class Boundary(Record):
    """`[[boundary]]`: a line across which trust changes."""

    name: Name
    description: Text | None = None
    contains: tuple[str, ...] = Field((), description="Element ids inside, such as 'source:crm'.")


class Source(Record):
    """`[[source]]`: where data comes from."""

    name: Name
    kind: SourceKind
    host: Text | None = Field(None, description="Who hosts it.")
    contributors: Text | None = Field(None, description="Who contributed the data.")
    collection: Text | None = Field(None, description="How the data was collected.")
    terms: Text | None = Field(None, description="Licence or terms of use.")
    url: Text | None = None
    published_sha256: str | None = Field(None, description="Digest that the publisher announced.")
    key: str | None = Field(None, description="Path of the public key that authenticates messages or files.")
    authenticated: StrictBool | None = Field(None, description="Whether what it sends is authenticated.")
    site: Name | None = None


class Dataset(Record):
    """`[[dataset]]`: a table of rows used to train, test or monitor."""

    name: Name
    role: Role
    path: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    label: str | None = None
    prediction: str | None = None
    contributor: str | None = Field(None, description="Column that says who contributed a row.")
    time: str | None = Field(None, description="Column that says when a row was recorded.")
    sensitive: Columns = Field((), description="Columns of groups that must not be treated worse.")
    quasi_identifiers: Columns = Field((), description="Columns that identify a person together.")
    identifiers: Columns = Field((), description="Columns that identify a person or row alone.")
    personal: Columns = Field((), description="Further columns that hold personal data.")
    sources: Names = ()
    purpose: Text | None = None
    lawful_basis: Text | None = None
    consent: Text | None = Field(None, description="Record of consent, where consent is the basis.")
    collected: dt.date | None = Field(None, description="Day of collection, from which a retention duration counts.")
    retention: dt.date | str | None = Field(None, description="A date, or a duration such as '18 months'.")
    confidential: StrictBool = False
    sha256: str | None = Field(None, description="Digest of the file, as its publisher announced it.")
    site: Name | None = None
    worth: Level = Level.MEDIUM


class Feature(Record):
    """`[[feature]]`: an input of a model."""

    name: str = Field(min_length=1, max_length=200)
    from_: str | None = Field(None, alias="from", description="Dataset or source it is read from.")
    dtype: str | None = None
    range: tuple[float, float] | None = None
    needed_for: Text | None = Field(None, description="Why the task needs it.")
    derived_by: str | None = Field(None, description="Callable that computes it, as 'module:function'.")
    sensitivity: Literal["none", "low", "high"] | None = Field(None, description="Result of the privacy assessment.")
    masked_for: tuple[str, ...] = Field((), description="Roles that must not see it when answers map back to people.")


class Preprocessor(Record):
    """`[[preprocessor]]`: code between the raw data and the model."""

    name: Name
    callable: str | None = None
    package: str | None = None
    version: str | None = None
    third_party: StrictBool = False
    reference: str | None = Field(None, description="Reference implementation it is compared with.")
    sha256: str | None = None


class Model(Record):
    """`[[model]]`: a trained model."""

    name: Name
    path: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    task: Task = "classification"
    trained_on: Names = ()
    validated_on: Names = ()
    base: Name | None = Field(None, description="Pretrained model that it was made from.")
    previous: Name | None = None
    baseline: Name | None = None
    inputs: tuple[str, ...] = Field((), description="Names of [[feature]] tables.")
    outputs: tuple[str, ...] = ()
    ensemble_of: Names = ()
    public_base: StrictBool = False
    code: Paths = Field((), description="Training scripts and configuration, as paths.")
    publisher: Text | None = None
    source: Text | None = None
    licence: Text | None = None
    sha256: str | None = None
    confidential: StrictBool = False
    site: Name | None = None
    worth: Level = Level.MEDIUM
    preprocessors: Names = ()


class Endpoint(Record):
    """`[[endpoint]]`: where a model answers."""

    name: Name
    model: Name
    url: Text | None = None
    exposure: Exposure = "internal"
    clients: Text | None = None
    gateway: StrictBool = Field(False, description="Whether requests pass the redan gateway.")
    answers: Answers = "probabilities"
    authenticated: StrictBool | None = None
    rate_limited: StrictBool | None = None
    logged: StrictBool | None = None
    site: Name | None = None
    worth: Level = Level.MEDIUM


class Feedback(Record):
    """`[[feedback]]`: answers or complaints of users that flow back into training."""

    name: Name
    endpoint: Name | None = None
    into: Name | None = Field(None, description="Dataset that it is added to.")
    authenticated: StrictBool = False
    vetted: StrictBool = False
    capped: StrictBool = False


class Flow(Record):
    """`[[flow]]`: data on its way from one element to another."""

    from_: str = Field(alias="from", description="Element id, such as 'source:crm'.")
    to: str = Field(description="Element id.")
    data: tuple[str, ...] = Field((), description="What flows: feature, column or dataset names.")
    boundary: Name | None = None
    protection: Protection = "none"


class Stance(Record):
    """`[controls."ID"]`: what the team decided or attests about one control."""

    decision: Decision | None = None
    reason: Text | None = None
    owner: Text | None = None
    review: dt.date | None = Field(None, description="Day by which the decision is looked at again.")
    attested_by: Text | None = Field(None, description="Name of the [[person]] who attests.")
    attested: Text | None = Field(None, description="What is attested.")
    expires: dt.date | None = Field(None, description="Last day of the attestation.")
    threshold: float | None = None


class Exclusion(Record):
    """`[[exclusion]]`: a threat that the team declares not applicable, and why."""

    threat: str
    element: str | None = None
    justification: Literal[
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    ]
    reason: Text
    owner: Text


class Policy(Record):
    """`[policy]`: what must hold."""

    require: tuple[str, ...] | None = Field(
        None, description="Control ids or CONTROL/check ids that must hold; left out, every control is required."
    )
    waivers: str | None = Field(None, description="Path of the waiver file; waivers.toml beside redan.toml if it exists.")
    baseline: str | None = Field(None, description="Path of a baseline: known findings that do not fail the gate.")
    budget: Literal["instant", "seconds", "minutes", "gpu"] = "minutes"
    seed: StrictInt = 0


class Tables(Record):
    """Everything `redan.toml` may say."""

    system: About
    person: tuple[Person, ...] = ()
    site: tuple[Site, ...] = ()
    boundary: tuple[Boundary, ...] = ()
    source: tuple[Source, ...] = ()
    dataset: tuple[Dataset, ...] = ()
    feature: tuple[Feature, ...] = ()
    preprocessor: tuple[Preprocessor, ...] = ()
    model: tuple[Model, ...] = ()
    endpoint: tuple[Endpoint, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    flow: tuple[Flow, ...] = ()
    exclusion: tuple[Exclusion, ...] = ()
    controls: dict[str, Stance] = {}
    policy: Policy = Policy()


class Origin(Record):
    """Where a system was read from.

    Args:
        file: name of the description as the user gave it, for messages and locations.
        root: absolute folder that all paths in the description are relative to.
        lines: line (from 1) of each table and key, by dotted path such as `dataset.0.path` or `policy`.
    """

    file: str
    root: Path
    lines: dict[str, int] = {}
