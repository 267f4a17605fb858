"""Search for combinations of conditions whose rows carry one label although their other columns say another.

Each combination is a bet: "the label of these rows is t, whatever the other columns say", against "the label follows
the other columns". The bet's gain is a likelihood ratio, so its mean is at most 1 while the second is true; divided by
the number of combinations of that size it stays so over the whole search, and the chance that any gains 1 / alpha is
at most alpha (Markov).

Sources: beam search for subgroups: Klösgen, Explora, 1996; bets as tests: Shafer, Testing by Betting, Journal of the
Royal Statistical Society A 184 (2021).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from redan.measures.poison.conditions import LEAST_CARRIERS, Conditions
from redan.measures.poison.views import Views, calibration

DEPTH = 4
BEAM = 12
_POOL = 600  # conditions that combinations are made of, by each of two orders
_EXCEPTIONS = 0.05  # share of carriers that a bet lets have another label
LEAST_CLASS = 20
_ALIKE = 0.9
_PATCHED = 0.2  # more carriers than this need no patch to steer


@dataclass(frozen=True, slots=True, kw_only=True)
class Bet:
    """A combination of conditions and a class.

    Args:
        items: places among the conditions, rising.
        target: class code.
        gain: logarithm of the likelihood ratio, less the logarithm of how many such bets there are.
    """

    items: tuple[int, ...]
    target: int
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """What bets are made on.

    Args:
        terms: the conditions.
        votes: of trees over few columns each.
        y: shape (n,), class codes.
    """

    terms: Conditions
    votes: Views
    y: NDArray[np.int64]

    @property
    def classes(self) -> tuple[int, ...]:
        """Codes of the classes of enough rows."""
        counts = np.bincount(self.y)
        return tuple(int(c) for c in np.flatnonzero((counts >= LEAST_CLASS) & (counts < len(self.y))))

    def seen(self, items: Iterable[int]) -> tuple[int, ...]:
        """The columns of some conditions, rising."""
        return tuple(sorted({self.terms.items[i].column for i in items}))

    def carriers(self, items: Iterable[int]) -> NDArray[np.bool_]:
        """Rows that fulfil all of some conditions, shape (n,)."""
        found = np.ones(len(self.y), dtype=bool)
        for i in items:
            found &= self.terms.rows(self.terms.items[i])
        return found

    def chances(
        self, target: int, columns: Iterable[int], carriers: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64] | None:
        """Chance of a class by the other columns, shape (n,), learnt from rows that carry nothing.

        Returns:
            None when too few trees do without the columns.
        """
        support = self.votes.support(target, columns)
        if support is None:
            return None
        free = np.ones(len(self.y), dtype=bool) if carriers is None else ~carriers
        if free.sum() < LEAST_CLASS:
            return None
        return calibration(support[free], (self.y == target)[free]).of(support)

    def weights(self, chances: NDArray[np.float64], target: int) -> NDArray[np.float64]:
        """What each row adds to the gain of a bet that it carries, of the shape of `chances`."""
        return np.asarray(
            np.where(self.y == target, np.log((1 - _EXCEPTIONS) / chances), np.log(_EXCEPTIONS / (1 - chances)))
        )

    def closed(self, items: Iterable[int], carriers: NDArray[np.bool_]) -> tuple[int, ...]:
        """The columns of some conditions, and those that all carriers have alike and few others: the rest of a patch.

        Trees that see one pixel of a patch know its label as well as trees that see all of it.
        """
        own, x = self.seen(items), self.terms.x
        if carriers.mean() > _PATCHED:
            return own
        part = x[carriers]
        middle = np.sort(part, axis=0)[len(part) // 2]  # the value that most have, if most have one
        alike = np.flatnonzero((part == middle).mean(axis=0) >= _ALIKE)
        rare = (x[~carriers][:, alike] == middle[alike]).mean(axis=0) <= (1 - _ALIKE) / 2
        return tuple(sorted({*own, *alike[rare].tolist()}))

    def price(self, size: int) -> float:
        """Logarithm of how many bets of a size there are, each size having half the stake of the one before."""
        return (
            size * float(np.log(len(self.terms.items) + 1)) + size * float(np.log(2)) + float(np.log(len(self.classes)))
        )

    def rest(self, items: tuple[int, ...], target: int, carriers: NDArray[np.bool_]) -> NDArray[np.float64] | None:
        """Chances by all but the closed columns; by all but the own ones where too few trees do without the others."""
        found = self.chances(target, self.closed(items, carriers), carriers)
        return self.chances(target, self.seen(items), carriers) if found is None else found

    def bet(self, items: tuple[int, ...], target: int) -> Bet | None:
        """The gain of one combination; None where too few rows carry it or too few trees do without its columns."""
        carriers = self.carriers(items)
        if carriers.sum() < LEAST_CARRIERS:
            return None
        chances = self.rest(items, target, carriers)
        if chances is None:
            return None
        gain = float(self.weights(chances, target)[carriers].sum())
        return Bet(items=items, target=target, gain=gain - self.price(len(items)))


def best_bets(game: Game, target: int) -> tuple[Bet, ...]:
    """The bets on one class that gain most, best first.

    Args:
        game: what is bet on.
        target: class code.
    """
    if not game.terms.items:
        return ()
    pool, frontier = _start(game, target)
    masks = game.terms.masks(pool)
    tried: dict[tuple[int, ...], Bet] = {bet.items: bet for bet in frontier}
    for _ in range(DEPTH - 1):
        wider = {items for bet in frontier for items in _wider(game, bet, pool, masks)} - set(tried)
        made = [bet for items in sorted(wider) if (bet := game.bet(items, target)) is not None]
        frontier = sorted(made, key=_order)[:BEAM]
        tried.update((bet.items, bet) for bet in frontier)
    return tuple(sorted(tried.values(), key=_order))


def subsets(items: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """All smaller combinations of some conditions, the smallest first."""
    for size in range(1, len(items)):
        yield from combinations(items, size)


def _order(bet: Bet) -> tuple[float, tuple[int, ...]]:
    return (-bet.gain, bet.items)


def _start(game: Game, target: int) -> tuple[NDArray[np.int64], list[Bet]]:
    """Conditions worth combining, and first bets: those that gain alone, that surprising rows share, or are pure."""
    hit = game.y == target
    every = game.votes.support_without_each(target)
    whole = game.votes.support(target)
    base = calibration(every.mean(axis=0) if whole is None else whole, hit)
    alone = game.terms.sums(game.weights(base.of(every), target))
    surprise = np.maximum(game.weights(base.of(every.mean(axis=0) if whole is None else whole), target), 0.0) * hit
    sizes = game.terms.sums(np.ones((len(every), len(hit))))
    shared = game.terms.sums(np.broadcast_to(surprise, every.shape)) - surprise.mean() * sizes
    shared = shared / np.sqrt(sizes)
    common = game.weights(np.full(hit.shape, hit.mean()), target)  # a patch's pixels are redundant: purity finds them
    pure = game.terms.sums(np.broadcast_to(common, every.shape))
    orders = [
        np.argsort(-one, kind="stable")
        for one in (alone, shared, np.where(sizes <= _PATCHED * len(hit), pure, -np.inf))
    ]
    pool = np.unique(np.concatenate([order[:_POOL] for order in orders]))
    seeds = np.unique(np.concatenate([order[:BEAM] for order in orders]))
    made = (game.bet((int(i),), target) for i in seeds)
    return pool, [bet for bet in made if bet is not None]


def _wider(game: Game, bet: Bet, pool: NDArray[np.int64], masks: NDArray[np.float32]) -> Iterator[tuple[int, ...]]:
    columns, carriers = game.seen(bet.items), game.carriers(bet.items)
    chances = game.rest(bet.items, bet.target, carriers)
    if chances is None:
        return
    inside = masks[:, carriers]
    gains = inside @ game.weights(chances, bet.target)[carriers].astype(np.float32)
    usable = (inside.sum(axis=1) >= LEAST_CARRIERS) & ~np.isin(game.terms.columns[pool], columns)
    for place in np.argsort(np.where(usable, -gains, np.inf), kind="stable")[: BEAM // 2]:
        if not usable[place]:
            return
        yield tuple(sorted((*bet.items, int(pool[place]))))
