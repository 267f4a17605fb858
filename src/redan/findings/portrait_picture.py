"""What a generator shows of a model's classes, beside means of real ones."""

from dataclasses import dataclass

from redan.canon import Json

MOST_CLASSES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """One class.

    Args:
        words: its name, and how alike.
        real: mean of real pictures of it, as a data URI of a small PNG.
        made: mean of what was generated, likewise.
        samples: single ones of what was generated, six at most.
        twin: mean of what a generator makes of a model with labels in random order.
    """

    words: str
    real: str
    made: str
    samples: tuple[str, ...]
    twin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitRows:
    """A row for each class: mean of real pictures, mean and samples of generated ones, and the baseline's mean.

    Args:
        title: what is shown.
        rows: 12 at most.
        note: what the numbers beside them are.
    """

    title: str
    rows: tuple[Portrait, ...]
    note: str = ""

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        rows: list[Json] = [
            {"words": one.words, "real": one.real, "made": one.made, "samples": [*one.samples], "twin": one.twin}
            for one in self.rows[:MOST_CLASSES]
        ]
        return {"kind": "portraits", "title": self.title, "rows": rows, "note": self.note}
