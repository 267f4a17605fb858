"""From evidence to verdict: first whether everything required was answered, only then whether it holds."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from redan.findings import Finding
from redan.gating.baseline import Baseline
from redan.gating.judgement import JudgedFinding, Judgement, Reason, Row
from redan.gating.policy import Required, required
from redan.gating.waivers import Waiver, Waivers
from redan.runner.outcome import worst
from redan.runner.records import ControlResult, Results
from redan.system.records import Policy
from redan.terms import Outcome, Verdict

UNANSWERED = frozenset({Outcome.NOT_RUN, Outcome.ERROR, Outcome.STALE})


def gate(
    results: Results,
    policy: Policy,
    *,
    known: Mapping[str, Collection[str]],
    now: dt.date,
    waivers: Waivers | None = None,
    baseline: Baseline | None = None,
    where: str = "policy.require",
) -> Judgement:
    """Judges evidence by a policy.

    Kinds need no branch here: a Dont is broken when its deed is found, and a rejected Consider with a valid record
    leaves no finding but that record; both are settled where the findings are made.

    Args:
        results: of a run, or read back from a verified pack (`Verified.results`).
        policy: the `[policy]` table.
        known: control id to the full ids of its checks, from the catalogue.
        now: today, in UTC; waivers expire by it.
        waivers: from `read_waivers`; none when None.
        baseline: from `read_baseline`; none when None.
        where: `file:line` of the policy, for messages.

    Returns:
        Incomplete if anything required has no answer, else not met if anything required is broken and not accepted or
        a waiver is expired or matches nothing, else met.

    Raises:
        ConfigError: the policy requires nothing, or something that the catalogue does not hold.
    """
    wanted = required(policy, known, where=where)
    granted = Waivers() if waivers is None else waivers
    valid = {w.fingerprint: w for w in granted.entries if w.expires >= now}
    accepted = frozenset[str]() if baseline is None else baseline.fingerprints
    rows = tuple(_row(control, wanted, valid, accepted) for control in results.controls)
    missing = tuple(_missing(results, wanted, known))
    failing = (*_failing(rows), *_unfit(granted, results, now))
    verdict = Verdict.INCOMPLETE if missing else Verdict.NOT_MET if failing else Verdict.MET
    return Judgement(
        system_name=results.system_name,
        verdict=verdict,
        rows=rows,
        reasons=(*missing, *failing),
        notes=tuple(_not_applying(rows)),
    )


def _row(control: ControlResult, wanted: Required, valid: Mapping[str, Waiver], accepted: Collection[str]) -> Row:
    findings = tuple(_judged(finding, wanted, valid, accepted) for finding in control.findings)
    broken = [judged for judged in findings if judged.finding.outcome is Outcome.BROKEN]
    return Row(
        control_id=control.control_id,
        kind=control.kind,
        title=control.title,
        outcome=control.outcome,
        required=control.control_id in wanted.controls or any(judged.required for judged in findings),
        waived=bool(broken) and all(j.accepted for j in broken) and any(j.waiver for j in broken),
        findings=findings,
    )


def _judged(
    finding: Finding, wanted: Required, valid: Mapping[str, Waiver], accepted: Collection[str]
) -> JudgedFinding:
    is_broken = finding.outcome is Outcome.BROKEN
    waiver = valid.get(finding.fingerprint) if is_broken else None
    return JudgedFinding(
        finding=finding,
        required=wanted.covers(finding.check),
        waiver=waiver if waiver is not None and waiver.control in (None, finding.control) else None,
        known=is_broken and finding.fingerprint in accepted,
    )


def _missing(results: Results, wanted: Required, known: Mapping[str, Collection[str]]) -> Iterator[Reason]:
    """What is required and has no answer; the required set must be the seen set before anything is judged."""
    counts = Counter(control.control_id for control in results.controls)
    for control_id, count in counts.items():
        if count > 1:
            yield Reason(control_id, f"stands {count} times in the evidence")
        if control_id not in known:
            yield Reason(control_id, "is in the evidence but not in this catalogue")
    by_id = {control.control_id: control for control in results.controls}
    for control_id in sorted(wanted.controls - counts.keys()):
        yield Reason(control_id, "is required and has no evidence")
    for control in results.controls:
        if control.control_id in wanted.controls:
            yield from _unanswered(control.control_id, control.findings, control.outcome)
    for check in sorted(wanted.checks):
        found = by_id.get(check.partition("/")[0])
        yield from _unanswered_check(check, found)


def _unanswered_check(check: str, control: ControlResult | None) -> Iterator[Reason]:
    if control is None:
        yield Reason(check, "is required and has no evidence")
        return
    findings = tuple(finding for finding in control.findings if finding.check == check)
    if not findings and _closed(control):
        return
    yield from _unanswered(check, findings, worst(findings) if findings else Outcome.NOT_RUN)


def _closed(control: ControlResult) -> bool:
    """Whether only a decision record was asked for, because the team decided against the control."""
    return bool(control.findings) and all(f.outcome is Outcome.NOT_APPLICABLE for f in control.findings)


def _unanswered(about: str, findings: Iterable[Finding], outcome: Outcome) -> Iterator[Reason]:
    every = tuple(findings)
    open_ones = [finding for finding in every if finding.outcome in UNANSWERED]
    for state in sorted({finding.outcome for finding in open_ones}):
        those = [finding for finding in open_ones if finding.outcome is state]
        first = those[0]
        more = f", and {len(those) - 1} more" if len(those) > 1 else ""
        which = first.subject if first.check == about else f"{first.check} of {first.subject}"
        yield Reason(about, f"{state}: {which}: {first.message}{more}", _place(first))
    if not every:
        yield Reason(about, f"{outcome}: there is no finding")
    elif not open_ones and outcome in UNANSWERED:
        yield Reason(about, f"{outcome}")


def _failing(rows: Iterable[Row]) -> Iterator[Reason]:
    for row in rows:
        for judged in row.findings:
            finding = judged.finding
            if judged.required and finding.outcome is Outcome.BROKEN and not judged.accepted:
                yield Reason(finding.check, f"broken: {finding.subject}: {finding.message}", _place(finding))
        if row.required and row.outcome is Outcome.BROKEN and not _has_broken(row):
            yield Reason(row.control_id, "broken")


def _has_broken(row: Row) -> bool:
    return any(judged.finding.outcome is Outcome.BROKEN for judged in row.findings)


def _unfit(waivers: Waivers, results: Results, now: dt.date) -> Iterator[Reason]:
    """Waivers that no longer accept anything; one that stays behind would silently accept the next finding."""
    outcomes: dict[str, list[Finding]] = {}
    for control in results.controls:
        for finding in control.findings:
            outcomes.setdefault(finding.fingerprint, []).append(finding)
    for waiver in waivers.entries:
        found = outcomes.get(waiver.fingerprint, [])
        fault = _fault(waiver, found, now)
        if fault is not None:
            yield Reason(f"waiver {waiver.fingerprint}", fault, waiver.where)


def _fault(waiver: Waiver, found: list[Finding], now: dt.date) -> str | None:
    if waiver.expires < now:
        return f"expired on {waiver.expires}"
    if not found:
        return "matches no finding"
    if waiver.control not in (None, found[0].control):
        return f"names control {waiver.control}, and the finding belongs to {found[0].control}"
    if all(f.outcome in (Outcome.HOLDS, Outcome.NOT_APPLICABLE) for f in found):
        return "is no longer needed: the finding is not broken any more"
    return None


def _not_applying(rows: Iterable[Row]) -> Iterator[Reason]:
    for row in rows:
        if row.required and row.outcome is Outcome.NOT_APPLICABLE:
            first = row.findings[0].finding.message if row.findings else ""
            yield Reason(row.control_id, f"not applicable: {first}")


def _place(finding: Finding) -> str | None:
    return None if finding.location is None else f"{finding.location.file}:{finding.location.line}"
