"""Watching a stream of batches against a frozen reference: alarms that are false at most once in twenty streams, ever.

Before each batch, the bins in which current rows gathered so far are bet on; a bet wins when more rows of the new batch
fall there than the reference, its own uncertainty and the tolerated share explain.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from redan.measures.drift.bins import Bins, Counts
from redan.measures.drift.counting import count
from redan.measures.drift.frozen import Frozen
from redan.measures.drift.settings import ALARMS, TOLERATED
from redan.stats.e_values import Process, share_above
from redan.tables import table_of

REFERENCE_PART = 0.2  # of the budget, spent once: that the reference itself is no good sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """What a stream of batches came to so far; every batch gives a new one.

    Args:
        frozen: the reference.
        tolerated: share of rows that may move.
        alarms: chance of a false alarm at any time.
        processes: evidence by column.
        gathered: rows in each bin so far, by column.
        batches: seen so far.
    """

    frozen: Frozen
    tolerated: float = TOLERATED
    alarms: float = ALARMS
    processes: Mapping[str, Process] = field(default_factory=dict)
    gathered: Mapping[str, Counts] = field(default_factory=dict)
    batches: int = 0

    @property
    def evidence(self) -> float:
        """The mean over columns: an e-value at any time, whatever the columns have to do with each other."""
        found = [self.processes.get(b.name, Process()).value for b in self.frozen.bins]
        return float(np.mean(found)) if found else 1.0

    @property
    def alarm(self) -> bool:
        """Whether the evidence is enough for the budget."""
        return self.evidence >= 1.0 / (self.alarms * (1 - REFERENCE_PART))

    @property
    def shifted(self) -> tuple[str, ...]:
        """The columns that moved, each for sure enough on its own, strongest evidence first."""
        enough = len(self.frozen.bins) / (self.alarms * (1 - REFERENCE_PART))
        found = sorted(self.processes.items(), key=lambda pair: (-pair[1].value, pair[0]))
        return tuple(name for name, process in found if process.value >= enough)

    def after(self, batch: object, *, seed: int = 0) -> "Monitor":
        """The monitor after one more batch.

        Args:
            batch: a table of any engine with the columns of the reference; columns it lacks are passed over.
            seed: of bounded samples.
        """
        return self.after_counts(count(table_of(batch), self.frozen.bins, seed))

    def after_counts(self, counts: Mapping[str, Counts]) -> "Monitor":
        """The same from counts over the frozen bins.

        Args:
            counts: by column.
        """
        processes, gathered = dict(self.processes), dict(self.gathered)
        for one in self.frozen.bins:
            if one.name not in counts:
                continue
            now = counts[one.name]
            before = gathered.get(one.name)
            bet = 1.0 if before is None else self._bet(one, before, now)
            processes[one.name] = processes.get(one.name, Process()).after(bet)
            gathered[one.name] = now if before is None else _faded(before) + now
        return replace(self, processes=processes, gathered=gathered, batches=self.batches + 1)

    def _bet(self, bins: Bins, before: Counts, now: Counts) -> float:
        reference = self.frozen.counts[bins.name]
        n, m = reference.sum(), before.sum()
        if not n or not m:
            return 1.0
        p, gained = reference / n, before / m - reference / n
        level = self.alarms * REFERENCE_PART / (2 * len(self.frozen.bins))
        # Each bound is for all regions of its kind, so the region may be chosen anew before each batch.
        wide = float(np.sqrt(p * (1 - p) / n).sum()) / 2 + math.sqrt(math.log(1 / level) / (2 * n))
        bets = [(gained > 0, wide)]
        if bins.ordered:
            bets.append((_one_end(gained), math.sqrt(math.log(2 / level) / (2 * n))))
        rows = int(now.sum())
        shares = [min(float(p[region].sum()) + slack + self.tolerated, 1.0) for region, slack in bets]
        found = [share_above(int(now[r].sum()), rows, share) for (r, _), share in zip(bets, shares, strict=True)]
        return float(np.mean(found))


def _one_end(gained: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The bins above or below one edge that gained the most together."""
    below = np.cumsum(gained)[:-1]
    cut = int(np.argmax(np.abs(below)))
    places = np.arange(len(gained))
    return places <= cut if below[cut] > 0 else places > cut


def _faded(counts: Counts) -> Counts:
    """What was gathered counts half with every batch, so that a bet follows where rows are going."""
    return np.asarray(counts // 2)
