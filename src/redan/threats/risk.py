"""Risk: likelihood against impact on an ordinal matrix, every factor named, and what remains after proven controls.

Source: NIST SP 800-30 revision 1, tables G-2 to I-2, for the way of combining; the points are ours (docs/threats.md).
Nothing is averaged over threats: there is no score for a system.
"""

from collections.abc import Mapping

from redan.system.records import Dataset, Endpoint, Exposure, Model
from redan.system.system import System
from redan.terms import Level, Outcome, Property
from redan.threats.facts import personal_columns
from redan.threats.place import Place
from redan.threats.records import Access, Factor, Knowledge, Mitigation, Risk, RiskLevel, Threat
from redan.threats.taxonomy import Entry
from redan.threats.techniques import Technique

_EXPOSURE: dict[Exposure, int] = {"local": 0, "internal": 1, "partner": 2, "public": 3}
_KNOWLEDGE: dict[Knowledge, int] = {"full": 0, "some": 1, "none": 2}
_ACCESS: dict[Access, int] = {
    "insider": 0,
    "supplier": 1,
    "network": 1,
    "physical": 1,
    "person": 2,
    "contribute": 2,
    "query": 2,
}
_MATURITY = {"feasible": 0, "demonstrated": 1, "realized": 2}
_MANY_CASES = 3  # a technique with this many published cases is everyday work for attackers
_WORTH = {Level.LOW: 1, Level.MEDIUM: 2, Level.HIGH: 3}
_STEPS = 5
_POINTS_A_STEP = 2  # ten points at most make five steps
_L, _M, _H, _C = RiskLevel
# Rows: likelihood 1 to 5; columns: impact 1 to 5.
MATRIX: tuple[tuple[RiskLevel, ...], ...] = (
    (_L, _L, _L, _M, _M),
    (_L, _L, _M, _M, _H),
    (_L, _M, _M, _H, _H),
    (_L, _M, _H, _H, _C),
    (_M, _H, _H, _C, _C),
)


def assess(system: System, technique: Technique, place: Place, known: Mapping[str, Entry]) -> Risk:
    """The risk of a technique at a place, before any control.

    Args:
        system: the description.
        technique: the attack.
        place: where it applies, how exposed that is, and what is at stake.
        known: the pinned taxonomy entries by edition-qualified id.

    Returns:
        Likelihood 1 to 5 from exposure (0 to 3), knowledge (0 to 2), access (0 to 2) and evidence (0 to 3), two points
        a step; impact 1 to 5 from worth (1 to 3), duty, action and secrecy (0 or 1 each).
    """
    likely = (
        Factor("likelihood", "exposure", _EXPOSURE[place.exposure], place.exposed_by),
        _knowledge(technique.attacker.knowledge),
        Factor("likelihood", "access", _ACCESS[technique.attacker.access], f"the attacker {_access(technique)}"),
        evidence(technique.evidence, known),
    )
    harm = tuple(_impact(system, technique, place))
    likelihood = max(1, sum(f.points for f in likely) // _POINTS_A_STEP)
    impact = min(_STEPS, sum(f.points for f in harm))
    return Risk(likelihood, impact, level(likelihood, impact), (*likely, *harm))


def level(likelihood: int, impact: int) -> RiskLevel:
    """The cell of the matrix.

    Raises:
        ValueError: a step is not 1 to 5.
    """
    if not (1 <= likelihood <= _STEPS and 1 <= impact <= _STEPS):
        raise ValueError(f"steps go from 1 to {_STEPS}")
    return MATRIX[likelihood - 1][impact - 1]


def evidence(references: tuple[str, ...], known: Mapping[str, Entry]) -> Factor:
    """How far the technique has left the laboratory: the most mature of its references, and its published cases."""
    found = [known[reference] for reference in references if reference in known]
    best = max(found, key=lambda e: (_MATURITY.get(e.maturity or "", 0), e.case_studies or 0), default=None)
    if best is None or best.maturity is None:
        return Factor("likelihood", "evidence", 0, "no public taxonomy counts cases of it")
    cases = best.case_studies or 0
    many = 1 if cases >= _MANY_CASES and best.maturity == "realized" else 0
    points = _MATURITY.get(best.maturity, 0) + many
    noun = "case" if cases == 1 else "cases"
    return Factor("likelihood", "evidence", points, f"{best.id}: {best.maturity}, {cases} published {noun}")


def in_force(system: System, outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """The outcomes without those that prove nothing: a control that the team rejected holds, but protects nobody."""
    rejected = {name for name, stance in system.tables.controls.items() if stance.decision == "rejected"}
    return {control: outcome for control, outcome in outcomes.items() if control not in rejected}


def residual(threat: Threat, held: Mapping[str, Outcome]) -> Risk:
    """The risk that remains after the controls that hold by evidence.

    Args:
        threat: a derived threat.
        held: outcome by control id, as `in_force` leaves them; only `holds` counts, so waived, stale or not-run do not.

    Returns:
        The strongest held control lowers the likelihood by its strength, and two or more by one step further, never
        below 1; the impact stays, because no control makes an asset worth less.
    """
    holding = [m for m in threat.mitigations if held.get(m.control) is Outcome.HOLDS]
    if not holding:
        return threat.risk
    steps = max(m.strength for m in holding) + (1 if len(holding) > 1 else 0)
    likelihood = max(1, threat.risk.likelihood - steps)
    factor = Factor("likelihood", "controls", likelihood - threat.risk.likelihood, _holding(holding))
    impact = threat.risk.impact
    return Risk(likelihood, impact, level(likelihood, impact), (*threat.risk.factors, factor))


def _holding(mitigations: list[Mitigation]) -> str:
    return f"{', '.join(m.control for m in mitigations)} {'holds' if len(mitigations) == 1 else 'hold'} by evidence"


def _knowledge(knowledge: Knowledge) -> Factor:
    words = {"full": "the whole model must be known", "some": "some of the model must be known"}
    return Factor("likelihood", "knowledge", _KNOWLEDGE[knowledge], words.get(knowledge, "nothing must be known"))


def _access(technique: Technique) -> str:
    return str(technique.attacker).rsplit(", ", 1)[1]


def _impact(system: System, technique: Technique, place: Place) -> list[Factor]:
    worth, why = _worth(system, place.assets)
    factors = [Factor("impact", "worth", _WORTH[worth], why)]
    if system.about.regulated:
        factors.append(Factor("impact", "duty", 1, "a regulator demands explanations or records"))
    if system.about.acts and Property.INTEGRITY in technique.properties:
        factors.append(Factor("impact", "action", 1, "answers trigger actions without a person in between"))
    if Property.CONFIDENTIALITY in technique.properties and (secret := _secret(system, place.assets)):
        factors.append(Factor("impact", "secrecy", 1, secret))
    return factors


def _worth(system: System, assets: tuple[str, ...]) -> tuple[Level, str]:
    found = [(name, system.elements.get(name)) for name in assets]
    worths = [(e.worth, name) for name, e in found if isinstance(e, Dataset | Model | Endpoint)]
    if not worths:
        return Level.MEDIUM, "no worth is declared"
    worth, name = max(worths, key=lambda pair: _WORTH[pair[0]])
    return worth, f"{name} is of {worth} worth"


def _secret(system: System, assets: tuple[str, ...]) -> str | None:
    for name in assets:
        element = system.elements.get(name)
        if isinstance(element, Dataset | Model) and element.confidential:
            return f"{name} is confidential"
        if isinstance(element, Dataset) and personal_columns(element):
            return f"{name} tells about people"
    return None
