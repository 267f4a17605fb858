"""A simulated flood: how far a few hostile voices move a model that is trained again with what they say.

Source: label flips before training, as in Biggio, Nelson and Laskov, Poisoning Attacks against Support Vector Machines,
ICML 2012, and Xiao, Xiao and Eckert, Adversarial Label Flips Attack on Support Vector Machines, ECAI 2012; here with
entries that copy real rows and lie about their class. The attacker is assumed to know rows and labels like those of the
training data, to give as many entries as the cap allows, and to pass every review; the rows that judge the model are
unknown to it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, MissingExtraError
from redan.stats.difference import normal_quantile
from redan.stats.interval import Interval

Numbers: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
# Rows and classes to learn from, rows to judge, seed: to one score per judged row and class.
Learner: TypeAlias = Callable[[Numbers, Codes, Numbers, int], Numbers]
FOLDS = 5
LEAST_ROWS = 200
LEAST_OF_CLASS = 50
MOST_CLASSES = 3  # the most frequent classes are attacked
ROUNDS = 2  # fresh folds and trees each, which halves what mere retraining changes
_TREES = 40


class Lie(NamedTuple):
    """What hostile entries do.

    Args:
        how: `spread` over all rows of a class, or `aimed` at those that the model is least sure of.
        victim: class of the rows that are copied.
        said: class that the entries claim.
    """

    how: Literal["spread", "aimed"]
    victim: int
    said: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What one kind of lie does to the rows that it is about.

    Args:
        lie: the attack.
        entries: hostile entries per training row.
        loss: recall of the victim class that is lost.
        interval: of the loss; holds together with those of the other lies.
        before: recall without the attack.
        n: rows of the victim class, each judged by a model that did not see it.
    """

    lie: Lie
    entries: float
    loss: float
    interval: Interval
    before: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """What a flood of hostile feedback comes to.

    Args:
        moved: one per lie.
        control: loss under a flood as large as the training data: whether a shift could be seen at all.
        doses: the worst lie at growing numbers of entries per training row.
        classes: what the codes mean.
        rows: that the simulation used.
    """

    moved: tuple[Moved, ...]
    control: Moved
    doses: tuple[Moved, ...]
    classes: tuple[str, ...]
    rows: int

    @property
    def worst(self) -> Moved:
        """The lie that is known to do most."""
        return max(self.moved, key=lambda one: (one.interval.low, one.loss))


def flood(
    x: Numbers,
    y: Codes,
    *,
    entries: float,
    classes: Sequence[str],
    rng: np.random.Generator,
    victim: int | None = None,
    learn: Learner | None = None,
    confidence: float = 0.95,
) -> Flood:
    """Trains with and without hostile entries and compares the answers on rows that neither saw.

    Args:
        x: shape (n, d), inputs without missing values.
        y: shape (n,), class codes from 0.
        entries: hostile entries per training row.
        classes: names of the codes.
        rng: of folds, attacks and training.
        victim: the class that an attacker wants missed; None tries the three most frequent ones.
        learn: trains and scores; None takes randomised trees.
        confidence: that the intervals of all lies hold together.

    Raises:
        IncompleteError: fewer than 200 rows, or no two classes of 50.
        MissingExtraError: scikit-learn is not installed and no learner is given.
    """
    lies = _lies(y, victim)
    z = normal_quantile(1 - (1 - confidence) / len(lies))
    rounds = [_round(x, y, rng, learn or trees, len(classes)) for _ in range(ROUNDS)]
    moved = tuple(_moved(rounds, lie, entries, z) for lie in lies)
    worst = max(moved, key=lambda one: (one.interval.low, one.loss))
    control = _moved(rounds[:1], worst.lie, 1.0, z)
    doses = tuple(_moved(rounds[:1], worst.lie, entries * many, z) for many in (4, 16) if entries * many < 1)
    return Flood(moved=moved, control=control, doses=(worst, *doses), classes=tuple(classes), rows=len(y))


class _Round(NamedTuple):
    x: Numbers
    y: Codes
    fold: Codes
    seeds: list[int]
    learn: Learner
    honest: Numbers  # scores of every row from a model that did not see it, without the attack


def trees(x: Numbers, y: Codes, asked: Numbers, seed: int) -> Numbers:
    """Randomised trees: they follow what they are told without knowing the model that is in use.

    Args:
        x: shape (n, d).
        y: shape (n,), codes.
        asked: shape (m, d).
        seed: of the trees.

    Returns:
        Shape (m, largest code + 1).

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import ExtraTreesClassifier
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    made = ExtraTreesClassifier(n_estimators=_TREES, min_samples_leaf=3, n_jobs=1, random_state=seed)
    made.fit(x, y)
    found = np.zeros((len(asked), int(y.max()) + 1))
    found[:, made.classes_] = made.predict_proba(asked)
    return found


def _lies(y: Codes, victim: int | None) -> list[Lie]:
    counts = np.bincount(y)
    order = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] >= LEAST_OF_CLASS]
    if len(y) < LEAST_ROWS or len(order) < 2:  # noqa: PLR2004 -- a lie needs another class
        raise IncompleteError(
            f"{len(y)} rows are not enough data: at least {LEAST_ROWS}, and {LEAST_OF_CLASS} of two classes, are needed"
        )
    if victim is not None and victim not in order:
        raise IncompleteError(f"fewer than {LEAST_OF_CLASS} rows have the class that matters")
    victims = order[:MOST_CLASSES] if victim is None else [victim]
    pairs = [(c, next(o for o in order if o != c)) for c in victims]
    return [Lie(how, c, other) for c, other in pairs for how in ("spread", "aimed")]


def _round(x: Numbers, y: Codes, rng: np.random.Generator, learn: Learner, classes: int) -> _Round:
    fold = rng.permutation(len(y)) % FOLDS
    seeds = [int(seed) for seed in rng.integers(2**31 - 1, size=FOLDS)]
    honest = np.zeros((len(y), classes))
    for k, seed in enumerate(seeds):
        held = fold == k
        scores = learn(x[~held], y[~held], x[held], seed)
        honest[held, : scores.shape[1]] = scores
    return _Round(x, y, fold, seeds, learn, honest)


def _moved(rounds: Sequence[_Round], lie: Lie, entries: float, z: float) -> Moved:
    mine = rounds[0].y == lie.victim
    right = np.mean([(one.honest.argmax(axis=1) == one.y)[mine] for one in rounds], axis=0)
    change = right - np.mean([_still(one, lie, entries) for one in rounds], axis=0)
    loss, n = float(change.mean()), len(change)
    half = z * math.sqrt((float(change.var()) * n + 1) / n**2)  # never quite 0, even if nothing moved yet
    interval = Interval(max(-1.0, loss - half), min(1.0, loss + half))
    return Moved(lie=lie, entries=entries, loss=loss, interval=interval, before=float(right.mean()), n=n)


def _still(one: _Round, lie: Lie, entries: float) -> NDArray[np.bool_]:
    """Whether each row of the victim class is still recognised by a model that learned the lies, too."""
    mine = one.y == lie.victim
    still = np.zeros(len(one.y), dtype=np.bool_)
    for k, seed in enumerate(one.seeds):
        known, asked = np.flatnonzero(one.fold != k), np.flatnonzero((one.fold == k) & mine)
        rows = _copied(one.y[known], one.honest[known], lie, max(1, round(entries * len(known))), seed)
        x = np.vstack([one.x[known], one.x[known[rows]]])
        y = np.r_[one.y[known], np.full(len(rows), lie.said)]
        if len(asked):
            still[asked] = one.learn(x, y, one.x[asked], seed).argmax(axis=1) == lie.victim
    found: NDArray[np.bool_] = still[mine]
    return found


def _copied(y: Codes, scores: Numbers, lie: Lie, count: int, seed: int) -> NDArray[np.int64]:
    """Rows that hostile entries copy."""
    rows = np.flatnonzero(y == lie.victim)
    if lie.how == "spread":
        return np.random.default_rng(seed).choice(rows, count, replace=count > len(rows))
    sure = np.abs(scores[rows, lie.victim] - scores[rows, lie.said])
    nearest = rows[np.argsort(sure, kind="stable")]
    return np.resize(nearest[: max(1, min(count, len(nearest) // 2))], count)
