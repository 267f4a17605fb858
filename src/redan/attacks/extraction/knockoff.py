"""Knockoff nets: a copy learnt from answers to natural inputs, taken at random or where they taught the most.

Source: Orekondy, Schiele and Fritz, Knockoff Nets: Stealing Functionality of Black-Box Models, CVPR 2019
(arXiv 1812.02766), sections 4.1 and 4.1.2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.contract import Known, Supply, towards
from redan.attacks.extraction.copies import Copy, shares, softmax
from redan.attacks.extraction.oracle import Oracle

Array: TypeAlias = NDArray[Any]
_RATE = 0.5
_ROUND = 32


@dataclass(frozen=True, slots=True)
class Knockoff:
    """Natural inputs in random order.

    Args:
        name: of the attack.
    """

    name: str = "knockoff, random"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark."""
        supply = Supply(known)
        for wanted in towards(oracle, marks):
            oracle.ask(supply.next(wanted))
            if not oracle.asked:
                return
            yield known.fitted(*oracle.held)


@dataclass(frozen=True, slots=True)
class AdaptiveKnockoff:
    """Natural inputs by kind, each kind as often as it paid: a gradient bandit over regions of the inputs.

    Rewards are ranked among those so far, so that no scale of them can run away.

    Args:
        arms: regions, the cells of random inputs among those that the attacker has.
        name: of the attack.
    """

    arms: int = 10
    name: str = "knockoff, adaptive"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark."""
        supply, rng = Supply(known), known.rng(2)
        anchors = self._anchors(known, rng)
        preference, rewards = np.zeros(len(anchors)), [0.0]
        copy: Copy | None = None
        for mark in marks:
            while oracle.ended is None and oracle.asked < mark:
                n = min(_ROUND, mark - oracle.asked) if copy is not None else mark - oracle.asked
                x, arms = self._picked(supply, n, (anchors, preference), (known, rng))
                asked, y = oracle.ask(x)
                if copy is not None and len(asked):
                    gain = _gain(copy.scores(asked), shares(y))
                    _learn(preference, arms[: len(asked)], gain, rewards)
            if not oracle.asked:
                return
            copy = known.fitted(*oracle.held)
            yield copy
            if oracle.ended is not None:
                return

    def _anchors(self, known: Known, rng: np.random.Generator) -> NDArray[np.float64]:
        if not len(known.x):
            return known.domain.features(known.domain.uniform(self.arms, rng))
        return known.domain.features(known.x[rng.permutation(len(known.x))[: self.arms]])

    def _picked(
        self,
        supply: Supply,
        n: int,
        bandit: tuple[NDArray[np.float64], NDArray[np.float64]],
        drawing: tuple[Known, np.random.Generator],
    ) -> tuple[Array, NDArray[np.int64]]:
        (anchors, preference), (known, rng) = bandit, drawing
        left = supply.left
        candidates = left if len(left) >= n else np.concatenate([left, supply.made(4 * n)])
        cells = nearest(known.domain.features(candidates), anchors)
        chance = softmax(preference[None])[0][cells]
        counts = np.bincount(cells, minlength=len(anchors))[cells]
        chance = chance / counts
        places = np.sort(rng.choice(len(candidates), n, replace=False, p=chance / chance.sum()))
        return supply.take(places, candidates), cells[places]


def nearest(rows: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of the nearest centre of each row, shape (n,)."""
    apart = (centres**2).sum(axis=1) - 2 * rows @ centres.T
    return np.asarray(apart.argmin(axis=1), dtype=np.int64)


def _gain(scores: NDArray[np.float64], answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """What an answer taught: the copy's loss on it, and how sure the model was."""
    logs = np.log(np.maximum(shares(scores), 1e-12))
    loss = -(answers * logs).sum(axis=1)
    ordered = np.sort(answers, axis=1)
    return np.asarray(loss + ordered[:, -1] - ordered[:, -2])


def _learn(
    preference: NDArray[np.float64], arms: NDArray[np.int64], gain: NDArray[np.float64], rewards: list[float]
) -> None:
    for arm, value in zip(arms.tolist(), gain.tolist(), strict=True):
        reward = float(np.mean(np.asarray(rewards) <= value)) - 0.5
        rewards.append(value)
        chance = softmax(preference[None])[0]
        preference -= _RATE * reward * chance
        preference[arm] += _RATE * reward
