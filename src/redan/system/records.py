"""The typed system: one frozen record per table of `redan.toml`.

The records are the published JSON Schema; a field's description is what an editor shows.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from redan.system.shapes import (
    Amount,
    Balls,
    Change,
    CheckId,
    Column,
    Columns,
    ControlId,
    Count,
    Date,
    Duration,
    ElementId,
    Finite,
    Name,
    Names,
    Natural,
    Paths,
    PathText,
    Range,
    Retention,
    Seed,
    Share,
    Text,
)
from redan.terms import Level, Stage, Tier

SourceKind = Literal["crowd", "sensor", "vendor", "public", "internal"]
Role = Literal["train", "validation", "test", "calibration", "reference", "current", "site"]
PersonRole = Literal[
    "security expert", "architect", "data scientist", "developer", "operator", "auditor", "product owner"
]
Exposure = Literal["public", "partner", "internal", "local"]
Answers = Literal["label", "top-k", "probabilities", "score"]
Protection = Literal["none", "tls", "mtls", "signed"]
Monitor = Literal["near-duplicates", "outlying-queries", "one-program", "drift", "shadow"]
Task = Literal["classification", "regression", "forecast", "anomaly", "ranking", "segmentation", "other"]
Decision = Literal["adopted", "rejected"]
Engine = Literal["duckdb", "spark"]
Aggregation = Literal["mean", "median", "trimmed-mean", "krum", "multi-krum", "bulyan"]
Justification = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]


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

    name: Name = Field(description="Short name, unique among people.")
    role: PersonRole = Field(description="What the person does for the product.")
    contact: Text | None = Field(None, description="How to reach the person.")
    trained_until: Date | None = Field(None, description="Last day on which the security training is valid.")


class Site(Record):
    """`[[site]]`: a place where data lies, training runs or a model serves."""

    name: Name = Field(description="Short name, unique among sites.")
    description: Text | None = Field(None, description="What the place is, for readers.")
    third_party: StrictBool = Field(False, description="Whether somebody else runs it.")
    agreement: Text | None = Field(None, description="The agreement with that third party, by name and date.")
    encrypted: StrictBool | None = Field(None, description="Whether storage there is encrypted at rest.")


class Boundary(Record):
    """`[[boundary]]`: a line across which trust changes."""

    name: Name = Field(description="Short name, unique among boundaries.")
    description: Text | None = Field(None, description="What changes at the boundary, for readers.")
    contains: tuple[ElementId, ...] = Field((), description="Element ids inside, such as 'source:crm'.")


class Source(Record):
    """`[[source]]`: where data comes from."""

    name: Name = Field(description="Short name, unique among sources.")
    kind: SourceKind = Field(description="Who it is: a crowd, sensors, a vendor, a public place or the company itself.")
    host: Text | None = Field(None, description="Who hosts it.")
    contributors: Text | None = Field(None, description="Who contributed the data.")
    collection: Text | None = Field(None, description="How the data was collected.")
    terms: Text | None = Field(None, description="Licence or terms of use.")
    url: Text | None = Field(None, description="Address it was fetched from; never opened unless asked.")
    published_sha256: Column | None = Field(None, description="Digest that the publisher announced.")
    key: PathText | None = Field(None, description="Path of the public key that authenticates messages or files.")
    participants: PathText | None = Field(
        None, description="Path of the register of participants: who may contribute, and with which public key."
    )
    every: Duration | None = Field(None, description="How often it delivers, such as '1 days'.")
    volume: Range | None = Field(None, description="Fewest and most rows that are usual in one delivery interval.")
    limit: Count | None = Field(None, description="Most rows of one interval that are used; a sample is taken above.")
    authenticated: StrictBool | None = Field(None, description="Whether what it sends is authenticated.")
    site: Name | None = Field(None, description="Name of the [[site]] where it lies.")


class Dataset(Record):
    """`[[dataset]]`: a table of rows used to train, test or monitor."""

    name: Name = Field(description="Short name, unique among datasets.")
    role: Role = Field(description="What the rows are used for.")
    path: PathText | None = Field(None, description="Path of the file, relative to redan.toml.")
    label: Column | None = Field(None, description="Column that holds the true answer.")
    prediction: Column | None = Field(None, description="Column that holds a model's answer.")
    positive: Text | None = Field(None, description="Label of the class that matters most to notice, such as 'fraud'.")
    contributor: Column | None = Field(None, description="Column that says who contributed a row.")
    time: Column | None = Field(None, description="Column that says when a row was recorded.")
    sensitive: Columns = Field((), description="Columns of groups that must not be treated worse.")
    quasi_identifiers: Columns = Field((), description="Columns that identify a person together.")
    identifiers: Columns = Field((), description="Columns that identify a person or row alone.")
    personal: Columns = Field((), description="Further columns that hold personal data.")
    pseudonyms: Columns = Field((), description="Columns that hold pseudonyms in place of identifiers.")
    signature: Column | None = Field(None, description="Column that holds the contributor's signature over the row.")
    trusted: StrictBool = Field(False, description="Whether people who are trusted looked at every row.")
    drawn_from: Name | None = Field(None, description="Name of the [[dataset]] of all contributions it was drawn from.")
    reference: Name | None = Field(None, description="Name of the [[dataset]] that its distribution is compared with.")
    engine: Engine = Field("duckdb", description="What reads it: the embedded DuckDB, or a Spark session.")
    sources: Names = Field((), description="Names of the [[source]] tables it was collected from.")
    purpose: Text | None = Field(None, description="What the data may be used for.")
    lawful_basis: Text | None = Field(None, description="Why the law allows that use, such as consent or contract.")
    consent: Text | None = Field(None, description="Record of consent, where consent is the basis.")
    collected: Date | None = Field(None, description="Day of collection, from which a retention duration counts.")
    retention: Retention | None = Field(None, description="A date, or a duration such as '18 months' or 'P18M'.")
    confidential: StrictBool = Field(False, description="Whether outsiders must not see it.")
    sha256: Column | None = Field(None, description="Digest of the file, as its publisher announced it.")
    site: Name | None = Field(None, description="Name of the [[site]] where it lies.")
    seal: PathText | None = Field(None, description="Path of the seal over the file, as 'redan seal' writes it.")
    key: PathText | None = Field(None, description="Path of the public key that the seal must verify against.")
    worth: Level = Field(Level.MEDIUM, description="What its loss or change would cost: low, medium or high.")
    shown: Natural = Field(0, description="How many single samples of it reports may show; none when left out.")


class Feature(Record):
    """`[[feature]]`: an input of a model."""

    name: Column = Field(description="Name of the input, unique among features; usually the column's name.")
    from_: Column | None = Field(None, alias="from", description="Dataset or source it is read from.")
    dtype: Column | None = Field(None, description="Type of its values, such as float32 or string.")
    range: Range | None = Field(None, description="Lowest and highest value it can have.")
    needed_for: Text | None = Field(None, description="Why the task needs it.")
    derived_by: Column | None = Field(None, description="Callable that computes it, as 'module:function'.")
    sensitivity: Literal["none", "low", "high"] | None = Field(None, description="Result of the privacy assessment.")
    masked_for: Columns = Field((), description="Roles that must not see it when answers map back to people.")


class Preprocessor(Record):
    """`[[preprocessor]]`: code between the raw data and the model."""

    name: Name = Field(description="Short name, unique among preprocessors.")
    callable: Column | None = Field(None, description="What is called, as 'module:function'.")
    package: Column | None = Field(None, description="Distribution that holds it.")
    version: Column | None = Field(None, description="Exact version of that distribution.")
    third_party: StrictBool = Field(False, description="Whether somebody else wrote it.")
    reference: Column | None = Field(None, description="Reference implementation it is compared with.")
    sha256: Column | None = Field(None, description="Digest of the distribution's file.")


class Model(Record):
    """`[[model]]`: a trained model."""

    name: Name = Field(description="Short name, unique among models.")
    path: PathText | None = Field(None, description="Path of the file, relative to redan.toml.")
    task: Task = Field("classification", description="What kind of answer it gives.")
    purpose: Text | None = Field(
        None, description="What it is used for, in the words of its data's purposes; left out, the system's purpose."
    )
    trained_on: Names = Field((), description="Names of the [[dataset]] tables it was trained on.")
    validated_on: Names = Field((), description="Names of the [[dataset]] tables it was validated or tested on.")
    base: Name | None = Field(None, description="Name of the pretrained [[model]] that it was made from.")
    previous: Name | None = Field(None, description="Name of the [[model]] that it replaces.")
    baseline: Name | None = Field(None, description="Name of a simpler [[model]] that it is compared with.")
    inputs: Columns = Field((), description="Names of the [[feature]] tables it reads, in order.")
    outputs: Columns = Field((), description="Names of its answers: classes, or what the numbers mean.")
    ensemble_of: Names = Field((), description="Names of the [[model]] tables whose answers it joins.")
    public_base: StrictBool = Field(False, description="Whether anybody can get the model it was made from.")
    code: Paths = Field((), description="Training scripts and configuration, as paths.")
    publisher: Text | None = Field(None, description="Who published it, when others made it.")
    source: Text | None = Field(None, description="Where it was obtained.")
    licence: Text | None = Field(None, description="Licence it is used under.")
    sha256: Column | None = Field(None, description="Digest of the file, as its publisher announced it.")
    confidential: StrictBool = Field(False, description="Whether outsiders must not get a copy.")
    training_data: Text | None = Field(None, description="What it was trained on, as its publisher states.")
    bundle: PathText | None = Field(
        None, description="Folder that is released as one: the model with its preprocessing and configuration."
    )
    config: Paths = Field((), description="Configuration and preprocessing files that the model is released with.")
    seal: PathText | None = Field(
        None, description="Path of the seal over the bundle, or over the file alone when there is no bundle."
    )
    key: PathText | None = Field(None, description="Path of the public key that the seal must verify against.")
    reference: PathText | None = Field(
        None,
        description="Path of the file in the bundle that says what it was made for and how sure it is, as "
        "'redan defend reference' writes it.",
    )
    record: PathText | None = Field(
        None, description="Path of the record of its training; left out, the project's own records are searched."
    )
    distribution: PathText | None = Field(
        None, description="Folder of the signed distribution that sites pull it from, as 'redan publish' writes it."
    )
    site: Name | None = Field(None, description="Name of the [[site]] where it is trained.")
    worth: Level = Field(Level.MEDIUM, description="What its theft or change would cost: low, medium or high.")
    preprocessors: Names = Field((), description="Names of the [[preprocessor]] tables that run before it.")
    threats: Balls = Field(
        (), description="Threat models that it is to withstand, each a norm and a radius, such as 'linf:8/255'."
    )
    box: Range = Field((0.0, 1.0), description="Least and largest valid value of an input, for attacks on arrays.")
    constraints: PathText | None = Field(
        None, description="Path of the rules of a table's columns that an attacker has to keep to."
    )
    transformation: Change | None = Field(
        None, description="What input goes through before the model against manipulation, such as 'bit-depth:4'."
    )
    guard: Name | None = Field(
        None,
        description="Name of the [[model]] that refuses suspicious input before this one: by any class but its first, "
        "or by one score above its middle (one half of a share, else zero).",
    )
    shadows: PathText | None = Field(
        None,
        description="Path of the scores of shadow models, as 'redan attack membership --keep' writes them; left out, "
        "shadows are trained where that is possible.",
    )
    canaries: PathText | None = Field(
        None, description="Path of the secret list of canaries that its training data was given."
    )
    privacy: PathText | None = Field(
        None, description="Path of the record of its private training: sampler, rate, noise, clipping, steps, claim."
    )
    reduces: Name | None = Field(
        None, description="Name of the [[model]] whose information it claims to reduce: distilled, pruned, thinner."
    )
    lifetime: Duration | None = Field(None, description="How long it serves before it is replaced, such as '90 days'.")


class Endpoint(Record):
    """`[[endpoint]]`: where a model answers."""

    name: Name = Field(description="Short name, unique among endpoints.")
    model: Name = Field(description="Name of the [[model]] that answers.")
    url: Text | None = Field(None, description="Address; never contacted unless asked.")
    probe: Paths = Field(
        (),
        description="Paths of files of credentials, as 'redan probe' takes them, one for each client made for checks; "
        "naming one lets them contact 'url'.",
    )
    exposure: Exposure = Field("internal", description="Who can reach it.")
    clients: Text | None = Field(None, description="Who is meant to use it.")
    gateway: StrictBool = Field(False, description="Whether requests pass the redan gateway.")
    answers: Answers = Field("probabilities", description="How much each answer tells.")
    authenticated: StrictBool | None = Field(None, description="Whether clients are authenticated.")
    rate_limited: StrictBool | None = Field(None, description="Whether the number of requests per client is limited.")
    logged: StrictBool | None = Field(None, description="Whether requests and answers are logged.")
    rate: Amount | None = Field(None, description="Questions a second that one client may ask in the long run.")
    burst: Count | None = Field(None, description="Questions that one client may ask at once before the rate holds.")
    queries: Count | None = Field(None, description="Questions that one client may ask in all.")
    leak: Amount | None = Field(
        None, description="How much answers may ever tell one client: 1.0 is as many as the model has numbers."
    )
    decimals: Natural | None = Field(None, description="Decimals that numbers of an answer are rounded to.")
    top: Count | None = Field(None, description="How many classes an answer names at most, the likeliest first.")
    coverage: Share | None = Field(
        None,
        description="How often the set of classes beside an answer holds the right one, such as 0.9, for every class "
        "alike.",
    )
    abstain_above: Count | None = Field(
        None, description="Classes that such a set has at most; a larger or an empty one abstains."
    )
    monitors: tuple[Monitor, ...] = Field((), description="What the gateway looks for once answers are out.")
    tolerated: Amount | None = Field(
        None, description="Share of a client's rows that may look like an attack's; left out, each monitor's own."
    )
    shadow: Amount | None = Field(
        None, description="Share of questions that the previous model or the baseline answers, too; left out, 0.05."
    )
    labels: Count | None = Field(
        None, description="Labels a day that one client may give to its answers afterwards; left out, none are taken."
    )
    site: Name | None = Field(None, description="Name of the [[site]] where it serves.")
    worth: Level = Field(Level.MEDIUM, description="What an outage or wrong answers would cost: low, medium or high.")


class Feedback(Record):
    """`[[feedback]]`: answers or complaints of users that flow back into training."""

    name: Name = Field(description="Short name, unique among feedback loops.")
    endpoint: Name | None = Field(None, description="Name of the [[endpoint]] that it is about.")
    into: Name | None = Field(None, description="Name of the [[dataset]] that it is added to.")
    authenticated: StrictBool = Field(False, description="Whether it is known who gives it.")
    vetted: StrictBool = Field(False, description="Whether a person looks at it before it is used.")
    capped: StrictBool = Field(False, description="Whether one user's share of it is limited.")
    cap: Count | None = Field(None, description="Most entries of one user that are used in a round of training.")
    path: PathText | None = Field(None, description="Path of the file of feedback that waits to be used.")
    contributor: Column | None = Field(None, description="Column of that file that says who gave it.")
    label: Column | None = Field(None, description="Column of that file that holds the answer a user claims.")
    reviewer: Column | None = Field(None, description="Column of that file that says who reviewed the entry.")


class Federation(Record):
    """`[[federation]]`: training at several participants whose updates are combined."""

    name: Name = Field(description="Short name, unique among federations.")
    model: Name = Field(description="Name of the [[model]] that is trained.")
    participants: Count = Field(description="How many participants send updates in a round.")
    bad: Natural = Field(0, description="How many of them may be bad without harm: the assumption of the rule.")
    aggregation: Aggregation = Field("mean", description="Rule that combines the updates of a round.")
    updates: PathText | None = Field(
        None, description="Path of recorded updates: an .npz file with an array 'updates' of shape (rounds, n, d)."
    )


class Flow(Record):
    """`[[flow]]`: data on its way from one element to another."""

    from_: ElementId = Field(alias="from", description="Element id, such as 'source:crm'.")
    to: ElementId = Field(description="Element id, such as 'dataset:train'.")
    data: Columns = Field((), description="What flows: feature, column or dataset names.")
    boundary: Name | None = Field(None, description="Name of the [[boundary]] that it crosses.")
    protection: Protection = Field("none", description="How the way is protected.")


class Stance(Record):
    """`[controls."ID"]`: what the team decided or attests about one control."""

    decision: Decision | None = Field(None, description="Whether the practice was adopted or rejected.")
    reason: Text | None = Field(None, description="Why.")
    owner: Text | None = Field(None, description="Who answers for the control.")
    review: Date | None = Field(None, description="Day by which the decision is looked at again.")
    attested_by: Name | None = Field(None, description="Name of the [[person]] who attests.")
    attested: Text | None = Field(None, description="What is attested.")
    expires: Date | None = Field(None, description="Last day of the attestation.")
    threshold: Finite | None = Field(None, description="Value that the control's measure is compared with.")


class Pipeline(Record):
    """`[pipeline]`: the software around the models."""

    requirements: Paths = Field((), description="Lock files of the dependencies, with hashes.")
    code: Paths = Field((), description="Preprocessing and serving code besides the models' training code.")
    audit: PathText | None = Field(
        None, description="Result of the last search for known vulnerabilities: JSON of pip-audit or of an OSV scanner."
    )
    statements: PathText | None = Field(
        None, description="Statements on vulnerabilities that do not apply (OpenVEX or CycloneDX VEX), with reasons."
    )
    audited_every: Duration | None = Field(None, description="Agreed interval of the search, such as '30 days'.")


class Exclusion(Record):
    """`[[exclusion]]`: a threat that the team declares not applicable, and why."""

    threat: Column = Field(description="Id of the threat.")
    element: ElementId | None = Field(None, description="Element id; left out, every element.")
    justification: Justification = Field(description="Why it does not apply, in the words of VEX.")
    reason: Text = Field(description="The same in your own words.")
    owner: Text = Field(description="Who answers for the exclusion.")


class Gateway(Record):
    """`[gateway]`: how `redan serve` answers for the endpoints of this description."""

    listen: Text = Field("127.0.0.1:8080", description="Where questions are taken: 'host:port' or 'unix:PATH'.")
    admin: Text | None = Field(
        None, description="Where operators look: a loopback 'host:port' or 'unix:PATH'; left out, nowhere."
    )
    endpoints: Names = Field(
        (), description="Names of the [[endpoint]] tables it answers for; left out, those with gateway = true."
    )
    upstream: Text | None = Field(
        None, description="Address of the inference server that answers; left out, the sealed ONNX models answer here."
    )
    state: PathText = Field(".redan/gateway", description="Folder of what is kept over a restart: budgets and keys.")
    store: Text | None = Field(
        None,
        description="Address of the Valkey or Redis server that replicas share, or 'env:NAME' or 'file:NAME' for where "
        "the address is, as one with a password has to be; left out, this process's memory.",
    )
    clients: PathText | None = Field(None, description="Path of the file that says who may ask what.")
    signed: StrictBool = Field(True, description="Whether every client has to sign its questions (RFC 9421).")
    answers_signed: StrictBool = Field(True, description="Whether answers to signed questions are signed in turn.")
    authorities: Columns = Field(
        (), description="Names by which clients call the service, 'host' or 'host:port'; left out, 'listen'."
    )
    ledger: PathText | None = Field(None, description="Folder of the log of decisions; left out, below 'state'.")
    key: PathText | None = Field(
        None, description="Path of the private key that signs that log; left out, one is made below 'state'."
    )
    checkpoint: PathText | None = Field(
        None,
        description="Path that the log's signed checkpoint is written to, for a place out of the operator's reach.",
    )
    telemetry: Text | None = Field(
        None,
        description="Address of the OpenTelemetry collector (OTLP over HTTP) that metrics and traces are sent to; "
        "left out, nothing is sent.",
    )
    commit_ms: Count = Field(10, description="Milliseconds that decisions are gathered before they are written.")
    durable: StrictBool = Field(False, description="Whether an answer waits until its decision is on the disk.")
    quiet: StrictBool = Field(True, description="Whether refusals keep their reason back.")
    verify_s: Count = Field(300, description="Seconds between two verifications of the sealed files.")
    delay_s: Count = Field(60, description="Seconds on average until what monitors found lowers a client's budgets.")
    holds_s: Count = Field(86400, description="Seconds for which it lowers them.")
    body: Count = Field(4194304, description="Bytes of a question at most.")
    body_s: Count = Field(10, description="Seconds that a question may take to arrive.")
    head_s: Count = Field(5, description="Seconds that its head may take to arrive.")
    idle_s: Count = Field(30, description="Seconds that a connection may be idle.")
    requests: Count = Field(1024, description="Questions that are answered at once.")
    connections: Count = Field(20000, description="Connections at once; then the one idle for longest gives way.")


class Policy(Record):
    """`[policy]`: what must hold."""

    require: tuple[CheckId, ...] | None = Field(
        None, description="Control ids or CONTROL/check ids that must hold; left out, every control is required."
    )
    waivers: PathText | None = Field(
        None, description="Path of the waiver file; waivers.toml beside redan.toml if it exists."
    )
    baseline: PathText | None = Field(None, description="Path of a baseline: known findings that do not fail the gate.")
    budget: Tier = Field(Tier.MINUTES, description="How costly checks may be: instant, seconds, minutes or gpu.")
    seed: Seed = Field(0, description="Fixes every random choice.")


class Tables(Record):
    """Everything `redan.toml` may say."""

    system: About = Field(description="What the product is and who answers for it.")
    person: tuple[Person, ...] = Field((), description="People who work with the system.")
    site: tuple[Site, ...] = Field((), description="Places where data lies, training runs or a model serves.")
    boundary: tuple[Boundary, ...] = Field((), description="Lines across which trust changes.")
    source: tuple[Source, ...] = Field((), description="Where data comes from.")
    dataset: tuple[Dataset, ...] = Field((), description="Tables of rows used to train, test or monitor.")
    feature: tuple[Feature, ...] = Field((), description="Inputs of models.")
    preprocessor: tuple[Preprocessor, ...] = Field((), description="Code between the raw data and a model.")
    model: tuple[Model, ...] = Field((), description="Trained models.")
    endpoint: tuple[Endpoint, ...] = Field((), description="Where models answer.")
    feedback: tuple[Feedback, ...] = Field((), description="What users say that flows back into training.")
    federation: tuple[Federation, ...] = Field((), description="Training at several participants.")
    flow: tuple[Flow, ...] = Field((), description="Data on its way from one element to another.")
    exclusion: tuple[Exclusion, ...] = Field((), description="Threats that are declared not applicable, and why.")
    controls: dict[ControlId, Stance] = Field({}, description="What the team decided or attests, by control id.")
    pipeline: Pipeline = Field(Pipeline(), description="The software around the models.")
    gateway: Gateway = Field(Gateway(), description="How the gateway answers for the endpoints.")
    policy: Policy = Field(Policy(), description="What must hold.")


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
