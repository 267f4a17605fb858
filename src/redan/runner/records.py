"""What a run leaves behind: one result per control of the catalogue, none left out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from redan.canon import Json, digest_of
from redan.findings import Finding
from redan.terms import Kind, Outcome, Stage

NO_CHECK = "no check yet"  # the message of a planned question; reports count such controls apart


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """What the checks of one control came to.

    Args:
        control_id: such as `A-MLSG-002-D002`.
        kind: do, dont or consider.
        title: the control's sentence.
        outcome: the worst of its findings, see `runner.outcome`.
        findings: every answer, planned questions included.
        digests: `description` and `KIND ELEMENT` of every artifact that was read, to SHA-256.
    """

    control_id: str
    kind: Kind
    title: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCost:
    """What one check of one subject cost.

    Args:
        check: full id.
        subject: subject id.
        wall_s: seconds on the clock.
        cached: whether the answer came from an earlier run over the same digests.
    """

    check: str
    subject: str
    wall_s: float
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One run over one system.

    Args:
        system_name: as `[system]` gives it.
        stage: how far the product is.
        controls: one per control of the catalogue, in its order.
        seed: of every random choice.
        at: when the run started, UTC.
        policy: the policy document that was registered before the run.
        tool: version of redan.
        description_sha256: digest of the description.
        costs: per job; never part of findings or evidence.
    """

    system_name: str
    stage: Stage
    controls: tuple[ControlResult, ...]
    seed: int
    at: dt.datetime
    policy: Json
    tool: str
    description_sha256: str
    costs: tuple[JobCost, ...] = field(default=())

    @property
    def policy_sha256(self) -> str:
        """SHA-256 of the canonical policy document."""
        return digest_of(self.policy)
