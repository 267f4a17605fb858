"""Measures that take hold later: with delay and jitter, so that an attacker cannot tell which query gave it away.

Source: arXiv 2405.20641, which reads detectors by their instant answers.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from redan.guards.contract import Measure


@dataclass(slots=True)
class Later:
    """Measures on their way.

    Args:
        delay_s: mean delay in seconds; each measure waits between half and one and a half of it.
        rng: of the jitter.
        waiting: by time.
    """

    delay_s: float
    rng: np.random.Generator
    waiting: list[tuple[float, int, Measure]] = field(default_factory=list)
    _count: int = 0

    def add(self, measures: Iterable[Measure], now: float) -> None:
        """Takes measures in."""
        for measure in measures:
            self._count += 1
            due = now + self.delay_s * (0.5 + float(self.rng.random()))
            heapq.heappush(self.waiting, (due, self._count, measure))

    def again(self, measures: Iterable[Measure], at: float) -> None:
        """Puts measures back that could not take hold.

        Args:
            measures: that were due.
            at: seconds since the epoch when they are due again.
        """
        for measure in measures:
            self._count += 1
            heapq.heappush(self.waiting, (at, self._count, measure))

    def due(self, now: float) -> list[Measure]:
        """The measures that take hold now, the earliest first."""
        found = []
        while self.waiting and self.waiting[0][0] <= now:
            found.append(heapq.heappop(self.waiting)[2])
        return found
