"""The model in service beside its predecessor or a simple baseline, on the same questions.

Evidence without labels: that the two disagree more often than agreed. With labels, which may come late: that the model
in service is right less often than the other, by more than a margin.

Source: A-MLSG-004-D003; Waudby-Smith and Ramdas 2024, see `redan.stats.betting`.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from redan.exchange.tensors import Array
from redan.stats.betting import Bet

_HALF = 0.5


@dataclass(slots=True)
class Shadow:
    """Two models on the same questions.

    Args:
        disagree: share of rows on which they may disagree.
        margin: by how much the share of right answers may be lower than the other's.
        alarms: chance that either alarm is false, at any time.
        most: answers that wait for their labels; the oldest is forgotten.
    """

    disagree: float = 0.1
    margin: float = 0.0
    alarms: float = 0.05
    most: int = 100_000
    _apart: Bet = field(init=False)
    _worse: Bet = field(init=False)
    _waiting: "OrderedDict[str, tuple[Array, Array]]" = field(default_factory=OrderedDict)
    joined: int = 0

    def __post_init__(self) -> None:
        self._apart = Bet(self.disagree)
        self._worse = Bet(min((1.0 + self.margin) * _HALF, 1.0 - 1e-9))

    @property
    def apart(self) -> Bet:
        """The evidence that they disagree too often."""
        return self._apart

    @property
    def worse(self) -> Bet:
        """The evidence that the model in service is worse; its mean is half of one plus the difference."""
        return self._worse

    def parted(self) -> bool:
        """Whether they disagree too often for sure."""
        return self._apart.value >= 2.0 / self.alarms

    def fallen(self) -> bool:
        """Whether the model in service is worse for sure."""
        return self._worse.value >= 2.0 / self.alarms

    @property
    def alarm(self) -> bool:
        """Whether either evidence is enough; each has half of the budget."""
        return self.parted() or self.fallen()

    def held(self) -> "tuple[Bet, Bet, int, list[tuple[str, list[int], list[int]]]]":
        """What a restart may not forget: both evidences, labels that were joined, and answers that wait for theirs."""
        waiting = [(event, ours.tolist(), others.tolist()) for event, (ours, others) in self._waiting.items()]
        return self._apart, self._worse, self.joined, waiting

    def restore(self, apart: Bet, worse: Bet, joined: int, waiting: "list[tuple[str, list[int], list[int]]]") -> None:
        """Takes what another process held; see `held`.

        Raises:
            ValueError: the bets are others.
        """
        if (apart.bound, worse.bound) != (self._apart.bound, self._worse.bound):
            raise ValueError("the kept evidence is about other bounds")
        self._apart, self._worse, self.joined = apart, worse, joined
        self._waiting = OrderedDict(
            (event, (np.array(ours, dtype=np.int64), np.array(others, dtype=np.int64)))
            for event, ours, others in waiting[-self.most :]
        )

    def answered(self, event: str, ours: Array, others: Array) -> None:
        """Takes in the classes that both models gave.

        Args:
            event: of the answer, under which its labels come later.
            ours: classes of the model in service, shape (rows,).
            others: of the other model.
        """
        self._apart = self._apart.after((ours != others).astype(np.float64))
        self._waiting[event] = (ours, others)
        while len(self._waiting) > self.most:
            self._waiting.popitem(last=False)

    def labelled(self, event: str, labels: Array) -> bool:
        """Takes in labels that came late, once for each answer.

        Args:
            event: of the answer.
            labels: shape (rows,).

        Returns:
            Whether there was such an answer, still waiting and of as many rows.
        """
        held = self._waiting.get(event)
        if held is None or held[0].shape != labels.shape:
            return False
        del self._waiting[event]
        ours, others = held
        lost = (others == labels).astype(np.float64) - (ours == labels).astype(np.float64)
        self._worse = self._worse.after((lost + 1.0) * _HALF)
        self.joined += len(labels)
        return True
