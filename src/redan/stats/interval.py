"""What every interval of the product is."""

from typing import NamedTuple


class Interval(NamedTuple):
    """A confidence interval of a measure, in the measure's own unit."""

    low: float
    high: float
