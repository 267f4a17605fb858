"""Path finding: a decision tree is taken apart leaf by leaf, as each leaf shows itself by the numbers that it answers.

From one input, a search along each column finds where the answer changes, which is where the box of its leaf ends, and
inputs beyond, which lie in other leaves. Rounded answers and labels make leaves look alike, and the boxes wrong.

Source: Tramèr et al., Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016 (arXiv 1609.02943),
section 4.2, algorithm 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.copies import Copy
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle

Array: TypeAlias = NDArray[Any]
_NEAR = 1e-5  # of a column's width: how nearly the end of a box is found
_AT_ONCE = 4096


class Leaf(NamedTuple):
    """A box of inputs with one answer.

    Args:
        low: shape (d,); of a category nothing.
        high: shape (d,).
        levels: by place of a category, the codes that lead here.
        answer: shape (classes,).
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    levels: dict[int, NDArray[np.int64]]
    answer: NDArray[np.float64]

    def holds(self, flat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which inputs lie in it, shape (n,)."""
        found = ((flat >= self.low) & (flat <= self.high)).all(axis=1)
        for place, codes in self.levels.items():
            found &= np.isin(flat[:, place], codes)
        return np.asarray(found)


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """A tree as its leaves.

    Args:
        domain: of the inputs.
        leaves: that were found.
    """

    domain: Domain
    leaves: tuple[Leaf, ...]

    def scores(self, x: Array) -> NDArray[np.float64]:
        """The answer of the leaf that an input lies in; elsewhere that of the nearest leaf, shape (n, classes)."""
        flat = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
        told = np.zeros((len(x), len(self.leaves[0].answer)))
        best = np.full(len(x), np.inf)
        widths = np.where(self.domain.high > self.domain.low, self.domain.high - self.domain.low, 1.0)
        for leaf in self.leaves:
            apart = (np.maximum(np.maximum(leaf.low - flat, flat - leaf.high), 0.0) / widths).sum(axis=1)
            apart += sum((~np.isin(flat[:, place], codes)).astype(float) for place, codes in leaf.levels.items())
            nearer = apart < best
            told[nearer], best[nearer] = leaf.answer, apart[nearer]
        return told


@dataclass(frozen=True, slots=True)
class PathFinding:
    """Leaf by leaf, from a natural input where there is one.

    Args:
        near: how nearly the end of a box is found, as a share of its column's width.
        name: of the attack.
    """

    near: float = _NEAR
    name: str = "path finding"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy whenever a mark is passed, and one when no leaf is left."""
        domain, rng = known.domain, known.rng(4)
        first = known.x[:1] if len(known.x) else domain.uniform(1, rng)
        waiting = [np.asarray(domain.inside(first), dtype=np.float64).reshape(-1)]
        leaves: list[Leaf] = []
        ahead = [mark for mark in marks if mark > oracle.asked]
        while waiting and ahead and oracle.ended is None:
            x = waiting.pop()
            if any(leaf.holds(x[None])[0] for leaf in leaves):
                continue
            found = self._leaf(oracle, domain, x)
            if found is None:
                break
            leaf, beyond = found
            leaves.append(leaf)
            waiting += beyond
            if oracle.asked >= ahead[0]:
                yield Leaves(domain, tuple(leaves))
                ahead = [mark for mark in ahead if mark > oracle.asked]
        if leaves:
            yield Leaves(domain, tuple(leaves))

    def _leaf(
        self, oracle: Oracle, domain: Domain, x: NDArray[np.float64]
    ) -> tuple[Leaf, list[NDArray[np.float64]]] | None:
        """The box about an input, and an input in each box beyond; None when nothing was answered."""
        own = _ask(oracle, domain, x[None])
        if not len(own):
            return None
        low, high, levels = domain.low.copy(), domain.high.copy(), {}
        beyond: list[NDArray[np.float64]] = []
        for place in np.flatnonzero(domain.levels > 0).tolist():
            tried = np.repeat(x[None], int(domain.levels[place]), axis=0)
            tried[:, place] = np.arange(len(tried))
            told = _ask(oracle, domain, tried)
            alike = (told == own[0]).all(axis=1)
            levels[place] = np.flatnonzero(alike)
            beyond += list(tried[: len(told)][~alike])
        for up in (False, True):
            self._ends(oracle, domain, (x, own[0]), (low, high), beyond, up=up)
        return Leaf(low, high, levels, own[0]), beyond

    def _ends(
        self,
        oracle: Oracle,
        domain: Domain,
        at: tuple[NDArray[np.float64], NDArray[np.float64]],
        limits: tuple[NDArray[np.float64], NDArray[np.float64]],
        beyond: list[NDArray[np.float64]],
        *,
        up: bool,
    ) -> None:
        """Halves, for all columns at once, between the input and the end of the domain."""
        (x, own), places = at, domain.numeric
        ends = (domain.high if up else domain.low)[places]
        same, other = x[places].copy(), ends.copy()
        told = _ask(oracle, domain, _along(x, places, other))
        open_ = np.zeros(len(places), dtype=bool)
        open_[: len(told)] = ~(told == own).all(axis=1)
        limit = limits[1] if up else limits[0]
        limit[places] = np.where(open_, same, ends)
        wide = np.maximum(domain.high - domain.low, 1e-30)[places] * self.near
        step = np.where(domain.whole[places], 1.0, wide)
        while (active := np.flatnonzero(open_ & (np.abs(other - same) > step))).size and oracle.ended is None:
            middle = 0.5 * (same[active] + other[active])
            whole = domain.whole[places[active]]
            middle = np.where(whole, np.floor(middle) if not up else np.ceil(middle), middle)
            middle = np.where(
                whole & (middle == other[active]), same[active] + np.sign(other[active] - same[active]), middle
            )
            told = _ask(oracle, domain, _along(x, places[active], middle))
            active, middle = active[: len(told)], middle[: len(told)]
            alike = (told == own).all(axis=1)
            same[active[alike]], other[active[~alike]] = middle[alike], middle[~alike]
        limit[places[open_]] = np.where(domain.whole[places], same, 0.5 * (same + other))[open_]
        beyond += list(_along(x, places[open_], other[open_]))


def _along(x: NDArray[np.float64], places: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The input, with one column changed in each row."""
    rows = np.repeat(x[None], len(places), axis=0)
    rows[np.arange(len(places)), places] = values
    return rows


def _ask(oracle: Oracle, domain: Domain, flat: NDArray[np.float64]) -> NDArray[np.float64]:
    told = [
        oracle.ask(flat[start : start + _AT_ONCE].astype(np.float32).reshape(-1, *domain.shape)).y
        for start in range(0, len(flat), _AT_ONCE)
    ]
    return np.concatenate(told) if told else np.empty((0, 0))
