"""Small results and a small catalogue for the tests of the gate."""

import datetime as dt
from collections.abc import Sequence

from redan.findings import Finding, Location, Remedy
from redan.gating import Waiver, Waivers, gate
from redan.runner.outcome import worst
from redan.runner.records import ControlResult, Results
from redan.system.records import Policy
from redan.terms import Kind, Outcome, Stage

NOW = dt.date(2026, 6, 1)
D002, N001, C001 = "A-MLSG-002-D002", "A-MLSG-001-N001", "A-MLSG-001-C001"
KNOWN = {
    C001: (f"{C001}/files-are-not-world-readable", f"{C001}/third-party-training-is-agreed"),
    N001: (f"{N001}/votes-are-not-a-protection",),
    D002: (f"{D002}/rows-are-not-shared", f"{D002}/times-do-not-overlap"),
}
KINDS = {"D": Kind.DO, "N": Kind.DONT, "C": Kind.CONSIDER}


def finding(check: str, outcome: Outcome, part: str = "", subject: str = "dataset:test") -> Finding:
    """A finding at line 3 of the description."""
    remedy = Remedy(text="Split again.") if outcome is Outcome.BROKEN else None
    return Finding(
        check=check,
        subject=subject,
        outcome=outcome,
        message=f"it is {outcome}",
        part=part,
        remedy=remedy,
        location=Location(file="redan.toml", line=3),
    )


def control(control_id: str, *findings: Finding, outcome: Outcome | None = None) -> ControlResult:
    """A control whose outcome is the worst of its findings, as the runner has it."""
    return ControlResult(
        control_id=control_id,
        kind=KINDS[control_id.rpartition("-")[2][0]],
        title="The title is a sentence",
        outcome=outcome or worst(findings),
        findings=findings,
        digests={},
    )


def results(*controls: ControlResult) -> Results:
    """A run."""
    return Results(
        system_name="Churn",
        stage=Stage.DATA,
        controls=controls,
        seed=0,
        at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
        policy={},
        tool="0.1.0",
        description_sha256="0" * 64,
    )


def whole(**outcomes: Outcome) -> Results:
    """A run over the whole small catalogue; every check holds but those named, by the last part of their id."""
    found = {
        control_id: [
            finding(check, outcomes.get(check.partition("/")[2].replace("-", "_"), Outcome.HOLDS)) for check in checks
        ]
        for control_id, checks in KNOWN.items()
    }
    return results(*(control(control_id, *findings) for control_id, findings in found.items()))


def judged(run: Results, require: Sequence[str] | None = None, **more):
    """The judgement of a run."""
    policy = Policy(require=None if require is None else tuple(require))
    return gate(run, policy, known=KNOWN, now=NOW, **more)


def waived(*fingerprints: str, days: int = 30, control: str | None = None) -> Waivers:
    """Valid waivers of fingerprints; a negative number of days has expired."""
    expires = NOW + dt.timedelta(days=days)
    return Waivers(
        tuple(
            Waiver(
                fingerprint=fingerprint,
                reason="known",
                owner="Ada",
                expires=expires,
                control=control,
                where=f"waivers.toml:{5 * number + 1}",
            )
            for number, fingerprint in enumerate(fingerprints)
        )
    )
