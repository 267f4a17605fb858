"""What triggers look like that were worked out of a model, class by class."""

from dataclasses import dataclass

from redan.canon import Json

MOST_TRIGGERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerShot:
    """The trigger of one class.

    Args:
        words: below it, such as the class and the size.
        mask: where it lies, as a data URI of a small PNG.
        pattern: what it puts there.
        example: a sample with it; the empty string where no sample is to be shown.
        flagged: whether it is told.
    """

    words: str
    mask: str
    pattern: str
    example: str = ""
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """Mask, pattern and an example for each class.

    Args:
        title: what is shown.
        shots: 12 at most.
        note: how to read them.
    """

    title: str
    shots: tuple[TriggerShot, ...]
    note: str = ""

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        shots: list[Json] = [
            {"words": s.words, "mask": s.mask, "pattern": s.pattern, "example": s.example, "flagged": s.flagged}
            for s in self.shots[:MOST_TRIGGERS]
        ]
        return {"kind": "triggers", "title": self.title, "shots": shots, "note": self.note}
