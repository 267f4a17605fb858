"""How much of what varies in a forecast's inputs its published value explains, beyond what an attacker knows already.

Somebody who supplies one of the inputs knows it, and may see the forecast with it moved; what they learn of the others
is what a regression on that explains out of sample, beside a regression on their own input alone. Attribute inference
is held against imputation in the same way (Jayaraman and Evans, CCS 2022).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, MissingExtraError
from redan.extras import missing_import
from redan.stats.difference import normal_quantile
from redan.stats.interval import Interval

Matrix: TypeAlias = NDArray[np.float64]
Ask: TypeAlias = Callable[[Matrix], Matrix]
LEAST = 100
_FOLDS = 3
_TREES = 40
_LEAF = 5
_OWNERS = 2
_COLUMNS = 8  # whose values are guessed, the ones that forecasts go with the most
_DRAWS = 400
_REST = 2  # inputs besides the attacker's, from which their mean and spread are statistics
_LEVEL = 0.05
_MOVES = (0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What forecasts tell of one statistic of the inputs.

    Args:
        statistic: of the inputs, such as `mean of the others`.
        owner: the input that the attacker supplies; the empty string for an outsider.
        before: share of its variance that the attacker explains without forecasts, out of sample.
        after: likewise with forecasts.
        share: of the variance that was left, how much forecasts explain.
        interval: of the share, at 95 % over all statistics and attackers together.
        n: rows.
        planted: share that a planted hint explains which tells more than is agreed; its lower end.
        compared: statistics and attackers among which this one is the worst.
    """

    statistic: str
    owner: str
    before: float
    after: float
    share: float
    interval: Interval
    n: int
    planted: float
    compared: int


class _Guessed(NamedTuple):
    """Squared errors, row by row."""

    statistic: str
    owner: str
    none: Matrix
    before: Matrix
    after: Matrix


def told_by_forecasts(
    x: Matrix, ask: Ask, names: Sequence[str], *, bound: float, rng: np.random.Generator, ordered: bool = False
) -> Told:
    """The statistic of the inputs that forecasts tell the most about, to the attacker who learns the most.

    Args:
        x: inputs, shape (n, columns), finite.
        ask: published forecasts of inputs, shape (n,); rounded as they are published.
        names: of the columns.
        bound: share that is agreed on; the planted hint tells half of what it leaves more.
        rng: of the folds and of the planted hint.
        ordered: whether rows follow each other in time, so that neighbours are alike.

    Returns:
        With a share of 0 and no interval to speak of where every forecast is the same.

    Raises:
        IncompleteError: there are too few rows, or no input varies.
        MissingExtraError: scikit-learn is not installed.
    """
    if missing_import("sklearn") is not None:
        raise MissingExtraError("sklearn", "scikit-learn")
    if len(x) < LEAST:
        raise IncompleteError(f"{len(x)} rows are too few to learn from; {LEAST} are needed")
    varying = np.flatnonzero(np.ptp(x, axis=0) > 0)
    if not len(varying):
        raise IncompleteError("no input varies")
    rows = np.arange(len(x)) if ordered else rng.permutation(len(x))
    given = x[rows]
    scaled = (given - given.mean(axis=0)) / np.where(given.std(axis=0) > 0, given.std(axis=0), 1.0)
    blocks = _blocks(len(x), ordered=ordered)
    seed = int(rng.integers(2**31 - 1))
    found = list(_guessed(given, scaled, ask, (names, varying), seed))
    shares = [_share(one.before, one.after) for one in found]
    worst = found[int(np.argmax(shares))]
    interval = _interval(worst, blocks, len(found), rng)
    hint = _planted(scaled[:, varying].mean(axis=1), (1 + bound) / 2, seed, rng)
    planted = _interval(hint, blocks, len(found), rng)
    return Told(
        statistic=worst.statistic,
        owner=worst.owner,
        before=_share(worst.none, worst.before),
        after=_share(worst.none, worst.after),
        share=max(shares),
        interval=interval,
        n=len(x),
        planted=planted.low,
        compared=len(found),
    )


def _guessed(
    x: Matrix, scaled: Matrix, ask: Ask, columns: tuple[Sequence[str], NDArray[np.int64]], seed: int
) -> Iterator[_Guessed]:
    """Every statistic, by an outsider and by those whose input moves forecasts the most."""
    (names, varying), base = columns, _flat(ask(x), len(x))
    moved = {int(place): _moved(x, ask, int(place)) for place in varying}
    by_effect = sorted(moved, key=lambda place: -float(np.abs(moved[place] - base[:, None]).mean()))
    along = sorted((int(p) for p in varying), key=lambda place: -_together(scaled[:, place], base))
    for owner in (None, *by_effect[:_OWNERS]):
        rest = [place for place in along if place != owner]
        if not rest:
            continue
        wanted = {names[place]: scaled[:, place] for place in rest[:_COLUMNS]}
        if len(rest) > _REST:
            wanted["mean of the others" if owner is not None else "mean of the inputs"] = scaled[:, rest].mean(axis=1)
            wanted["spread of the others" if owner is not None else "spread of the inputs"] = scaled[:, rest].std(
                axis=1
            )
        targets = np.column_stack(list(wanted.values()))
        own = x[:, [owner]] if owner is not None else np.zeros((len(x), 1))
        seen = np.column_stack([own, base, *([moved[owner]] if owner is not None else [])])
        none, before, after = (_errors(z, targets, seed) for z in (np.zeros((len(x), 1)), own, seen))
        for place, statistic in enumerate(wanted):
            yield _Guessed(
                statistic, names[owner] if owner is not None else "", none[:, place], before[:, place], after[:, place]
            )


def _moved(x: Matrix, ask: Ask, place: int) -> Matrix:
    """Forecasts with one input at its lowest, middle and highest value."""
    low, high = x[:, place].min(), x[:, place].max()
    told = []
    for share in _MOVES:
        tried = x.copy()
        tried[:, place] = low + share * (high - low)
        told.append(_flat(ask(tried), len(x)))
    return np.column_stack(told)


def _errors(seen: Matrix, targets: Matrix, seed: int) -> Matrix:
    """Squared errors of guesses learned on other rows, by trees or a line, whichever errs less; shaped as targets."""
    trees, line = np.empty_like(targets), np.empty_like(targets)
    for held in np.array_split(np.arange(len(seen)), _FOLDS):
        rest = np.setdiff1d(np.arange(len(seen)), held)
        design = np.column_stack([seen, np.ones(len(seen))])
        weights = np.linalg.lstsq(design[rest], targets[rest], rcond=None)[0]
        line[held] = (targets[held] - design[held] @ weights) ** 2
        trees[held] = (targets[held] - _grown(seen[rest], targets[rest], seen[held], seed)) ** 2
    return np.where(trees.sum(axis=0) < line.sum(axis=0), trees, line)


def _grown(seen: Matrix, targets: Matrix, asked: Matrix, seed: int) -> Matrix:
    from sklearn.ensemble import ExtraTreesRegressor

    if not np.ptp(seen, axis=0).any():
        return np.broadcast_to(targets.mean(axis=0), (len(asked), targets.shape[1]))
    grown = ExtraTreesRegressor(_TREES, min_samples_leaf=_LEAF, random_state=seed, n_jobs=1)
    flat = targets[:, 0] if targets.shape[1] == 1 else targets
    return np.asarray(grown.fit(seen, flat).predict(asked), dtype=np.float64).reshape(len(asked), -1)


def _planted(statistic: Matrix, share: float, seed: int, rng: np.random.Generator) -> _Guessed:
    """A hint of known size in place of the forecast."""
    target = (statistic - statistic.mean()) / (statistic.std() or 1.0)
    hint = np.sqrt(share) * target + np.sqrt(1 - share) * rng.normal(size=len(target))
    none, after = (_errors(z[:, None], target[:, None], seed)[:, 0] for z in (np.zeros(len(target)), hint))
    return _Guessed("planted", "", none, none, after)


def _share(before: Matrix, after: Matrix) -> float:
    total = float(before.sum())
    return max(0.0, 1.0 - float(after.sum()) / total) if total > 0 else 0.0


def _interval(of: _Guessed, blocks: NDArray[np.int64], compared: int, rng: np.random.Generator) -> Interval:
    """By drawing blocks of rows anew; normal, since the level is too far out for quantiles of few draws."""
    count = int(blocks.max()) + 1
    before, after = (np.bincount(blocks, weights=errors, minlength=count) for errors in (of.before, of.after))
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=_DRAWS)
    totals = drawn @ before
    shares = 1 - (drawn @ after) / np.where(totals > 0, totals, 1.0)
    middle, half = _share(of.before, of.after), normal_quantile(1 - _LEVEL / compared) * float(shares.std())
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def _blocks(n: int, *, ordered: bool) -> NDArray[np.int64]:
    length = max(1, round(n ** (1 / 3))) if ordered else 1
    return np.arange(n) // length


def _together(one: Matrix, other: Matrix) -> float:
    if not np.ptp(one) or not np.ptp(other):
        return 0.0
    return abs(float(np.corrcoef(one, other)[0, 1]))


def _flat(told: Matrix, n: int) -> Matrix:
    found = np.asarray(told, dtype=np.float64).reshape(n, -1)[:, 0]
    if not np.isfinite(found).all():
        raise IncompleteError("forecasts hold values that are no numbers")
    return found
