"""Watching a stream of batches against a frozen reference: alarms that are false at most once in twenty streams, ever.

Before each batch, the bins in which current rows gathered so far are bet on; a bet wins when more rows of the new batch
fall there than the reference, its own uncertainty and the tolerated share explain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from redan.measures.drift.bins import Bins, Counts
from redan.measures.drift.counting import count
from redan.measures.drift.frozen import Frozen
from redan.measures.drift.settings import ALARMS, TOLERATED
from redan.stats.count_bets import bet, faded
from redan.stats.e_values import Process
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
            gain = 1.0 if before is None else self._bet(one, before, now)
            processes[one.name] = processes.get(one.name, Process()).after(gain)
            gathered[one.name] = now if before is None else faded(before) + now
        return replace(self, processes=processes, gathered=gathered, batches=self.batches + 1)

    def _bet(self, bins: Bins, before: Counts, now: Counts) -> float:
        reference = self.frozen.counts[bins.name]
        level = self.alarms * REFERENCE_PART / (2 * len(self.frozen.bins))
        return bet(reference, before, now, ordered=bins.ordered, level=level, tolerated=self.tolerated)
