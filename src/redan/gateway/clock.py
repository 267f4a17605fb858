"""A clock that never goes back: what was spent stays spent, and what was too old stays too old.

When the wall clock is set back, time goes on at half its speed until the wall clock has caught up. Budgets refill no
faster, a nonce is not forgotten while its signature could be believed again, and an expired token stays expired. What
clients sign by a clock that is far behind is refused meanwhile: whether it is a replay could not be told.

Source: A-MLSG-004-D003; R25.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

_LOG = logging.getLogger("redan.gateway")
_SLOWED: Final = 0.5
_WORTH_SAYING_S: Final = 1.0


class Clock:
    """Seconds since the epoch, never less than before to the thread that asks.

    Args:
        since: seconds since the epoch that it starts at, at least, such as when the kept state was written.
        wall: seconds since the epoch, as the machine has them; may go back.
        steady: seconds since any moment; never goes back.
    """

    __slots__ = ("_anchor", "_last", "_steady", "_wall", "behind")

    def __init__(
        self,
        since: float = 0.0,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._last = since
        self._anchor: tuple[float, float] | None = None  # what it said, and the steady time, when the wall went back
        self.behind = 0.0

    def __call__(self) -> float:
        """Seconds since the epoch."""
        wall = self._wall()
        if wall >= self._last:
            self._last = wall
            if self._anchor is not None:
                self._anchor, self.behind = None, 0.0
            return wall
        return self._slowed(wall)

    def _slowed(self, wall: float) -> float:
        steady = self._steady()
        if self._anchor is None:
            self._anchor = self._last, steady
            if self._last - wall > _WORTH_SAYING_S:
                _LOG.warning(
                    "the clock was set back %.0f s; time goes slower until it has caught up", self._last - wall
                )
        said, then = self._anchor
        self._last = max(self._last, said + _SLOWED * (steady - then))
        self.behind = self._last - wall
        return self._last
