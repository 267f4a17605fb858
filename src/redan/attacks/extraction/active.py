"""Active learning: inputs are asked that the copy is least sure of, or that lie farthest from what was asked.

Source: Pal et al., ActiveThief: Model Extraction Using Active Learning and Unannotated Public Data, AAAI 2020;
Chandrasekaran et al., Exploring Connections Between Active Learning and Model Extraction, USENIX Security 2020.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.contract import Known, Supply, towards
from redan.attacks.extraction.copies import Copy, shares
from redan.attacks.extraction.oracle import Oracle

Array: TypeAlias = NDArray[Any]
_SPARE = 2


@dataclass(frozen=True, slots=True)
class Active:
    """Chooses among natural inputs, and crossings of them.

    Args:
        by: `uncertainty` (least margin) or `k-center` (farthest from all that was asked, in the copy's answers).
        rounds: between two marks, after each of which the copy is learnt anew.
    """

    by: Literal["uncertainty", "k-center"] = "uncertainty"
    rounds: int = 2

    @property
    def name(self) -> str:
        """Of the attack."""
        return f"active, {self.by}"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark; the first ones are asked at random."""
        supply = Supply(known)
        copy: Copy | None = None
        for wanted in towards(oracle, marks):
            for part in np.array_split(np.arange(wanted), 1 if copy is None else self.rounds):
                oracle.ask(supply.next(len(part)) if copy is None else self._picked(copy, oracle, supply, len(part)))
                if not oracle.asked:
                    return
                copy = known.fitted(*oracle.held)
                if oracle.ended is not None:
                    break
            if copy is not None:
                yield copy

    def _picked(self, copy: Copy, oracle: Oracle, supply: Supply, n: int) -> Array:
        candidates = np.concatenate([supply.left, supply.made(max(0, _SPARE * n - len(supply.left)))])
        told = shares(copy.scores(candidates))
        if self.by == "uncertainty":
            ordered = np.sort(told, axis=1)
            places = np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")[:n]
        else:
            places = farthest(told, shares(copy.scores(oracle.held.x)), n)
        return supply.take(places.astype(np.int64), candidates)


def farthest(rows: NDArray[np.float64], centres: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Greedy k-center: rows one after the other, each the farthest from centres and rows before it; shape (n,).

    Source: Gonzalez, Clustering to Minimize the Maximum Intercluster Distance (1985).
    """
    apart = np.full(len(rows), np.inf)
    for centre in centres:
        apart = np.minimum(apart, ((rows - centre) ** 2).sum(axis=1))
    found: list[int] = []
    for _ in range(min(n, len(rows))):
        found.append(int(apart.argmax()))
        apart = np.minimum(apart, ((rows - rows[found[-1]]) ** 2).sum(axis=1))
        apart[found[-1]] = -1.0
    return np.array(found, dtype=np.int64)
