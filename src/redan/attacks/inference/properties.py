"""What a model's answers tell about its training data as a whole, such as the share of a group in it.

Source: Mahloujifar, Ghosh and Chase, Property Inference from Poisoning, IEEE S&P 2022 (shadow models and a learned
judge over answers to fixed questions); Suri and Evans, Formalizing and Estimating Distribution Inference Risks, PETS
2022 (arXiv 2109.06024): a leak counted in records. Ours: victims from persons whom the attacker does not have, an
interval that counts the chance of persons too (`properties_spread`), and the count of records from binomial
distributions instead of a bound.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.properties_spread import BLOCKS, spread
from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.stats.interval import Interval

LEVELS = (0.3, 0.7)
PRIOR = 0.5
LEAST = 50  # rows of a training set; a block then has more than the questions
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
        accuracy: of judgements that are right; each model is judged by the attackers of the three other blocks.
        models: that were trained, half of each share; no record of an attacker's models is in those he judges.
        shadows: models that one attacker learns from.
        rows: of each training set.
        partitions: share told right in each partition of the persons.
        interval: of the accuracy at 95 %, for this recipe on persons like these; the prior is one half.
        leaked: the same in records.
        told: what judges say of the model that is there: chance that it is of the higher share; None without one.
    """

    levels: tuple[float, float]
    accuracy: float
    models: int
    shadows: int
    rows: int
    partitions: tuple[float, ...]
    interval: Interval
    leaked: Leak
    told: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard it is tried.

    Args:
        levels: two shares of the group, ascending, each within (0, 1).
        partitions: of the persons into four blocks, each with models of its own; two at least.
        models: of each block, for each share; two at least.
        rows: of a training set at most.
    """

    levels: tuple[float, float] = LEVELS
    partitions: int = 4
    models: int = 12
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

    Persons are dealt into four blocks. An attacker has one of them and knows how models are trained; the victims are
    the models of the other blocks. The judge is a logistic regression over the answers to questions about the
    attacker's persons, learned from the attacker's own models. Every block is an attacker's and a victims' in turn.

    Args:
        group: shape (n,), who has the property.
        train: from indices of rows and a seed to what answers for indices of rows, shape (k, classes).
        rng: of the blocks, the sets and the seeds.
        effort: levels and numbers of models.
        target: answers of a model that is there already; it is judged, and counts for nothing.

    Raises:
        InputError: levels are no two ascending shares, or there are too few partitions or models.
        IncompleteError: a block has too few rows of the group, or of the others, for these levels.
        MissingExtraError: scikit-learn is not installed.
    """
    tried = effort or Effort()
    low, high = tried.levels
    if not 0 < low < high < 1 or min(tried.partitions, tried.models) < 2:  # noqa: PLR2004 -- one has no variance
        raise InputError(f"{low:g} and {high:g} are no two ascending shares, or partitions or models are too few")
    dealt = [_blocks(group, rng) for _ in range(tried.partitions)]
    size = min(_room(group[block], tried) for blocks in dealt for block in blocks)
    if size < LEAST:
        raise IncompleteError(
            f"{int(group.sum()):,} rows of the group and {int((~group).sum()):,} others make training sets of {size}",
            remedy=f"give rows for {LEAST} at least, or levels nearer to the share that there is",
        )
    drawing = _Drawing(group, train, size, tried)
    rounds = [_judged(drawing, blocks, rng, target) for blocks in dealt]
    found = spread(np.stack([right for right, _ in rounds]), models=2 * tried.models)
    told = [chance for _, chances in rounds for chance in chances]
    return PropertyInference(
        levels=tried.levels,
        accuracy=found.mean,
        models=2 * tried.models * BLOCKS * tried.partitions,
        shadows=2 * tried.models,
        rows=size,
        partitions=found.partitions,
        interval=found.interval,
        leaked=records_leaked(found.mean, tried.levels),
        told=float(np.mean(told)) if told else None,
    )


def _blocks(group: NDArray[np.bool_], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Disjoint persons with equal shares of the group."""
    parts = [np.array_split(rng.permutation(np.flatnonzero(side)), BLOCKS) for side in (group, ~group)]
    return [np.sort(np.concatenate([part[i] for part in parts])) for i in range(BLOCKS)]


def _judged(
    drawing: "_Drawing", blocks: list[NDArray[np.int64]], rng: np.random.Generator, target: Answering | None
) -> tuple[NDArray[np.float64], list[float]]:
    """Share told right by the attacker of each block (rows) about the models of each (columns), and of the target."""
    asked = np.stack([rng.choice(block, _QUESTIONS, replace=False) for block in blocks])
    answers, truth = drawing.models(blocks, asked.ravel(), rng)
    shares = bool(((answers >= 0) & (answers <= 1)).all())
    right, told = np.full((BLOCKS, BLOCKS), np.nan), []
    for own, questions in enumerate(asked):
        mine = answers[:, :, own * _QUESTIONS : (own + 1) * _QUESTIONS]
        features = _features(mine.reshape(-1, *mine.shape[2:]), shares=shares).reshape(*mine.shape[:2], -1)
        judge = _judge(features[own], truth)
        for other in range(BLOCKS):
            right[own, other] = float(((judge(features[other]) > PRIOR) == (truth == 1)).mean())
        if target is not None:
            told.append(float(judge(_features(_columns(target(questions))[None], shares=shares))[0]))
    return right, told


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
    effort: Effort

    def models(
        self, blocks: list[NDArray[np.int64]], asked: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Answers of models of both levels, shape (blocks, 2 models, questions, classes), and the level of each."""
        truth = np.arange(2 * self.effort.models) % 2
        return np.stack(
            [np.stack([self.one(block, level, asked, rng) for level in truth.tolist()]) for block in blocks]
        ), truth

    def one(
        self, block: NDArray[np.int64], level: int, asked: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Answers of a model trained on persons of a block, with one of both shares."""
        inside, outside = block[self.group[block]], block[~self.group[block]]
        count = round(self.size * self.effort.levels[level])
        chosen = [rng.choice(inside, count, replace=False), rng.choice(outside, self.size - count, replace=False)]
        return _columns(self.train(np.sort(np.concatenate(chosen)), int(rng.integers(2**31 - 1)))(asked))


def _columns(told: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(told, dtype=np.float64).reshape(len(told), -1)


def _features(told: NDArray[np.float64], *, shares: bool) -> NDArray[np.float64]:
    """Answers of each model, as log-odds where all models answer with shares, with their mean over the questions."""
    if shares:
        inner = np.clip(told, 1e-4, 1 - 1e-4)
        told = np.log(inner / (1 - inner))
    return np.concatenate([told.reshape(len(told), -1), told.mean(axis=1)], axis=1)


def _judge(x: NDArray[np.float64], y: NDArray[np.int64]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Learns from shadow models; gives the chance of the higher level."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 1e-9, scale, np.inf)  # noqa: PLR2004 -- constant answers tell nothing
    learned = LogisticRegression(C=0.1 / math.sqrt(x.shape[1]), max_iter=500).fit((x - centre) / scale, y)
    return lambda z: np.asarray(learned.predict_proba((z - centre) / scale)[:, 1])
