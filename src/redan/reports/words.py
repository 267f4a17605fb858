"""Words and marks that several reports share, so that no two of them say the same thing differently."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from redan.findings import Finding, Measure
from redan.reports.material import Material
from redan.runner.outcome import worst
from redan.terms import Outcome, Verdict

MARKS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.HOLDS: "✓",
        Outcome.BROKEN: "✗",
        Outcome.ERROR: "!",
        Outcome.STALE: "↻",
        Outcome.NOT_RUN: "?",
        Outcome.NOT_APPLICABLE: "–",
    }
)
_VERBS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.HOLDS: "hold",
        Outcome.BROKEN: "broken",
        Outcome.ERROR: "in error",
        Outcome.STALE: "stale",
        Outcome.NOT_RUN: "not run",
        Outcome.NOT_APPLICABLE: "not applicable",
    }
)
_VERDICTS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.MET: "the gate is met",
        Verdict.NOT_MET: "the gate is not met",
        Verdict.INCOMPLETE: "the evidence is incomplete",
    }
)


def headline(material: Material) -> str:
    """The verdict and what the required questions came to, in one line."""
    return f"{_VERDICTS[material.judgement.verdict]}: {tally(material)}"


def tally(material: Material) -> str:
    """How many required questions there are and what they came to, such as `3 required questions: 2 hold, 1 broken`.

    Questions, not controls: a policy may require one question of a control whose other questions have no check yet.
    """
    answers: dict[str, list[Finding]] = {}
    for _, judged in material.judged():
        if judged.required:
            answers.setdefault(judged.finding.check, []).append(judged.finding)
    states = Counter(worst(findings) for findings in answers.values())
    parts = [f"{states[outcome]} {_VERBS[outcome]}" for outcome in MARKS if states[outcome]]
    return f"{plain_count(len(answers), 'required question')}: {', '.join(parts) or 'none'}"


def plain_count(count: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """A number for people: thousands separated, at most four significant digits after the point."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4g}"


def measured(measure: Measure | None) -> str:
    """A measure in one phrase, with its interval, n and threshold; the empty string without one."""
    if measure is None:
        return ""
    unit = f" {measure.unit}" if measure.unit else ""
    value = "not enough data" if measure.value is None else number(measure.value)
    text = f"{measure.name} {value}{unit}"
    if measure.interval is not None:
        level = f"{measure.confidence:.0%}"
        text += f", {level} interval {number(measure.interval.low)} to {number(measure.interval.high)}"
    if measure.n is not None:
        text += f", n = {measure.n:,}"
    if measure.threshold is not None:
        text += f", needs {'≤' if measure.comparator == '<=' else '≥'} {number(measure.threshold)}"
    return text


def about(finding: Finding) -> str:
    """Subject and part of a finding in one phrase."""
    return f"{finding.subject} {finding.part}".strip()
