"""What a threat is: an attack applied to one element of the system, with its reason and its risk."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from redan.canon import Json
from redan.terms import Property, Stage, ThreatClass

Knowledge = Literal["none", "some", "full"]
Access = Literal["query", "contribute", "person", "physical", "network", "supplier", "insider"]


class RiskLevel(StrEnum):
    """A risk on an ordinal scale; there is no number behind it and none for the whole system."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return tuple(RiskLevel).index(self)


class Factor(NamedTuple):
    """One reason why a likelihood or an impact is what it is.

    Args:
        of: `likelihood` or `impact`.
        name: what was looked at, such as `exposure`.
        points: what it adds; negative for a control that holds.
        why: one clause that names the fact.
    """

    of: Literal["likelihood", "impact"]
    name: str
    points: int
    why: str

    def to_json(self) -> dict[str, Json]:
        """The factor as the published threats schema writes it."""
        return {"of": self.of, "name": self.name, "points": self.points, "why": self.why}


class Risk(NamedTuple):
    """Likelihood and impact on ordinal scales from 1 to 5, and the level that the matrix gives them."""

    likelihood: int
    impact: int
    level: RiskLevel
    factors: tuple[Factor, ...]

    def to_json(self) -> dict[str, Json]:
        """The risk as the published threats schema writes it."""
        return {
            "likelihood": self.likelihood,
            "impact": self.impact,
            "level": self.level.value,
            "factors": [factor.to_json() for factor in self.factors],
        }


class Attacker(NamedTuple):
    """What the attacker needs at least: knowledge of the model, and a way in."""

    knowledge: Knowledge
    access: Access

    def __str__(self) -> str:
        """One clause, such as `no knowledge of the model, sends requests`."""
        return f"{_KNOWLEDGE[self.knowledge]}, {_ACCESS[self.access]}"


class Mitigation(NamedTuple):
    """A control that lowers the likelihood by `strength` steps (1 to 3) when it holds by evidence."""

    control: str
    strength: int


class Excluded(NamedTuple):
    """Why the team holds that a threat does not apply.

    Args:
        justification: a status justification of OpenVEX 0.2.0.
        reason: the team's own words.
        owner: who answers for it.
        line: line of the exclusion in the description.
    """

    justification: str
    reason: str
    owner: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """One attack on one element.

    Args:
        id: id of the technique, such as `poisoning.label-flip`; stable, never reused.
        threat_class: the class it belongs to.
        title: one sentence that says what happens.
        element: id of the element, such as `dataset:train`; `system` when there is no narrower one.
        reason: one sentence that names the declared fact because of which it applies.
        attacker: what the attacker needs.
        properties: what it harms.
        stages: where in the life cycle it enters.
        mitigations: controls that lower its likelihood, strongest first.
        references: edition-qualified ids of public taxonomies.
        risk: before any control.
        assets: ids of the elements whose worth is at stake.
        exclusion: why it is left out of the list; None for a threat that stands.
    """

    id: str
    threat_class: ThreatClass
    title: str
    element: str
    reason: str
    attacker: Attacker
    properties: tuple[Property, ...]
    stages: tuple[Stage, ...]
    mitigations: tuple[Mitigation, ...]
    references: tuple[str, ...]
    risk: Risk
    assets: tuple[str, ...] = ()
    exclusion: Excluded | None = None

    @property
    def key(self) -> str:
        """Identity within one system: technique and element."""
        return f"{self.id}@{self.element}"


_KNOWLEDGE = {"none": "no knowledge of the model", "some": "some knowledge of the model", "full": "the model itself"}
_ACCESS = {
    "query": "sends requests",
    "contribute": "contributes data",
    "person": "talks to people",
    "physical": "stands before the sensor",
    "network": "sits on the network path",
    "supplier": "supplies a part",
    "insider": "reaches the storage",
}
