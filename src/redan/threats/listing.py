"""The threats of a system as JSON, schema `redan/threats/v1` (schemas/threats.v1.schema.json)."""

from collections.abc import Mapping

from redan.canon import Json
from redan.system.system import System
from redan.terms import Outcome
from redan.threats.derive import Analysis
from redan.threats.matrix import Cell, matrix
from redan.threats.records import Excluded, Threat
from redan.threats.risk import residual

SCHEMA = "redan/threats/v1"


def as_json(system: System, analysis: Analysis, held: Mapping[str, Outcome]) -> dict[str, Json]:
    """The whole answer of `redan threats --format json`.

    Args:
        system: the description.
        analysis: what `derive` returned for it.
        held: outcome by control id, as `in_force` leaves them; empty when nothing is proven.
    """
    return {
        "schema": SCHEMA,
        "system": {
            "name": system.about.name,
            "stage": system.about.stage.value,
            "file": system.origin.file,
            "digest": system.digest,
        },
        "threats": [threat_json(system, threat, held) for threat in analysis.threats],
        "excluded": [threat_json(system, threat, held) for threat in analysis.excluded],
        "matrix": [_cell(cell) for cell in matrix(analysis.threats, held)],
    }


def threat_json(system: System, threat: Threat, held: Mapping[str, Outcome]) -> dict[str, Json]:
    """One threat with its risk before and after the controls that hold."""
    return {
        "id": threat.id,
        "class": threat.threat_class.value,
        "title": threat.title,
        "element": threat.element,
        "location": {"file": system.origin.file, "line": system.line(threat.element)},
        "reason": threat.reason,
        "attacker": {"knowledge": threat.attacker.knowledge, "access": threat.attacker.access},
        "properties": [harm.value for harm in threat.properties],
        "stages": [stage.value for stage in threat.stages],
        "assets": list(threat.assets),
        "references": list(threat.references),
        "risk": threat.risk.to_json(),
        "mitigations": [
            {"control": m.control, "strength": m.strength, "holds": held.get(m.control) is Outcome.HOLDS}
            for m in threat.mitigations
        ],
        "residual": residual(threat, held).to_json(),
        "exclusion": _exclusion(threat.exclusion),
    }


def _exclusion(excluded: Excluded | None) -> Json:
    return None if excluded is None else {**excluded._asdict()}


def _cell(cell: Cell) -> dict[str, Json]:
    return {
        "stage": cell.stage.value,
        "property": cell.harm.value,
        "count": cell.threat_count,
        "worst": None if cell.worst is None else cell.worst.value,
        "remaining": None if cell.remaining is None else cell.remaining.value,
        "threats": list(cell.threats),
    }
