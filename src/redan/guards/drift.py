"""Input that no longer comes as the reference did: evidence over all columns, valid whenever one looks.

Source: A-MLSG-004-D006; `redan.measures.drift.monitor` does the same offline, over the same bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.contract import Measure, Seen
from redan.stats.count_bets import Counts, bet, faded
from redan.stats.e_values import Process

_REFERENCE_PART = 0.2  # of the budget, spent once: that the reference itself is no good sample


class Column(NamedTuple):
    """The frozen reference of one column of numbers.

    Args:
        name: of the column.
        edges: inner edges of its bins, rising.
        counts: of the reference, one more than edges.
    """

    name: str
    edges: Array
    counts: Counts


@dataclass(slots=True)
class Drift:
    """A monitor of one model's input.

    Args:
        model: its name.
        columns: of the reference, in the order of the input's columns.
        rows: that make a batch of the evidence.
        tolerated: share of rows that may move.
        alarms: chance of a false alarm at any time.
        alarmed: whether there ever was enough evidence; that stays so until another reference is looked at.
    """

    model: str
    columns: tuple[Column, ...]
    rows: int = 512
    tolerated: float = 0.02
    alarms: float = 0.05
    name: str = "drift"
    alarmed: bool = False
    _waiting: list[Array] = field(default_factory=list)
    _processes: list[Process] = field(default_factory=list)
    _gathered: list[Counts | None] = field(default_factory=list)

    @property
    def evidence(self) -> float:
        """The mean over columns: an e-value at any time."""
        return float(np.mean([process.value for process in self._processes])) if self._processes else 1.0

    @property
    def alarm(self) -> bool:
        """Whether the evidence is enough for the budget."""
        return self.evidence >= 1.0 / (self.alarms * (1 - _REFERENCE_PART))

    def observe(self, batch: Sequence[Seen]) -> list[Measure]:
        """Takes a batch in; drift has no measure against anybody, it is shown and makes coverage invalid."""
        self._waiting += [seen.x for seen in batch if seen.model == self.model and seen.x.shape[1] == len(self.columns)]
        if sum(map(len, self._waiting)) >= self.rows:
            self._after(np.concatenate(self._waiting))
            self._waiting = []
            self.alarmed = self.alarmed or self.alarm
        return []

    def shifted(self) -> tuple[str, ...]:
        """The columns that moved, each for sure enough on its own."""
        enough = len(self.columns) / (self.alarms * (1 - _REFERENCE_PART))
        pairs = zip(self.columns, self._processes, strict=False)
        return tuple(column.name for column, process in pairs if process.value >= enough)

    def held(self) -> "tuple[bool, list[Process], list[list[int] | None]]":
        """What a restart may not forget; rows that are not yet a batch are."""
        gathered = [None if one is None else one.tolist() for one in self._gathered]
        return self.alarmed, list(self._processes), gathered

    def restore(self, alarmed: bool, processes: "list[Process]", gathered: "list[list[int] | None]") -> None:
        """Takes what another process held.

        Raises:
            ValueError: it is about other columns.
        """
        bins = [len(one.counts) for one in self.columns]
        if not len(processes) == len(gathered) or len(processes) not in {0, len(bins)}:
            raise ValueError("the kept evidence is about other columns")
        if any(one is not None and len(one) != n for one, n in zip(gathered, bins, strict=False)):
            raise ValueError("the kept evidence is about other columns")
        self.alarmed, self._processes = alarmed, processes
        self._gathered = [None if one is None else np.array(one, dtype=np.int64) for one in gathered]

    def _after(self, rows: Array) -> None:
        if not self._processes:
            self._processes = [Process() for _ in self.columns]
            self._gathered = [None for _ in self.columns]
        level = self.alarms * _REFERENCE_PART / (2 * len(self.columns))
        for place, column in enumerate(self.columns):
            cells = np.searchsorted(column.edges, rows[:, place], side="right")
            now = np.bincount(cells, minlength=len(column.counts)).astype(np.int64)
            before = self._gathered[place]
            gain = 1.0
            if before is not None:
                gain = bet(column.counts, before, now, ordered=True, level=level, tolerated=self.tolerated)
            self._processes[place] = self._processes[place].after(gain)
            self._gathered[place] = now if before is None else faded(before) + now
