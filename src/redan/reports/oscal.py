"""OSCAL 1.2 assessment-results: one observation per finding, one finding per control that was reviewed.

Source: NIST OSCAL 1.2.1, assessment-results model.
"""

import json
import uuid

from redan.canon import Json
from redan.findings import Finding
from redan.gating import Row
from redan.reports.material import Material
from redan.terms import Outcome

OSCAL_VERSION = "1.2.1"
NAMESPACE = uuid.UUID("9b1f0c1e-6a51-5e0b-9a50-3f1c2f6e7d10")
_STATE = {
    Outcome.HOLDS: ("satisfied", "pass"),
    Outcome.NOT_APPLICABLE: ("satisfied", "other"),
    Outcome.BROKEN: ("not-satisfied", "fail"),
}


def render(material: Material) -> bytes:
    """The judged evidence as an assessment-results document; ids follow from digests, so equal runs are equal."""
    at = material.results.at.isoformat().replace("+00:00", "Z")
    policy = material.results.policy_sha256
    plan = _uuid("policy", policy)
    document: Json = {
        "assessment-results": {
            "uuid": _uuid("results", material.system.about.name, policy, at),
            "metadata": {
                "title": f"redan: {material.system.about.name}",
                "last-modified": at,
                "version": material.results.tool,
                "oscal-version": OSCAL_VERSION,
            },
            "import-ap": {"href": f"#{plan}", "remarks": "the policy, registered before the checks ran"},
            "results": [_result(material, at)],
            "back-matter": {
                "resources": [{"uuid": plan, "title": "policy document", "description": f"SHA-256 {policy}"}]
            },
        }
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _result(material: Material, at: str) -> Json:
    rows = material.judgement.rows
    return {
        "uuid": _uuid("result", material.results.policy_sha256, at),
        "title": f"Gate {material.judgement.verdict.value}",
        "description": f"{len(rows)} controls of the catalogue, seed {material.results.seed}.",
        "start": at,
        "reviewed-controls": {
            "control-selections": [{"include-controls": [{"control-id": _token(row.control_id)} for row in rows]}]
        },
        "observations": [_observation(material, row, judged.finding, at) for row, judged in material.judged()],
        "findings": [_finding(row) for row in rows],
    }


def _observation(material: Material, row: Row, finding: Finding, at: str) -> Json:
    observation: dict[str, Json] = {
        "uuid": _observed(finding),
        "title": finding.check,
        "description": f"{finding.outcome.value}: {finding.message}",
        "props": [{"name": "outcome", "value": finding.outcome.value}, {"name": "subject", "value": _word(finding)}],
        "methods": ["TEST"],
        "types": ["finding" if finding.outcome is Outcome.BROKEN else "control-objective"],
        "collected": at,
    }
    if row.control_id in material.evidence:
        observation["relevant-evidence"] = [
            {"description": f"signed statement, SHA-256 {material.evidence[row.control_id]}"}
        ]
    return observation


def _finding(row: Row) -> Json:
    state, reason = _STATE.get(row.outcome, ("not-satisfied", "other"))
    finding: dict[str, Json] = {
        "uuid": _uuid("finding", row.control_id),
        "title": f"{row.control_id} {row.title}",
        "description": f"{row.outcome.value}{', waived' if row.waived else ''}",
        "target": {
            "type": "objective-id",
            "target-id": _token(row.control_id),
            "status": {"state": state, "reason": reason, "remarks": row.outcome.value},
        },
    }
    if row.findings:
        finding["related-observations"] = [{"observation-uuid": _observed(judged.finding)} for judged in row.findings]
    return finding


def _observed(finding: Finding) -> str:
    return _uuid("observation", finding.fingerprint)


def _word(finding: Finding) -> str:
    """A value without the white space at its ends that OSCAL strings forbid."""
    return " ".join(f"{finding.subject} {finding.part}".split()) or "system"


def _token(text: str) -> str:
    return text.lower()


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "\0".join(parts)))
