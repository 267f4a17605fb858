"""What the last evidence claims of each control, as CycloneDX declarations: claims, counter-claims, and their evidence.

Source: CycloneDX 1.7, `definitions.standards` and `declarations`. Controls without an answer claim nothing.
"""

from redan.canon import Json
from redan.gating import Row
from redan.reports.material import Material
from redan.reports.mlbom.parts import stated
from redan.terms import Outcome

_ANSWERED = frozenset({Outcome.HOLDS, Outcome.BROKEN})
_STANDARD = "standard:redan"
_ASSESSOR = "assessor:redan"
_SHOWN = 3
PACK = ".redan/evidence.json"


def definitions(material: Material) -> dict[str, Json]:
    """The catalogue as a standard whose requirements the claims are mapped to; empty when nothing was answered."""
    rows = _answered(material)
    if not rows:
        return {}
    requirements: list[Json] = [
        {"bom-ref": f"control:{row.control_id}", "identifier": row.control_id, "text": row.title} for row in rows
    ]
    standard: dict[str, Json] = {
        "bom-ref": _STANDARD,
        "name": "redan catalogue of AI security controls",
        "version": material.results.tool,
        "requirements": requirements,
    }
    return {"standards": [standard]}


def declarations(material: Material) -> dict[str, Json]:
    """Claims about the product, control by control; empty when nothing was answered."""
    rows = _answered(material)
    if not rows:
        return {}
    assessor: dict[str, Json] = {
        "bom-ref": _ASSESSOR,
        "thirdParty": False,
        "organization": {"name": f"redan {material.results.tool}"},
    }
    attestation: dict[str, Json] = {
        "summary": f"Checks of redan {material.results.tool}, policy {material.results.policy_sha256}",
        "assessor": _ASSESSOR,
        "map": [_mapped(row) for row in rows],
    }
    return stated(
        {
            "assessors": [assessor],
            "attestations": [attestation],
            "claims": [_claim(material, row) for row in rows],
            "evidence": [_evidence(material, row) for row in rows if row.control_id in material.evidence],
        }
    )


def _answered(material: Material) -> tuple[Row, ...]:
    return tuple(row for row in material.judgement.rows if row.outcome in _ANSWERED)


def _mapped(row: Row) -> Json:
    """A broken control is a counter-claim; a waiver accepts it and does not mend it."""
    holds = row.outcome is Outcome.HOLDS
    waived = ", accepted by a waiver" if row.waived else ""
    return {
        "requirement": f"control:{row.control_id}",
        "claims" if holds else "counterClaims": [f"claim:{row.control_id}"],
        "conformance": {"score": 1 if holds else 0, "rationale": f"{row.outcome.value}{waived}"},
    }


def _claim(material: Material, row: Row) -> Json:
    said = [j.finding.message for j in row.findings if j.finding.outcome is row.outcome]
    more = f" And {len(said) - _SHOWN} more." if len(said) > _SHOWN else ""
    known = [f"evidence:{row.control_id}"] if row.control_id in material.evidence else []
    return stated(
        {
            "bom-ref": f"claim:{row.control_id}",
            "target": "system",
            "predicate": row.title if row.outcome is Outcome.HOLDS else f"It is not so that: {row.title}",
            "reasoning": " ".join(said[:_SHOWN]) + more,
            "evidence": [*known],
        }
    )


def _evidence(material: Material, row: Row) -> Json:
    statement: dict[str, Json] = {
        "name": f"signed statement, SHA-256 {material.evidence[row.control_id]}",
        "contents": {"url": PACK},
    }
    return {
        "bom-ref": f"evidence:{row.control_id}",
        "propertyName": row.control_id,
        "data": [statement],
        "created": material.results.at.isoformat(),
    }
