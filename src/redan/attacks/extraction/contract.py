"""What every extraction attack is: copies, one after the other, as its questions add up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.copies import Copy, Recipe
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What the attacker has besides the oracle.

    Args:
        domain: of the inputs.
        x: inputs of the same kind, without labels, in random order, shape (n, ...); may be none.
        recipe: how a copy is learnt.
        seed: of every draw.
    """

    domain: Domain
    x: Array
    recipe: Recipe
    seed: int = 0

    def rng(self, stream: int = 0) -> np.random.Generator:
        """A generator of its own for each stream."""
        return np.random.default_rng([self.seed, stream])

    def fitted(self, x: Array, y: NDArray[np.float64]) -> Copy:
        """Learns a copy by the recipe."""
        return self.recipe.fitted(self.domain, x, y, self.seed)


class Attack(Protocol):
    """One attack."""

    @property
    def name(self) -> str:
        """As the papers have it."""
        ...

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark, and a last one where the oracle ended.

        Args:
            oracle: that is asked until each mark.
            known: what else there is.
            marks: numbers of questions, ascending.
        """
        ...


class Supply:
    """Inputs to ask, each once: the natural ones first, then crossings of them, without any of them random ones."""

    def __init__(self, known: Known) -> None:
        """Starts at the first input."""
        self._known = known
        self._rng = known.rng(1)
        self._at = 0

    @property
    def left(self) -> Array:
        """Natural inputs that nobody took yet."""
        return self._known.x[self._at :]

    def next(self, n: int) -> Array:
        """The next n inputs."""
        natural = self.left[:n]
        self._at += len(natural)
        return np.concatenate([natural, self.made(n - len(natural))])

    def take(self, places: NDArray[np.int64], candidates: Array) -> Array:
        """Some of the candidates, which are what is left with what was made after it; natural ones are used up."""
        left = len(self.left)
        kept = np.ones(left, dtype=bool)
        kept[places[places < left]] = False
        rest = self.left[kept]
        fresh = np.concatenate([self._known.x[: self._at], self.left[~kept], rest])
        self._known = Known(domain=self._known.domain, x=fresh, recipe=self._known.recipe, seed=self._known.seed)
        self._at = len(fresh) - len(rest)
        return candidates[places]

    def made(self, n: int) -> Array:
        """Inputs that are not natural: two crossed, number by number in rows, mixed in pictures."""
        known, rng = self._known, self._rng
        if not len(known.x):
            return known.domain.uniform(n, rng)
        one, two = (known.x[rng.integers(len(known.x), size=n)] for _ in range(2))
        if len(known.domain.shape) > 1:
            share = rng.random((n, *[1] * len(known.domain.shape)))
            return np.asarray(share * one + (1 - share) * two, dtype=np.float32)
        return np.where(rng.random(one.shape) < 0.5, one, two)  # noqa: PLR2004 -- either parent


def towards(oracle: Oracle, marks: Sequence[int]) -> Iterator[int]:
    """How many to ask next until each mark; ends after the oracle did.

    Args:
        oracle: whose count it is.
        marks: ascending.
    """
    for mark in marks:
        if oracle.ended is not None:
            return
        yield max(0, mark - oracle.asked)
