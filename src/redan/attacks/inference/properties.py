"""What a model's answers tell about its training data as a whole, such as the share of a group in it.

Source: Mahloujifar, Ghosh and Chase, Property Inference from Poisoning, IEEE S&P 2022 (shadow models and a learned
judge over answers to fixed questions); Suri and Evans, Formalizing and Estimating Distribution Inference Risks, PETS
2022 (arXiv 2109.06024): a leak counted in records. Ours: victims from persons whom the attacker does not have, an exact
interval beside the prior, and the count of records from binomial distributions instead of a bound.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval

LEVELS = (0.3, 0.7)
PRIOR = 0.5
LEAST = 50  # rows of a training set
_QUESTIONS = 64
_ROOM = 0.7  # of a group's rows that one training set takes, so that two sets differ
_MOST_LEAKED = 2000
Array: TypeAlias = NDArray[Any]
Answering: TypeAlias = Callable[[Array], NDArray[np.float64]]
Train: TypeAlias = Callable[[Array, int], Answering]


class Leak(NamedTuple):
    """How many records drawn from the population tell its share as well as a model does.

    Args:
        records: 0 for a model that tells nothing.
        at_least: whether more would be needed than were tried.
    """

    records: int
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyInference:
    """How well two shares of a group in the training data are told apart by a model's answers.

    Args:
        levels: the two shares.
        right: victims whose share was told right.
        victims: models that were asked, half of each share; no record of their attacker is in their training data.
        shadows: models that attackers trained.
        rows: of each training set.
        splits: share told right by each attacker, who has another half of the persons.
        interval: of the share told right, at 95 %: of Student over splits, since victims of one half go together by
            chance, and never narrower than the exact interval of the count; the prior is one half.
        leaked: the same in records.
        told: what the judge says of the model that is there: chance that it is of the higher share; None without one.
    """

    levels: tuple[float, float]
    right: int
    victims: int
    shadows: int
    rows: int
    splits: tuple[float, ...]
    interval: Interval
    leaked: Leak
    told: float | None = None

    @property
    def accuracy(self) -> float:
        """Share of victims told right."""
        return self.right / self.victims


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard it is tried.

    Args:
        levels: two shares of the group, ascending, each within (0, 1).
        splits: of persons into attacker's and victims', each with models of its own; three at least.
        shadows: of each attacker, for each share.
        victims: of each split, for each share.
        rows: of a training set at most.
    """

    levels: tuple[float, float] = LEVELS
    splits: int = 8
    shadows: int = 20
    victims: int = 10
    rows: int = 2000


def property_inference(
    group: NDArray[np.bool_],
    train: Train,
    *,
    rng: np.random.Generator,
    effort: Effort | None = None,
    target: Answering | None = None,
) -> PropertyInference:
    """Trains models on data with two shares of a group, and guesses the share from answers to fixed questions.

    The attacker has one half of the persons and knows how models are trained; the victims are trained on the other
    half. The judge is a logistic regression over the answers, learned from the attacker's own models.

    Args:
        group: shape (n,), who has the property.
        train: from indices of rows and a seed to what answers for indices of rows, shape (k, classes).
        rng: of the halves, the sets and the seeds.
        effort: levels and numbers of models.
        target: answers of a model that is there already; it is judged, and counts for nothing.

    Raises:
        InputError: levels are no two ascending shares.
        IncompleteError: a half has too few rows of the group, or of the others, for these levels.
        MissingExtraError: scikit-learn is not installed.
    """
    tried = effort or Effort()
    low, high = tried.levels
    if not 0 < low < high < 1 or tried.splits < 3:  # noqa: PLR2004 -- fewer have no variance worth the name
        raise InputError(f"{low:g} and {high:g} are no two ascending shares, or {tried.splits} splits are too few")
    halves = [_halves(group, rng) for _ in range(tried.splits)]
    size = min(_room(group[half], tried) for pair in halves for half in pair)
    if size < LEAST:
        raise IncompleteError(
            f"{int(group.sum()):,} rows of the group and {int((~group).sum()):,} others make training sets of {size}",
            remedy=f"give rows for {LEAST} at least, or levels nearer to the share that there is",
        )
    right, told = [], []
    for own, others in halves:
        asked = rng.choice(own, min(_QUESTIONS, len(own)), replace=False)
        drawing = _Drawing(group, train, size, tried.levels, asked)
        judge = _judge(*drawing.models(own, tried.shadows, rng))
        victims, truth = drawing.models(others, tried.victims, rng)
        right.append(int(((judge(victims) > PRIOR) == (truth == 1)).sum()))
        if target is not None:
            told.append(float(judge(_features(target(asked))[None])[0]))
    each = 2 * tried.victims
    n = each * tried.splits
    return PropertyInference(
        levels=tried.levels,
        right=sum(right),
        victims=n,
        shadows=2 * tried.shadows * tried.splits,
        rows=size,
        splits=tuple(one / each for one in right),
        interval=_interval(right, each),
        leaked=records_leaked(sum(right) / n, tried.levels),
        told=float(np.mean(told)) if told else None,
    )


def _halves(group: NDArray[np.bool_], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Persons of the attacker and of the victims, with equal shares of the group."""
    parts = [np.array_split(rng.permutation(np.flatnonzero(side)), 2) for side in (group, ~group)]
    one, two = (np.sort(np.concatenate([part[i] for part in parts])) for i in (0, 1))
    return one, two


def _interval(right: list[int], each: int) -> Interval:
    from scipy.special import stdtrit

    shares, exact = np.array(right) / each, clopper_pearson(sum(right), each * len(right))
    reach = float(stdtrit(len(shares) - 1, 0.975) * shares.std(ddof=1) / math.sqrt(len(shares)))
    mean = float(shares.mean())
    return Interval(max(0.0, min(exact.low, mean - reach)), min(1.0, max(exact.high, mean + reach)))


def records_leaked(accuracy: float, levels: tuple[float, float]) -> Leak:
    """How many records of the population, drawn at random, let the share be told right as often.

    Args:
        accuracy: share of right guesses, with a prior of one half.
        levels: the two shares.

    Returns:
        The least number whose best guess is right as often; `at_least` beyond 2,000.
    """
    from scipy.stats import binom

    def reaches(n: int) -> bool:
        counts = np.arange(n + 1)
        best = 0.5 * float(np.maximum(binom.pmf(counts, n, levels[0]), binom.pmf(counts, n, levels[1])).sum())
        return best >= accuracy or math.isclose(best, accuracy)

    if accuracy <= PRIOR:
        return Leak(0)
    if not reaches(_MOST_LEAKED):
        return Leak(_MOST_LEAKED, at_least=True)
    return Leak(1 + bisect_left(range(1, _MOST_LEAKED + 1), True, key=reaches))


def _room(group: NDArray[np.bool_], effort: Effort) -> int:
    """Rows of a training set that both levels can be drawn for."""
    inside, outside = int(group.sum()), int((~group).sum())
    low, high = effort.levels
    return min(effort.rows, int(_ROOM * inside / high), int(_ROOM * outside / (1 - low)))


class _Drawing(NamedTuple):
    """How training sets are drawn and models asked."""

    group: NDArray[np.bool_]
    train: Train
    size: int
    levels: tuple[float, float]
    asked: NDArray[np.int64]

    def models(
        self, half: NDArray[np.int64], each: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Answers of models trained on both levels, shape (2 each, features), and the level of each."""
        inside, outside = half[self.group[half]], half[~self.group[half]]
        rows = []
        for place in range(2 * each):
            count = round(self.size * self.levels[place % 2])
            chosen = [rng.choice(inside, count, replace=False), rng.choice(outside, self.size - count, replace=False)]
            answering = self.train(np.sort(np.concatenate(chosen)), int(rng.integers(2**31 - 1)))
            rows.append(_features(answering(self.asked)))
        return np.stack(rows), np.arange(2 * each) % 2


def _features(told: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answers as log-odds where they are shares, with their mean over the questions."""
    found = np.asarray(told, dtype=np.float64).reshape(len(told), -1)
    if ((found >= 0) & (found <= 1)).all():
        inner = np.clip(found, 1e-4, 1 - 1e-4)
        found = np.log(inner / (1 - inner))
    return np.concatenate([found.ravel(), found.mean(axis=0)])


def _judge(x: NDArray[np.float64], y: NDArray[np.int64]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Learns from shadow models; gives the chance of the higher level."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 1e-9, spread, np.inf)  # noqa: PLR2004 -- constant answers tell nothing
    learned = LogisticRegression(C=0.1 / math.sqrt(x.shape[1]), max_iter=500).fit((x - centre) / spread, y)
    return lambda z: np.asarray(learned.predict_proba((z - centre) / spread)[:, 1])
