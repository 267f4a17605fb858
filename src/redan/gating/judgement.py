"""Judgement: what the gate says, with every reason, control by control."""

from dataclasses import dataclass
from typing import NamedTuple

from redan.canon import Json
from redan.findings import Finding
from redan.gating.waivers import Waiver
from redan.terms import Exit, Kind, Outcome, Verdict

_EXITS = {Verdict.MET: Exit.MET, Verdict.NOT_MET: Exit.FOUND, Verdict.INCOMPLETE: Exit.INCOMPLETE}


class Reason(NamedTuple):
    """Why the verdict is what it is: one sentence about a control, check or waiver, and its place if it has one."""

    about: str
    what: str
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFinding:
    """A finding as the policy sees it; its outcome is never changed.

    Args:
        finding: what the check found.
        required: whether it counts for the verdict.
        waiver: the valid waiver that accepts it.
        known: whether the baseline holds it.
    """

    finding: Finding
    required: bool
    waiver: Waiver | None = None
    known: bool = False

    @property
    def accepted(self) -> bool:
        """Whether a waiver or the baseline takes it out of the verdict."""
        return self.waiver is not None or self.known


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One control as the policy sees it.

    Args:
        control_id: such as `A-MLSG-002-D002`.
        kind: do, dont or consider.
        title: the control's sentence.
        outcome: as the evidence says, never changed by a waiver.
        required: whether the control, or one check of it, is required.
        waived: whether all its broken findings are waived (or known to the baseline), at least one of them waived.
        findings: every answer.
    """

    control_id: str
    kind: Kind
    title: str
    outcome: Outcome
    required: bool
    waived: bool
    findings: tuple[JudgedFinding, ...]

    def to_json(self) -> dict[str, Json]:
        """The control as the published check schema writes it."""
        findings: list[Json] = [
            {**judged.finding.to_json(), "waived": judged.waiver is not None, "baseline": judged.known}
            for judged in self.findings
        ]
        return {
            "id": self.control_id,
            "kind": self.kind.value,
            "title": self.title,
            "outcome": self.outcome.value,
            "waived": self.waived,
            "required": self.required,
            "findings": findings,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The gate's answer.

    Args:
        system_name: whose evidence was judged.
        verdict: met, not met or incomplete.
        rows: one per control of the evidence, in its order.
        reasons: why it is not met or not complete; empty when met.
        notes: what a reader should know of a met gate too: required controls that do not apply, with the reason.
    """

    system_name: str
    verdict: Verdict
    rows: tuple[Row, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[Reason, ...] = ()

    @property
    def exit(self) -> Exit:
        """The exit code of the command that asked."""
        return _EXITS[self.verdict]

    def to_json(self) -> dict[str, Json]:
        """The document of `check --format json`, schema `redan/check/v1`."""
        return {
            "schema": "redan/check/v1",
            "system": self.system_name,
            "verdict": self.verdict.value,
            "reasons": [{"about": r.about, "what": r.what, "where": r.where} for r in self.reasons],
            "controls": [row.to_json() for row in self.rows],
        }
