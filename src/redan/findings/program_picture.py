"""What the reprogramming of a model looks like: the program, inputs within it, and how often it is right on the way."""

from dataclasses import dataclass

from redan.canon import Json
from redan.findings.attack_pictures import Band

MOST_FRAMES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammedInput:
    """A program, or an input within it.

    Args:
        words: below it, such as `7, answered sandal, which stands for 7`.
        image: a small PNG as a data URI.
    """

    words: str
    image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """A program and a few foreign inputs within it, for a page that the owner of the model asked for.

    Args:
        title: what is shown.
        frames: 12 at most, the program first.
        note: how they were made visible.
    """

    title: str
    frames: tuple[ProgrammedInput, ...]
    note: str = ""

    def to_json(self) -> dict[str, Json]:
        """The picture as a page takes it."""
        frames: list[Json] = [{"words": one.words, "image": one.image} for one in self.frames[:MOST_FRAMES]]
        return {"kind": "programs", "title": self.title, "frames": frames, "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """How often programs are right on fresh inputs, over what the model has answered.

    Args:
        title: what is shown.
        unit: what is counted along the axis, such as `questions`.
        counts: along the axis, ascending.
        lines: one for each attempt, accuracies in [0, 1]; a gap where it was not measured.
        threshold: accuracy that is agreed on.
        levels: what accuracies are to be held against, by name, such as chance.
    """

    title: str
    unit: str
    counts: tuple[int, ...]
    lines: tuple[Band, ...]
    threshold: float | None = None
    levels: tuple[tuple[str, float], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "learning-curve",
            "title": self.title,
            "unit": self.unit,
            "counts": [*self.counts],
            "lines": [line.to_json() for line in self.lines],
            "threshold": self.threshold,
            "levels": [{"name": name, "value": value} for name, value in self.levels],
        }
