"""What a membership attack's curve looks like, its low end as large as the rest."""

from dataclasses import dataclass

from redan.canon import Json
from redan.findings.attack_pictures import Band


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRoc:
    """True-positive rates over false-positive rates, both by powers of ten.

    Args:
        title: what is shown.
        rates: of false positives, ascending, in (0, 1].
        lines: true-positive rates of attacks, and of a baseline that does not see the model.
        lowest: the lowest false-positive rate that the non-members can show.
        multiple: of the false-positive rate that true-positive rates are to stay below; None where none is agreed.
    """

    title: str
    rates: tuple[float, ...]
    lines: tuple[Band, ...]
    lowest: float
    multiple: float | None = None

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "log-roc",
            "title": self.title,
            "rates": [*self.rates],
            "lines": [line.to_json() for line in self.lines],
            "lowest": self.lowest,
            "multiple": self.multiple,
        }
