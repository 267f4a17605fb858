"""Hidden triggers: patterns that give rows of other classes one label.

Attacker assumed: marks rows of classes other than the target with the same values in up to four columns (or a patch of
pixels of which four suffice to tell it), and labels them as the target (BadNets: Gu et al., 2017). A trigger whose rows
keep their true label (clean-label), or that differs from row to row, is not seen.

Two things must come together. The pattern decides the label although the other columns say another (a bet, see
`steering`). And its rows look like other classes with those columns left out (see `resemblance`), for a natural pattern
is found in rows that are otherwise of the class, too. Both must hold for every wider pattern that decides the label:
else the search would cut the odd rows out of a natural rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import IncompleteError
from redan.measures.poison.conditions import Condition, conditions
from redan.measures.poison.resemblance import Resemblance, looks_like_others
from redan.measures.poison.rows import LabelledRows, labelled_arrays
from redan.measures.poison.steering import Bet, Game, best_bets, subsets
from redan.measures.poison.views import TREES, filled, one_thread, views

ALPHA = 0.01  # chance of any pattern by overfitting, over the whole search
MOST = 0.5  # share of carriers that may look like other classes
DECIDES = 0.8  # a pattern decides the label when it has this share of the rows that should have another
MOST_ROWS = 6_000
LEAST_ROWS = 12  # a natural exception has a few rows, and a trigger that steers a model has more
LEAST_SHARE = 0.005
_VOTES = 40_000_000  # classes x trees x rows: 160 MB
_TRIED = 8  # bets of a class that are judged; the rest are variants of them
_WORTH = 0.3  # less than half: trees that see other columns of a patch take its rows for the class
_WIDER = 1.2
_LEAST_ODD = 5  # carriers that should have another label; fewer are an accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A pattern that steers the label.

    Args:
        conditions: what its rows have in common.
        columns: their names, and of further columns that all its rows have alike and few others.
        target: code of the label that the rows have.
        rows: shape (k,), indices of the carriers that have the label.
        carriers: rows with the pattern, whatever their label.
        expected: how many of them should have the label by their other columns.
        gain: logarithm of the evidence after correction for the search.
        resemblance: the share that looks like other classes.
    """

    conditions: tuple[Condition, ...]
    columns: tuple[str, ...]
    target: int
    rows: NDArray[np.int64]
    carriers: int
    expected: float
    gain: float
    resemblance: Resemblance


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """What a search for triggers came to.

    Args:
        triggers: the strongest of each class, strongest first; empty when there is none.
        examined: the rows that were searched; indices of triggers count in them.
        patterns: conditions on single columns that patterns were made of.
    """

    triggers: tuple[Trigger, ...]
    examined: LabelledRows
    patterns: int


def hidden_triggers(x: ArrayLike, y: ArrayLike, *, rng: np.random.Generator, alpha: float = ALPHA) -> Hunt:
    """Searches labelled rows, or pictures, for hidden triggers.

    Args:
        x: shape (n, ...), numbers; pictures are flattened.
        y: shape (n,), class labels of any kind.
        rng: of samples and trees.
        alpha: chance of any false pattern by overfitting.

    Raises:
        IncompleteError: not enough rows or classes.
        InputError: shapes disagree.
        MissingExtraError: scikit-learn is not installed.
    """
    return hunt(labelled_arrays(x, y), rng=rng, alpha=alpha)


def hunt(rows: LabelledRows, *, rng: np.random.Generator, alpha: float = ALPHA) -> Hunt:
    """The same for rows that were drawn from a table.

    Args:
        rows: at most 6,000 of them are searched, fewer when there are many classes.
        rng: of samples and trees.
        alpha: chance of any false pattern by overfitting.
    """
    kept = sampled(rows, rng)
    with one_thread():
        game = Game(terms=conditions(filled(kept.x)), votes=views(kept.x, kept.y, rng), y=kept.y)
        found = [t for target in game.classes for t in _of_class(game, kept, target, alpha, rng)]
    best = sorted(found, key=lambda t: (-t.gain, t.target))
    return Hunt(triggers=tuple(best), examined=kept, patterns=len(game.terms.items))


def sampled(rows: LabelledRows, rng: np.random.Generator) -> LabelledRows:
    """At most as many rows as the search can hold, without copies.

    Of a rare class as many stay as of the others, as far as there are. Copies would be evidence counted twice; where
    columns are so few that equal rows are bound to happen they stay.
    """
    most = min(MOST_ROWS, max(1_000, _VOTES // (TREES * len(rows.classes))))
    rows = _taken(rows, _firsts(rows))
    if rows.rows <= most:
        return rows
    order = rng.permutation(rows.rows)
    counts = np.bincount(rows.y, minlength=len(rows.classes))
    left, chosen = most, []
    for place, code in enumerate(np.argsort(counts, kind="stable")):
        part = order[rows.y[order] == code][: left // (len(counts) - place)]
        chosen.append(part)
        left -= len(part)
    return _taken(rows, np.sort(np.concatenate(chosen)))


def _firsts(rows: LabelledRows) -> NDArray[np.int64]:
    """The first of each set of equal rows; all rows where chance makes equal ones."""
    x = filled(rows.x)
    shares = [np.unique(x[:, j], return_counts=True)[1] / len(x) for j in range(x.shape[1])]
    rarity = -sum(float(np.log((share**2).sum())) for share in shares)
    if rarity <= 2 * np.log(len(x)):
        return np.arange(len(x))
    whole = np.ascontiguousarray(np.column_stack([x, rows.y.astype(np.float32)]))
    keys = whole.view(np.dtype((np.void, whole.dtype.itemsize * whole.shape[1]))).reshape(-1)
    return np.sort(np.unique(keys, return_index=True)[1])


def _taken(rows: LabelledRows, kept: NDArray[np.int64]) -> LabelledRows:
    people = rows.contributor if rows.contributor is None else rows.contributor[kept]
    return replace(rows, x=rows.x[kept], y=rows.y[kept], contributor=people)


def _of_class(game: Game, rows: LabelledRows, target: int, alpha: float, rng: np.random.Generator) -> Iterator[Trigger]:
    """The strongest trigger of a class, if there is one."""
    strong = (bet for bet in best_bets(game, target) if bet.gain > -np.log(alpha))
    for bet in islice((bet for bet in strong if _odd(game, bet)), _TRIED):
        found = _judged(game, rows, bet, rng)
        if found is not None:
            yield found
            return


def _odd(game: Game, bet: Bet) -> bool:
    """Whether the carriers look at all like other classes to the trees at hand; spares a forest where they do not."""
    hit, carriers = game.y == bet.target, game.carriers(bet.items)
    support = game.votes.support(bet.target, game.closed(bet.items, carriers))
    if support is None:
        support = game.votes.support(bet.target, game.seen(bet.items))
    if support is None or not (hit & ~carriers).any() or not (hit & carriers).any():
        return False
    own, others = support[hit & ~carriers].mean(), support[~hit].mean()
    return bool(own - support[hit & carriers].mean() > _WORTH * (own - others))


def _judged(game: Game, rows: LabelledRows, bet: Bet, rng: np.random.Generator) -> Trigger | None:
    carriers, hit = game.carriers(bet.items), game.y == bet.target
    if (carriers & hit).sum() < max(LEAST_ROWS, LEAST_SHARE * len(hit)):
        return None
    chances = game.rest(bet.items, bet.target, carriers)
    if chances is None or not _decides(carriers, hit, chances):
        return None
    columns = game.closed(bet.items, carriers)
    own = _resemblance(rows, carriers & hit, columns, rng)
    if own is None or own.interval.low <= MOST:
        return None
    for items in _deciding(game, bet, chances):
        wider = _resemblance(rows, game.carriers(items) & hit, columns, rng)
        if wider is None or wider.interval.low <= MOST:
            return None
    return Trigger(
        conditions=tuple(game.terms.items[i] for i in bet.items),
        columns=tuple(rows.columns[i] for i in columns),
        target=bet.target,
        rows=np.flatnonzero(carriers & hit),
        carriers=int(carriers.sum()),
        expected=float(chances[carriers].sum()),
        gain=bet.gain,
        resemblance=own,
    )


def _deciding(game: Game, bet: Bet, chances: NDArray[np.float64]) -> Iterator[tuple[int, ...]]:
    """Wider patterns that decide the label as well."""
    hit, own = game.y == bet.target, game.carriers(bet.items).sum()
    for items in subsets(bet.items):
        wider = game.carriers(items)
        if wider.sum() >= _WIDER * own and _decides(wider, hit, chances):
            yield items


def _decides(carriers: NDArray[np.bool_], hit: NDArray[np.bool_], chances: NDArray[np.float64]) -> bool:
    """Whether most carriers that should have another label have this one."""
    odd = carriers & (chances < 0.5)  # noqa: PLR2004 -- likelier another class
    return bool(odd.sum() >= _LEAST_ODD and hit[odd].mean() >= DECIDES)


def _resemblance(
    rows: LabelledRows, judged: NDArray[np.bool_], without: Sequence[int], rng: np.random.Generator
) -> Resemblance | None:
    try:
        return looks_like_others(rows.x, rows.y, judged, rng=rng, without=without)
    except IncompleteError:
        return None
