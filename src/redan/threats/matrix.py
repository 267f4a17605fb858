"""Stage against property: how many threats enter at a stage and harm a property, and how bad the worst is.

Source: ETSI GR SAI 004, which asks for confidentiality, integrity and availability at each stage of the life cycle.
"""

from collections.abc import Mapping
from typing import NamedTuple

from redan.terms import Outcome, Property, Stage
from redan.threats.records import RiskLevel, Threat
from redan.threats.risk import residual


class Cell(NamedTuple):
    """One cell of the matrix.

    Args:
        threat_count: threats that enter at the stage and harm the property.
        worst: the highest risk among them; None when there are none.
        remaining: the highest residual risk among them; None when there are none.
        threats: their keys, in the order given.
    """

    stage: Stage
    harm: Property
    threat_count: int
    worst: RiskLevel | None
    remaining: RiskLevel | None
    threats: tuple[str, ...]


def matrix(threats: tuple[Threat, ...], held: Mapping[str, Outcome] | None = None) -> tuple[Cell, ...]:
    """All cells, stage by stage in life-cycle order; empty cells too.

    Args:
        threats: those that stand; a threat with several stages or harms counts in each.
        held: outcome by control id, for the residual risk.
    """
    return tuple(_cell(stage, harm, threats, held or {}) for stage in Stage for harm in Property)


def _cell(stage: Stage, harm: Property, threats: tuple[Threat, ...], held: Mapping[str, Outcome]) -> Cell:
    inside = [t for t in threats if stage in t.stages and harm in t.properties]
    worst = max((t.risk.level for t in inside), key=lambda level: level.rank, default=None)
    remaining = max((residual(t, held).level for t in inside), key=lambda level: level.rank, default=None)
    return Cell(stage, harm, len(inside), worst, remaining, tuple(t.key for t in inside))
