"""Threats: rules from the described system to the attacks that apply, each with its reason and its risk."""

from redan.threats.derive import Analysis, derive
from redan.threats.records import Attacker, Excluded, Factor, Mitigation, Risk, RiskLevel, Threat
from redan.threats.risk import in_force, residual

__all__ = [
    "Analysis",
    "Attacker",
    "Excluded",
    "Factor",
    "Mitigation",
    "Risk",
    "RiskLevel",
    "Threat",
    "derive",
    "in_force",
    "residual",
]
