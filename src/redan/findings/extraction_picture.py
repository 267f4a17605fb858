"""What copies of a model look like over the number of questions."""

from dataclasses import dataclass

from redan.canon import Json
from redan.findings.attack_pictures import Band


@dataclass(frozen=True, slots=True, kw_only=True)
class FidelityCurve:
    """How often copies answer as the model does, over the number of questions that made them.

    Args:
        title: what is shown.
        queries: numbers of questions, ascending.
        lines: one for each attack, fidelities in [0, 1]; a gap where an attack was not judged.
        threshold: fidelity that is agreed on.
        levels: what copies are to be held against, by name, such as the majority class.
    """

    title: str
    queries: tuple[int, ...]
    lines: tuple[Band, ...]
    threshold: float | None = None
    levels: tuple[tuple[str, float], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "fidelity-curve",
            "title": self.title,
            "queries": [*self.queries],
            "lines": [line.to_json() for line in self.lines],
            "threshold": self.threshold,
            "levels": [{"name": name, "value": value} for name, value in self.levels],
        }
