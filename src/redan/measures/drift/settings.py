"""How much may move, and how often the alarm may be false: one budget over columns, checks and time."""

from typing import NamedTuple

TOLERATED = 0.1  # a tenth of the rows; in the normal case a shift by a quarter of a standard deviation
ALARMS = 0.05
LOOKS = 30
ONE_SD = 0.383  # share of rows that a shift by one standard deviation moves: what must be noticed, at least
MARGIN = ONE_SD - TOLERATED  # so what chance may hide, at most, for a comparison to say anything


class Settings(NamedTuple):
    """What decides.

    Args:
        tolerated: share of rows that may move without alarm, in [0, 1).
        alarms: chance of one false alarm or more over all looks together, in (0, 1).
        looks: how often current data is compared with this reference: 30 for once a day during a month.
    """

    tolerated: float = TOLERATED
    alarms: float = ALARMS
    looks: int = LOOKS

    @property
    def look(self) -> float:
        """The part of the budget that one look may spend."""
        return self.alarms / self.looks


class Parts(NamedTuple):
    """How one look spends its part; together at most one."""

    columns: float = 0.5
    joint: float = 0.25
    classes: float = 0.125
    windows: float = 0.125
