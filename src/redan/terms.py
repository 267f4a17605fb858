"""The words everything else is said in: outcomes, kinds, stages, threat classes, exit codes.

Source: the project's design, section "Words"; nothing else in the product means the same.
"""

from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """What a check, or the control it belongs to, came to. `waived` is a flag beside an outcome, never one."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_APPLICABLE = "not-applicable"
    NOT_RUN = "not-run"
    ERROR = "error"
    STALE = "stale"


class Verdict(StrEnum):
    """What the gate says of a whole set of evidence."""

    MET = "met"
    NOT_MET = "not-met"
    INCOMPLETE = "incomplete"


class Kind(StrEnum):
    """Do is broken when its sentence is false, Dont when its deed is found, Consider when no decision is on record."""

    DO = "do"
    DONT = "dont"
    CONSIDER = "consider"


class Stage(StrEnum):
    """Life-cycle stages of an ML product, in order."""

    DESIGN = "design"
    DATA = "data"
    TRAINING = "training"
    OPERATION = "operation"


class Property(StrEnum):
    """The security property that a threat harms."""

    CONFIDENTIALITY = "confidentiality"
    INTEGRITY = "integrity"
    AVAILABILITY = "availability"


class Tier(StrEnum):
    """What a check costs, cheap first."""

    INSTANT = "instant"
    SECONDS = "seconds"
    MINUTES = "minutes"
    GPU = "gpu"


class ThreatClass(StrEnum):
    """Classes of attack on an ML product, as the primer and controls name them."""

    POISONING = "poisoning"
    EVASION = "evasion"
    ORACLE = "oracle"
    DATA_EXTRACTION = "data-extraction"
    REPROGRAMMING = "adversarial-reprogramming"
    UNAUTHORISED_ACCESS = "unauthorised-access"
    MALICIOUS_FEEDBACK = "malicious-feedback"
    DENIAL_OF_SERVICE = "denial-of-service"
    SUPPLY_CHAIN = "supply-chain"
    SOCIAL_ENGINEERING = "social-engineering"


class Level(StrEnum):
    """A coarse, ordered amount: worth of an asset, likelihood, effort."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Exit(IntEnum):
    """Exit codes of every command: a stable contract that scripts rely on."""

    MET = 0
    FOUND = 1
    USAGE = 2
    INCOMPLETE = 3
    INVALID = 4
