"""Draws secrets out of a model of sequences: the likeliest line of a pattern, without trying them all.

Source: Carlini et al., The Secret Sharer, USENIX Security 2019 (arXiv 1802.08232), section 5: a shortest path through
the tree of beginnings, whose edges cost minus the log-probability of the next character.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.canaries import TextFormat
from redan.attacks.inference.canaries_losses import NextToken, next_token
from redan.errors import InputError

_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a search came to.

    Args:
        secrets: the likeliest first; as indices of `TextFormat.rendered`.
        losses: of their random parts, in nats.
        asked: beginnings that the model continued.
        proved: whether no other secret can be likelier, as a finished shortest path shows.
    """

    secrets: tuple[tuple[int, ...], ...]
    losses: tuple[float, ...]
    asked: int
    proved: bool


def shortest_path(model: object, shape: TextFormat, *, best: int = 1, budget: int = 100_000) -> Drawn:
    """The likeliest secrets of a pattern, in order, proved so when the search ended by itself.

    Args:
        model: see `next_token`.
        shape: the pattern.
        best: how many.
        budget: beginnings that the model may continue.

    Returns:
        Fewer secrets, and unproved, when the budget ended it.
    """
    tree = _Tree(next_token(model), shape)
    heap: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    done: list[tuple[float, tuple[int, ...]]] = []
    asked = 0
    while heap and len(done) < best:
        if len(heap[0][1]) == tree.depth:
            done.append(heapq.heappop(heap))
            continue
        if asked >= budget:
            break
        batch: list[tuple[float, tuple[int, ...]]] = []
        while heap and len(heap[0][1]) < tree.depth and len(batch) < min(_BATCH, budget - asked):
            batch.append(heapq.heappop(heap))
        asked += len(batch)
        for child in tree.children(batch):
            heapq.heappush(heap, child)
    return Drawn(
        secrets=tuple(path for _, path in done),
        losses=tuple(cost for cost, _ in done),
        asked=asked,
        proved=len(done) == best or not heap,
    )


def beam(model: object, shape: TextFormat, *, width: int = 10) -> Drawn:
    """The likeliest secrets that a search finds which keeps so many beginnings of each length.

    Args:
        model: see `next_token`.
        shape: the pattern.
        width: how many are kept; 1 is greedy.
    """
    tree = _Tree(next_token(model), shape)
    kept: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    asked = 0
    for _ in range(tree.depth):
        asked += len(kept)
        kept = heapq.nsmallest(width, tree.children(kept))
    return Drawn(
        secrets=tuple(path for _, path in kept), losses=tuple(cost for cost, _ in kept), asked=asked, proved=False
    )


class _Tree:
    """Beginnings of a pattern and what continues them; fixed characters between random ones cost as they do."""

    def __init__(self, ask: NextToken, shape: TextFormat) -> None:
        self._ask, self._shape = ask, shape
        self._slots = [i for i, part in enumerate(shape.parts) if len(part) > 1]
        if not self._slots or self._slots[0] == 0:
            raise InputError("a pattern needs a fixed beginning and a random part")
        self.depth = len(self._slots)

    def children(self, batch: list[tuple[float, tuple[int, ...]]]) -> list[tuple[float, tuple[int, ...]]]:
        """All continuations of beginnings by one random character, and by what is fixed before it."""
        found = []
        for length in sorted({len(path) for _, path in batch}):
            same = [one for one in batch if len(one[1]) == length]
            costs = self._costs([path for _, path in same])
            found += [
                (cost + float(more), (*path, choice))
                for (cost, path), row in zip(same, costs, strict=True)
                for choice, more in enumerate(row)
            ]
        return found

    def _costs(self, paths: list[tuple[int, ...]]) -> NDArray[np.float64]:
        """Minus log-probability of the fixed characters since the last random one, and of each next one."""
        parts, depth = self._shape.parts, len(paths[0])
        at, before = self._slots[depth], self._slots[depth - 1] if depth else 0
        heads = []
        for path in paths:
            chosen = iter(path)
            heads.append("".join(part if len(part) == 1 else part[next(chosen)] for part in parts[:at]))
        tokens = self._shape.tokens(heads)
        logits = np.asarray(self._ask(tokens), dtype=np.float64)
        high = logits.max(axis=2, keepdims=True)
        logs = logits - high - np.log(np.exp(logits - high).sum(axis=2, keepdims=True))
        step = tokens.shape[1]
        begun = self._shape.tokens(["".join(part[0] for part in parts[: before + 1])]).shape[1]
        places = range(begun, step) if depth else range(0)
        fixed = -sum((logs[np.arange(len(paths)), i - 1, tokens[:, i]] for i in places), np.zeros(len(paths)))
        following = self._shape.tokens([*parts[at]])[:, 0]
        return np.asarray(fixed[:, None] - logs[:, step - 1, :][:, following])
