"""Words and marks that several reports share, so that no two of them say the same thing differently."""

import math
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from redan.findings import Finding, Measure
from redan.reports.material import Material
from redan.runner.outcome import worst
from redan.terms import Outcome, Verdict

_LARGE = 1000  # beyond which fractions say nothing
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
    accepted = sum(_is_accepted(material, check) for check in answers)
    parts = [f"{states[outcome]} {_VERBS[outcome]}" for outcome in MARKS if states[outcome]]
    parts = [f"{part} ({accepted} accepted)" if accepted and "broken" in part else part for part in parts]
    return f"{plain_count(len(answers), 'required question')}: {', '.join(parts) or 'none'}"


def _is_accepted(material: Material, check: str) -> bool:
    """Whether all that is broken about a question is waived or in the baseline."""
    those = [j for _, j in material.judged() if j.finding.check == check and j.finding.outcome is Outcome.BROKEN]
    return bool(those) and all(judged.accepted for judged in those)


def unanswered(material: Material) -> list[tuple[str, str, str]]:
    """What keeps the gate from judging or passing, besides what is broken: control or rule, what of it, and where."""
    return [
        (reason.about, reason.what.replace(f"{reason.about}/", ""), reason.where or "")
        for reason in material.judgement.reasons
        if not reason.what.startswith("broken")
    ]


def plain_count(count: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """A number for people: thousands separated, at most four significant digits after the point."""
    if float(value).is_integer():
        return f"{int(value):,}"
    if _LARGE <= abs(value) < math.inf:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def plain_name(measure: Measure) -> str:
    """The name of a measure as words."""
    return measure.name.replace("_", " ")


def quantity(value: float, unit: str, *, bare: bool = False) -> str:
    """A number with its unit: `1 row`, `2 rows`, `40%`, `0.2 bits`.

    Args:
        value: the number.
        unit: in the plural, as `Measure.unit` has it; a share becomes per cent.
        bare: leaves the unit out, for a number beside one that has it.
    """
    if unit == "share":
        return f"{number(100 * value)}%"
    if bare or not unit:
        return number(value)
    return f"{number(value)} {unit.removesuffix('s') if value == 1 else unit}"


def brief(value: float, unit: str, *, apart: tuple[float, ...] = (), bare: bool = False) -> str:
    """A quantity in three significant digits, in more where it would look like one that it is not.

    Args:
        value: the number.
        unit: as for `quantity`.
        apart: numbers that it must not look like, such as its threshold, unless it is one; of shares none and all, too.
        bare: leaves the unit out.
    """
    others = {*apart, *((0.0, 1.0) if unit == "share" else ())} - {value}
    if float(value).is_integer() or abs(value) >= _LARGE:
        return quantity(value, unit, bare=bare)
    digits = next((n for n in (3, 4) if not any(f"{one:.{n}g}" == f"{value:.{n}g}" for one in others)), 6)
    if unit == "share":
        return f"{100 * value:.{digits}g}%"
    return f"{value:.{digits}g}" if bare or not unit else f"{value:.{digits}g} {unit}"


def resting_on(measure: Measure) -> str:
    """What a number rests on: ` of 2,113` where rows are counted among rows, `, n = 2,113` elsewhere."""
    if measure.n is None:
        return ""
    counted = measure.unit == "rows" and measure.value is not None and measure.n >= measure.value
    return f" of {measure.n:,}" if counted else f", n = {measure.n:,}"


def measured(measure: Measure | None) -> str:
    """A measure in one phrase, with its interval, n and threshold; the empty string without one."""
    if measure is None:
        return ""
    value = "not enough data" if measure.value is None else quantity(measure.value, measure.unit)
    text = f"{plain_name(measure)}: {value}{resting_on(measure)}"
    if measure.interval is not None:
        low, high = (quantity(edge, measure.unit, bare=True) for edge in measure.interval)
        text += f", {number(100 * measure.confidence)}% interval {low} to {high}"
    if measure.threshold is not None:
        limit = quantity(measure.threshold, measure.unit, bare=True)
        text += f", holds with {'at most' if measure.comparator == '<=' else 'at least'} {limit}"
    return text


def about(finding: Finding) -> str:
    """Subject and part of a finding in one phrase."""
    return f"{finding.subject} {finding.part}".strip()
