"""From numbers to places in a picture, and the round numbers that stand at an axis."""

import math
from dataclasses import dataclass

from redan.reports.words import brief, number

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map of [low, high] onto [0, 100] per cent of a picture's width or height.

    Args:
        low: smallest number.
        high: largest number, above `low`.
    """

    low: float
    high: float

    @classmethod
    def over(cls, values: list[float], *, zero: bool = False) -> "Scale":
        """A scale that holds all values; never of no width.

        Args:
            values: what is shown.
            zero: whether zero is always shown.
        """
        shown = [*values, 0.0] if zero or not values else values
        low, high = min(shown), max(shown)
        if high > low:
            return cls(low, high)
        return cls(low, low + (abs(low) or 1.0))

    def at(self, value: float) -> float:
        """Per cent from the low end; values outside stand at the end."""
        inside = min(max(value, self.low), self.high)
        return 100.0 * (inside - self.low) / (self.high - self.low)

    def ticks(self, count: int = 4) -> list[float]:
        """About `count` round numbers inside the scale, ascending."""
        rough = (self.high - self.low) / max(count, 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in _STEPS if power * factor >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [min(max(round(i * step, 12), self.low), self.high) for i in range(first, last + 1)]


def worded(value: float, unit: str) -> str:
    """A number with its unit as an axis or a row shows it: `12%`, `3.4`, `1,200`."""
    if unit == "share":
        per_cent = 100 * value
        return f"{per_cent:.0f}%" if per_cent >= 10 or per_cent == 0 else f"{per_cent:.2g}%"  # noqa: PLR2004
    return number(float(f"{value:.3g}"))


def told(value: float, unit: str) -> str:
    """The same beside a mark, in three digits: `42.5%`; never all or nothing of what is not."""
    return brief(value, unit) if unit == "share" else worded(value, unit)
