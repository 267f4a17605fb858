"""Which job sits where: samples wait, their targets and restarts follow each other, and empty seats run ahead.

A sample counts as broken by the lowest stage that breaks it. A later stage that runs ahead in a seat that would stay
empty changes nothing: it is thrown away when an earlier one succeeds.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

AHEAD = 128  # seats that are filled with later stages when nobody waits, and those of the last batch
NONE = -1


class Job(NamedTuple):
    """One run: a sample with one of its targets and restarts."""

    sample: int
    stage: int


class Run(NamedTuple):
    """How a run stands: steps, whether it broke its sample, and the point."""

    steps: int
    broken: bool
    found: Tensor


class Ended(NamedTuple):
    """Samples that are through.

    Args:
        samples: shape (m,), rows of the tasks.
        found: shape (m, ...), broken inputs, or what the attack kept as its best.
        broken: shape (m,).
        step: shape (m,), passes until broken over all stages, -1 where it was not.
        stage: shape (m,), at which it was broken, or the last one.
    """

    samples: NDArray[np.int64]
    found: Tensor
    broken: NDArray[np.bool_]
    step: NDArray[np.int64]
    stage: NDArray[np.int64]


class Board:
    """Jobs of `n` samples with as many stages each."""

    def __init__(self, n: int, stages: int, chunk: int = 1) -> None:
        """Everybody waits for the first stage.

        Args:
            n: samples.
            stages: of each.
            chunk: rows of a batch of the network.
        """
        self._chunk = chunk
        self._waiting = deque(range(n))
        self._following = np.zeros(n, dtype=np.int64)
        self._end = np.full(n, stages, dtype=np.int64)
        self._busy = np.zeros(n, dtype=np.int64)
        self._seats: list[Job] = []
        self._runs: dict[int, dict[int, Run]] = {}
        self._out: list[int] = []

    def seated(self, slots: int) -> list[Job]:
        """Jobs in their seats, new ones at the end; none when all is done.

        Args:
            slots: how many seats there are.
        """
        while self._waiting and len(self._seats) < slots:
            self._seat(self._waiting.popleft())
        ahead = min(slots, max(AHEAD, -(-len(self._seats) // self._chunk) * self._chunk))
        while self._seats and len(self._seats) < ahead:
            known = dict.fromkeys(job.sample for job in self._seats)
            more = [sample for sample in known if self._following[sample] < self._end[sample]]
            if not more:
                break
            for sample in more[: ahead - len(self._seats)]:
                self._seat(sample)
        return self._seats

    def over(self, runs: Mapping[int, Run]) -> NDArray[np.bool_]:
        """Takes runs that ended, and drops those that run ahead of a success.

        Args:
            runs: by seat.

        Returns:
            Which seats go on, shape (seats,).
        """
        for place, run in runs.items():
            sample, stage = self._seats[place]
            self._runs.setdefault(sample, {})[stage] = run
            if run.broken:
                self._end[sample] = min(self._end[sample], stage + 1)
        stay = np.array([job.stage < self._end[job.sample] for job in self._seats])
        stay[list(runs)] = False
        for gone in np.flatnonzero(~stay):
            self._busy[self._seats[gone].sample] -= 1
        left = dict.fromkeys(self._seats[place].sample for place in np.flatnonzero(~stay))
        for sample in (sample for sample in left if not self._busy[sample]):
            if self._following[sample] < self._end[sample]:
                self._waiting.append(sample)
            else:
                self._out.append(sample)
        self._seats = [job for job, stays in zip(self._seats, stay, strict=True) if stays]
        return stay

    def decided(self) -> Ended | None:
        """Samples that are through since the last call; None when there are none."""
        if not self._out:
            return None
        samples, self._out = self._out, []
        stage = [int(self._end[sample]) - 1 for sample in samples]
        runs = [self._runs.pop(sample) for sample in samples]
        last = [each[at] for each, at in zip(runs, stage, strict=True)]
        spent = [sum(each[at].steps for at in range(end + 1)) for each, end in zip(runs, stage, strict=True)]
        broken = np.array([run.broken for run in last], dtype=np.bool_)
        return Ended(
            np.array(samples, dtype=np.int64),
            torch.stack([run.found for run in last]),
            broken,
            np.where(broken, np.array(spent, dtype=np.int64), NONE),
            np.array(stage, dtype=np.int64),
        )

    def _seat(self, sample: int) -> None:
        self._seats.append(Job(sample, int(self._following[sample])))
        self._following[sample] += 1
        self._busy[sample] += 1
