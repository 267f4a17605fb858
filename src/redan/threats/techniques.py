"""The techniques: what is true of an attack wherever it applies, read from `techniques.toml`."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

from redan.terms import Property, Stage, ThreatClass
from redan.threats.records import Attacker, Mitigation


class Technique(NamedTuple):
    """One attack as the field knows it; the fields are those of a threat.

    Args:
        evidence: references whose maturity and number of known cases weigh in the likelihood.
    """

    id: str
    threat_class: ThreatClass
    title: str
    attacker: Attacker
    properties: tuple[Property, ...]
    stages: tuple[Stage, ...]
    mitigations: tuple[Mitigation, ...]
    references: tuple[str, ...]
    evidence: tuple[str, ...]


def techniques() -> Mapping[str, Technique]:
    """All techniques by id, in the order of the file."""
    text = files("redan.threats").joinpath("techniques.toml").read_text(encoding="utf-8")
    found = (_technique(row) for row in tomllib.loads(text)["technique"])
    return MappingProxyType({technique.id: technique for technique in found})


def _technique(row: Mapping[str, Any]) -> Technique:
    strengths = sorted(row["mitigations"].items(), key=lambda pair: (-pair[1], pair[0]))
    return Technique(
        id=row["id"],
        threat_class=ThreatClass(row["class"]),
        title=row["title"],
        attacker=Attacker(row["knowledge"], row["access"]),
        properties=tuple(Property(word) for word in row["properties"]),
        stages=tuple(Stage(word) for word in row["stages"]),
        mitigations=tuple(Mitigation(control, strength) for control, strength in strengths),
        references=tuple(row["references"]),
        evidence=tuple(row["evidence"]),
    )
