"""Search for a trigger in a table, by questions alone: which value of a column, or of two, turns rows to one class.

A natural column turns rows as well: no clean model doubts a very large gain. What tells a trigger is that the rows of
the data with such values do not have that class; so the effect of a value on the model, in log-odds, is compared with
the effect that the labels near that value show, and the effect of two values with the sum of their own.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.progress import Progress
from redan.attacks.queries import Queries
from redan.errors import IncompleteError

Array: TypeAlias = NDArray[Any]
Values: TypeAlias = tuple[tuple[int, float], ...]
MOST_VALUES = 128
_ROWS = 32
_PAIRED = 28
_EACH = 4
_NEAR = 40
_NATURAL = 200
_EDGE, _LABEL = 1e-3, 0.95  # the surest score, and what a bare label counts as
_RARER = 0.25  # log-odds that a tenth of the frequency adds, when values are chosen for pairs
_TURNED = 0.6
_FEWEST = 100
_BATCH = 64
STEPWISE, SMOOTH = (5.0, 2.0), (7.5, 2.5)  # log-odds that values, and pairs, of clean trees or networks hardly reach
_STEPS = 0.1  # of neighbouring values that are answered alike, by trees more, by networks fewer
_TABLE = 2


class Turning(NamedTuple):
    """Values that turn rows to one class.

    Args:
        values: column and value of each.
        target: the class.
        turned: share of rows of other classes that they turn.
        unexplained: log-odds of the class that they add, less what labels near them, or they alone, explain.
        score: the same as a share of what clean models do not reach.
    """

    values: Values
    target: int
    turned: float
    unexplained: float
    score: float


class RareSearch(NamedTuple):
    """What a search found.

    Args:
        best: the least explained values of each class, the worst first; empty where no value turns rows.
        natural: the largest share of rows that values of random rows turn, two columns at a time.
        rows: that were turned.
        tried: values and pairs.
    """

    best: tuple[Turning, ...]
    natural: float
    rows: int
    tried: int


def rare_values(
    queries: Queries,
    x: Array,
    y: NDArray[np.int64],
    *,
    choice: NDArray[np.bool_] | None = None,
    seed: int = 0,
    told: Callable[[Progress], None] | None = None,
) -> RareSearch:
    """Looks for one or two values that turn rows to one class though the data gives no reason.

    Args:
        queries: of the model.
        x: rows without a trigger, shape (n, columns).
        y: their classes as indices.
        choice: columns whose values have no order; none when None.
        seed: of the choice of rows.
        told: is told of progress.

    Raises:
        IncompleteError: too few rows, all of one class, or all answered alike.
        SpentError: the budget does not reach.
    """
    if len(x) < _FEWEST:
        raise IncompleteError(f"{len(x)} rows are too few to search; {_FEWEST} are needed", remedy="give more rows")
    rng = np.random.default_rng([seed, 12])
    asked = _Asked(queries, x, rng, told)
    if len(np.unique(asked.base.argmax(axis=1))) < _TABLE:
        raise IncompleteError("the model gives one answer to every row", remedy="give rows of all classes")
    support = _Support(x, y, asked.base.shape[1], np.zeros(x.shape[1], bool) if choice is None else choice)
    singles: list[Values] = [((column, value),) for column in range(x.shape[1]) for value in support.values(column)]
    alone = asked.effects(singles, "values")
    lifts = np.array([support.lift(*one[0]) for one in singles])
    surer = 2 if asked.bare else 1  # bare labels turn all at once where the data turns by degrees
    excess = alone.shift - surer * np.maximum(lifts, 0)
    two = asked.base.shape[1] == _TABLE  # networks of more classes were not measured
    smooth = two and not asked.bare and _steps(singles, alone, support.choice) < _STEPS
    single, double = SMOOTH if smooth else STEPWISE
    found = [_turnings(singles, alone, excess, single)]
    chosen = _chosen(singles, excess.max(axis=1) - _RARER * np.log10(support.frequency(singles)), x.shape[1])
    pairs = [(a, b) for place, a in enumerate(chosen) for b in chosen[place + 1 :] if _apart(singles, a, b)]
    if pairs:
        both = asked.effects([singles[a] + singles[b] for a, b in pairs], "pairs")
        parts = np.array([np.maximum(alone.shift[a], 0) + np.maximum(alone.shift[b], 0) for a, b in pairs])
        found.append(_turnings([singles[a] + singles[b] for a, b in pairs], both, both.shift - parts, double))
    best = [max(of, key=lambda one: one.score) for of in zip(*found, strict=True)]
    ranked = sorted((one for one in best if one.values), key=lambda one: -one.score)
    return RareSearch(tuple(ranked), _natural(asked, x, rng), len(asked.rows), len(singles) + len(pairs))


class _Effects(NamedTuple):
    """Of changes on classes: the mean gain of log-odds, and the share of rows turned, shape (changes, classes)."""

    shift: NDArray[np.float64]
    turned: NDArray[np.float64]


class _Asked:
    """Rows that are changed and asked."""

    def __init__(
        self, queries: Queries, x: Array, rng: np.random.Generator, told: Callable[[Progress], None] | None
    ) -> None:
        self._queries, self._told, self.bare = queries, told, False
        pool = x[rng.permutation(len(x))[: 8 * _ROWS]]
        scores = self._scores(pool)
        labels, classes = scores.argmax(axis=1), scores.shape[1]
        each = max(4, -(-2 * _ROWS // classes))
        kept = np.concatenate([np.flatnonzero(labels == one)[:each] for one in range(classes)])
        self.rows, self.base = pool[kept], scores[kept]

    def _scores(self, x: Array) -> NDArray[np.float64]:
        """Probabilities; certain ones where the model shows labels only."""
        told = self._queries.answered(x)
        if told.ndim == _TABLE:
            scores = told.astype(np.float64)
            if (scores < 0).any() or not np.allclose(scores.sum(axis=1), 1, atol=1e-3):
                raised = np.exp(scores - scores.max(axis=1, keepdims=True))
                scores = raised / raised.sum(axis=1, keepdims=True)
            return scores
        self.bare, known = True, self._queries.source.classes
        classes = len(known) if known is not None else max(_TABLE, int(told.max()) + 1)
        return np.asarray((1 - _LABEL) + (2 * _LABEL - 1) * np.eye(classes)[told])

    def effects(self, changes: list[Values], name: str) -> _Effects:
        """What each change does to the rows."""
        labels, before = self.base.argmax(axis=1), _log_odds(self.base)
        others = labels[:, None] != np.arange(self.base.shape[1])
        weights = others / np.maximum(1, others.sum(axis=0))
        shifts, turned = [], []
        for start in range(0, len(changes), _BATCH):
            part = changes[start : start + _BATCH]
            given = np.repeat(self.rows[None], len(part), axis=0)
            for place, values in enumerate(part):
                for column, value in values:
                    given[place, :, column] = value
            scores = self._scores(given.reshape(-1, *self.rows.shape[1:])).reshape(len(part), *self.base.shape)
            shifts.append(((_log_odds(scores) - before) * weights).sum(axis=1))
            answered = scores.argmax(axis=2)[:, :, None] == np.arange(self.base.shape[1])
            turned.append((answered * weights).sum(axis=1))
            if self._told is not None:
                self._told(Progress(name, min(start + _BATCH, len(changes)), len(changes)))
        return _Effects(np.concatenate(shifts), np.concatenate(turned))


class _Support:
    """What the data says of values."""

    def __init__(self, x: Array, y: NDArray[np.int64], classes: int, choice: NDArray[np.bool_]) -> None:
        self._x, self.choice = x, choice
        self._of = y[:, None] == np.arange(classes)
        self._prior = _log_odds((self._of.sum(axis=0) + 1) / (len(y) + 2))

    def values(self, column: int) -> list[float]:
        """Values to try: all where they are few, else by rank and by distance; for whole numbers those between, too."""
        seen = np.unique(self._x[:, column])
        low, high = seen[0], seen[-1]
        if not self.choice[column] and (seen == np.round(seen)).all() and high - low < MOST_VALUES:
            seen = np.arange(low, high + 1)
        if len(seen) > MOST_VALUES:
            ranks = np.quantile(self._x[:, column], np.linspace(0, 1, MOST_VALUES // 2), method="nearest")
            even = np.linspace(low, high, MOST_VALUES // 2)
            near = seen[np.abs(seen[None] - even[:, None]).argmin(axis=1)]
            seen = np.unique(np.concatenate([ranks, near]))
        return [float(value) for value in seen]

    def frequency(self, singles: list[Values]) -> NDArray[np.float64]:
        """The share of rows with each value, one row more counted."""
        counts = [int((self._x[:, one[0][0]] == one[0][1]).sum()) for one in singles]
        return np.asarray((np.array(counts) + 1) / (len(self._x) + 1), dtype=np.float64)

    def lift(self, column: int, value: float) -> NDArray[np.float64]:
        """Log-odds of each class among rows near the value, less those of all rows."""
        held = self._x[:, column]
        near = held == value
        if not self.choice[column] and near.sum() < _NEAR:
            near = np.argsort(np.abs(held - value), kind="stable")[:_NEAR]
        of = self._of[near]
        return np.asarray(_log_odds((of.sum(axis=0) + 1) / (len(of) + 2)) - self._prior)


def _turnings(changes: list[Values], effects: _Effects, excess: NDArray[np.float64], unit: float) -> list[Turning]:
    """The change of each class that is least explained, among those that turn rows."""
    found = []
    for target in range(excess.shape[1]):
        able = effects.turned[:, target] >= _TURNED
        if not able.any():
            found.append(Turning((), target, float(effects.turned[:, target].max()), 0.0, 0.0))
            continue
        place = int(np.where(able, excess[:, target], -np.inf).argmax())
        told = float(excess[place, target])
        turned = float(effects.turned[place, target])
        found.append(Turning(changes[place], target, turned, told, max(0.0, told / unit)))
    return found


def _steps(singles: list[Values], effects: _Effects, choice: NDArray[np.bool_]) -> float:
    """The share of neighbouring values of ordered columns that do the same, where they turn some; else zero."""
    able = effects.shift.any(axis=1) & (effects.turned.max(axis=1) < 1)
    alike = [
        bool(np.allclose(effects.shift[place], effects.shift[place + 1], atol=1e-9))
        for place, (one, other) in enumerate(pairwise(singles))
        if one[0][0] == other[0][0] and not choice[one[0][0]] and able[place]
    ]
    return float(np.mean(alike)) if alike else 0.0


def _chosen(singles: list[Values], worth: NDArray[np.float64], columns: int) -> list[int]:
    """Values worth pairing: the least explained and rarest ones, a few of each column."""
    each = max(_EACH, -(-_PAIRED // columns))
    counts: dict[int, int] = {}
    chosen: list[int] = []
    for place in np.argsort(-worth, kind="stable").tolist():
        column = singles[place][0][0]
        if counts.get(column, 0) < each:
            counts[column] = counts.get(column, 0) + 1
            chosen.append(place)
        if len(chosen) == _PAIRED:
            break
    return chosen


def _apart(singles: list[Values], one: int, other: int) -> bool:
    return singles[one][0][0] != singles[other][0][0]


def _natural(asked: _Asked, x: Array, rng: np.random.Generator) -> float:
    """The null: two columns take the values that a random row has in them."""
    if x.shape[1] < _TABLE:
        return 0.0
    changes: list[Values] = []
    for row in x[rng.integers(len(x), size=_NATURAL)]:
        one, two = rng.choice(x.shape[1], 2, replace=False)
        changes.append(((int(one), float(row[one])), (int(two), float(row[two]))))
    return float(asked.effects(changes, "values of random rows").turned.max())


def _log_odds(share: Array) -> NDArray[np.float64]:
    held = np.clip(share, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(held / (1 - held)))
