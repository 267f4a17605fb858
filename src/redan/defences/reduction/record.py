"""What was done to a model, and how many numbers it held before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from redan.canon import Json

Way: TypeAlias = Literal[
    "distillation",
    "magnitude pruning",
    "structured pruning",
    "cost-complexity pruning",
    "depth limit",
    "fewer features",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """A reduced model; that it gives away less is not said by this: `membership_gain` and `exposure_gain` measure it.

    Args:
        model: the new one; the one before stays as it was.
        way: how it was reduced.
        settings: of that way.
        numbers_before: weights of the model before; nodes of trees.
        numbers_after: of the new one, those that are not zero.
        bytes_before: that its numbers take in memory.
        bytes_after: likewise; zeros that are stored count in full.
    """

    model: Any
    way: Way
    settings: Mapping[str, Json] = field(default_factory=dict)
    numbers_before: int
    numbers_after: int
    bytes_before: int
    bytes_after: int

    @property
    def saved(self) -> float:
        """Share of bytes that are saved; below zero where the new model is larger."""
        return 1.0 - self.bytes_after / self.bytes_before if self.bytes_before else 0.0

    def record(self) -> dict[str, Json]:
        """All but the model, for a report."""
        return {
            "way": self.way,
            "settings": dict(self.settings),
            "numbers_before": self.numbers_before,
            "numbers_after": self.numbers_after,
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
        }
