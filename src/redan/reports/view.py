"""What the page shows of a control, a finding and a threat, as plain values for the template."""

from collections.abc import Iterable

from redan.gating import JudgedFinding, Row
from redan.reports.gauge import gauge
from redan.reports.material import Material, is_silent
from redan.reports.pictures import drawn
from redan.reports.words import about
from redan.runner.records import NO_CHECK
from redan.terms import Outcome
from redan.threats.records import Threat
from redan.threats.risk import residual

SHOWN = 6  # answers of one kind that a control shows before it folds the rest
_FAMILIES = {
    "a_mlsg_001": "A-MLSG-001 Design and architecture",
    "a_mlsg_002": "A-MLSG-002 Data handling",
    "a_mlsg_003": "A-MLSG-003 Training",
    "a_mlsg_004": "A-MLSG-004 Operation",
}
_PRIMER = "AIPS Attacks, countermeasures and pitfalls of the primer"


def controls(material: Material) -> list[dict[str, object]]:
    """The controls by family, those without any check apart."""
    families: dict[str, list[Row]] = {}
    for row in material.judgement.rows:
        family = material.controls[row.control_id].family if row.control_id in material.controls else ""
        families.setdefault(_FAMILIES.get(family, _PRIMER), []).append(row)
    return [
        {
            "title": title,
            "controls": [_control(material, row) for row in rows if not is_silent(row)],
            "silent": [
                {"id": row.control_id, "title": row.title, "required": row.required} for row in rows if is_silent(row)
            ],
        }
        for title, rows in families.items()
    ]


def entry(judged: JudgedFinding) -> dict[str, object]:
    """One answer."""
    finding = judged.finding
    place = "" if finding.location is None else f"{finding.location.file}:{finding.location.line}"
    return {
        "outcome": finding.outcome.value,
        "about": about(finding),
        "message": finding.message,
        "gauge": gauge(finding.measure, finding.outcome),
        "pictures": drawn(finding),
        "remedy": finding.remedy,
        "required": judged.required,
        "waived": judged.waiver is not None,
        "waiver": judged.waiver,
        "known": judged.known,
        "check": finding.check.partition("/")[2],
        "place": place,
    }


def threat_rows(material: Material) -> list[dict[str, object]]:
    """The threats that stand, worst first."""
    return [_threat(threat, material) for threat in material.analysis.threats]


def _threat(threat: Threat, material: Material) -> dict[str, object]:
    factors = {of: "; ".join(f.why for f in threat.risk.factors if f.of == of) for of in ("likelihood", "impact")}
    return {
        "id": threat.id,
        "title": threat.title,
        "element": threat.element,
        "reason": threat.reason,
        "attacker": str(threat.attacker),
        "harms": ", ".join(harm.value for harm in threat.properties),
        "stages": ", ".join(stage.value for stage in threat.stages),
        "risk": threat.risk.level.value,
        "residual": residual(threat, material.held).level.value,
        "likelihood": f"{threat.risk.likelihood} of 5: {factors['likelihood']}",
        "impact": f"{threat.risk.impact} of 5: {factors['impact']}",
        "mitigations": [mitigation.control for mitigation in threat.mitigations],
    }


def _control(material: Material, row: Row) -> dict[str, object]:
    control = material.controls[row.control_id]
    answered = [j for j in row.findings if j.finding.message != NO_CHECK]
    shown, folded = _folded(answered)
    names = {question.id: question.question for question in control.checks}
    silent = [names.get(j.finding.check, j.finding.check) for j in row.findings if j.finding.message == NO_CHECK]
    return {
        "id": row.control_id,
        "title": row.title,
        "outcome": row.outcome.value,
        "waived": row.waived,
        "required": _required(row),
        "question": control.question,
        "motivation": control.motivation,
        "said": _said(row),
        "answers": [entry(judged) for judged in shown],
        "folded": [entry(judged) for judged in folded],
        "silent": [question.rstrip("?") for question in silent],
        "remedy": control.remedy if row.outcome is not Outcome.HOLDS else None,
        "tra": control.tra,
        "crosswalk": [mapped.id for mapped in control.crosswalk],
        "evidence": material.evidence.get(row.control_id, ""),
    }


def _folded(answers: Iterable[JudgedFinding]) -> tuple[list[JudgedFinding], list[JudgedFinding]]:
    """The first few answers of each check and outcome, and the rest."""
    seen: dict[tuple[str, Outcome], int] = {}
    shown: list[JudgedFinding] = []
    folded: list[JudgedFinding] = []
    for judged in answers:
        kind = (judged.finding.check, judged.finding.outcome)
        seen[kind] = seen.get(kind, 0) + 1
        (shown if seen[kind] <= SHOWN else folded).append(judged)
    return shown, folded


def _said(row: Row) -> str:
    """What a folded control says of itself: the first answer that has its outcome, and how many more there are."""
    same = [
        j.finding.message for j in row.findings if j.finding.outcome is row.outcome and j.finding.message != NO_CHECK
    ]
    if not same or row.outcome is Outcome.HOLDS:
        return ""
    return same[0] if len(same) == 1 else f"{same[0].rstrip('.')}. And {len(same) - 1} more."


def _required(row: Row) -> str:
    asked = {judged.finding.check for judged in row.findings}
    wanted = {judged.finding.check for judged in row.findings if judged.required}
    if not wanted:
        return ""
    return "required" if wanted == asked else f"{len(wanted)} of {len(asked)} required"
