"""From a system to its threats: every rule asked, each threat weighed, exclusions taken out with their reasons."""

import difflib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from redan.errors import ConfigError, escaped
from redan.system.records import Exclusion
from redan.system.system import System
from redan.terms import ThreatClass
from redan.threats.place import Place
from redan.threats.records import Excluded, Risk, Threat
from redan.threats.risk import assess
from redan.threats.rules import RULES
from redan.threats.taxonomy import entries
from redan.threats.techniques import Technique, techniques


class Analysis(NamedTuple):
    """The threats of one system.

    Args:
        threats: those that stand, worst first.
        excluded: those that the description excludes, each with its reason.
    """

    threats: tuple[Threat, ...]
    excluded: tuple[Threat, ...]


def derive(system: System) -> Analysis:
    """The threats that apply to a system.

    Returns:
        Nothing for a system that declares nothing; a threat that does not apply is in neither list.

    Raises:
        ConfigError: an exclusion names no threat, or one that does not apply.
    """
    exclusions = tuple(_checked(system))
    used: set[int] = set()
    standing, excluded = [], []
    for threat in _apply(system):
        match = next((i for i, rule in enumerate(exclusions) if _covers(rule, threat)), None)
        if match is None:
            standing.append(threat)
        else:
            used.update(i for i, rule in enumerate(exclusions) if _covers(rule, threat))
            excluded.append(replace(threat, exclusion=_reason(system, match, exclusions[match])))
    for index, rule in enumerate(exclusions):
        if index not in used:
            raise _unmatched(system, index, rule)
    return Analysis(worst_first(standing), worst_first(excluded))


def worst_first(threats: list[Threat]) -> tuple[Threat, ...]:
    """Highest risk first; equal ones by impact, likelihood, technique and element."""

    def order(threat: Threat) -> tuple[int, int, int, str, str]:
        risk = threat.risk
        return (-risk.level.rank, -risk.impact, -risk.likelihood, threat.id, threat.element)

    return tuple(sorted(threats, key=order))


def _apply(system: System) -> Iterator[Threat]:
    known, shelf = entries(), techniques()
    for rule in RULES:
        seen: set[str] = set()
        for place in rule.applies(system):
            if place.element not in seen:
                seen.add(place.element)
                technique = shelf[rule.technique]
                yield _threat(technique, place, assess(system, technique, place, known))


def _threat(technique: Technique, place: Place, risk: Risk) -> Threat:
    return Threat(
        id=technique.id,
        threat_class=technique.threat_class,
        title=technique.title,
        element=place.element,
        reason=escaped(place.reason),
        attacker=technique.attacker,
        properties=technique.properties,
        stages=technique.stages,
        mitigations=technique.mitigations,
        references=technique.references,
        risk=risk,
        assets=place.assets,
    )


def _checked(system: System) -> Iterator[Exclusion]:
    names = [*techniques(), *ThreatClass]
    for index, exclusion in enumerate(system.tables.exclusion):
        if exclusion.threat not in names:
            near = difflib.get_close_matches(exclusion.threat, names, n=1)
            advice = f"did you mean {near[0]!r}?" if near else "redan threats lists the ids"
            raise ConfigError(
                f"exclusion names {exclusion.threat!r}, which is no threat",
                where=_where(system, index, "threat"),
                remedy=advice,
            )
        yield exclusion


def _covers(exclusion: Exclusion, threat: Threat) -> bool:
    named = exclusion.threat in {threat.id, threat.threat_class.value}
    return named and exclusion.element in {None, threat.element}


def _reason(system: System, index: int, exclusion: Exclusion) -> Excluded:
    line = system.line(f"exclusion:{index}")
    return Excluded(exclusion.justification, exclusion.reason, exclusion.owner, line)


def _unmatched(system: System, index: int, exclusion: Exclusion) -> ConfigError:
    place = f" at {exclusion.element}" if exclusion.element else ""
    return ConfigError(
        f"exclusion of {exclusion.threat}{place} matches no threat that applies",
        where=_where(system, index),
        remedy="remove it, or name an element that the threat applies to",
    )


def _where(system: System, index: int, key: str | None = None) -> str:
    return f"{system.origin.file}:{system.line(f'exclusion:{index}', key)}"
