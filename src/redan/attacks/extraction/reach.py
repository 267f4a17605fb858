"""How good a copy is: how often it answers as the model does, how often it is right, and beside which figures.

Source: Jagielski et al., High Accuracy and High Fidelity Extraction of Neural Networks, USENIX Security 2020
(arXiv 1909.01838), section 3 (accuracy, fidelity, functional equivalence).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.extraction.contract import Attack, Known
from redan.attacks.extraction.copies import Copy, labels_of
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.recipes import BestRecipe
from redan.errors import InputError
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]
_UNIFORM = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Yardstick:
    """Inputs that no attacker saw, with the model's answers.

    Args:
        x: natural inputs, shape (n, ...).
        answers: of the model, shape (n,).
        y: true classes, shape (n,); None where nobody knows them.
        uniform: inputs drawn evenly from the domain.
        uniform_answers: of the model.
        classes: how many.
    """

    x: Array
    answers: NDArray[np.int64]
    y: NDArray[np.int64] | None
    uniform: Array
    uniform_answers: NDArray[np.int64]
    classes: int

    @property
    def majority(self) -> Rate:
        """How often the answer that is given the most is the answer: what a copy reaches that knows nothing else."""
        return rate(self.answers == np.bincount(self.answers, minlength=self.classes).argmax())

    @property
    def accuracy(self) -> Rate | None:
        """Of the model itself."""
        return None if self.y is None else rate(self.answers == self.y)

    @property
    def constant(self) -> bool:
        """Whether the model gives one answer to every sample, so that no copy can be told from another on them."""
        return len(np.unique(self.answers)) < 2  # noqa: PLR2004 -- answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A copy at one number of questions.

    Args:
        queries: that were answered.
        told: unknowns of the model that they told at most; see `redan.guards.leak`.
        fidelity: share of natural inputs on which copy and model agree.
        uniform: the same on inputs drawn evenly.
        accuracy: of the copy; None where no true classes are known.
    """

    queries: int
    told: float
    fidelity: Rate
    uniform: Rate
    accuracy: Rate | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extraction:
    """What one attack reached.

    Args:
        attack: its name.
        shown: the form of answers.
        points: by number of questions.
        refused: what the service said when it ended the attack before its budget; the empty string if it did not.
        cost: of the attack, its judging left out.
        copy: the last one; None where nothing was answered.
    """

    attack: str
    shown: str
    points: tuple[Point, ...]
    refused: str
    cost: Cost
    copy: Copy | None

    @property
    def best(self) -> Point | None:
        """The point of the highest fidelity, the earliest of equal ones; None where there is none."""
        return max(self.points, key=lambda one: one.fidelity.hits, default=None)

    @property
    def last(self) -> Point | None:
        """The point of the most questions; None where there is none."""
        return self.points[-1] if self.points else None


def yardstick(
    labels: Callable[[Array], NDArray[np.int64]],
    domain: Domain,
    x: Array,
    y: NDArray[np.int64] | None,
    *,
    classes: int,
    uniform: int = _UNIFORM,
    seed: int = 0,
) -> Yardstick:
    """Asks the model about inputs that are kept from attackers; none of it is counted as theirs.

    Args:
        labels: the model's answers.
        domain: of the inputs.
        x: natural inputs, shape (n, ...), one at least.
        y: true classes.
        classes: how many.
        uniform: inputs to draw from the domain.
        seed: of these.

    Raises:
        InputError: there are no inputs.
    """
    if not len(x):
        raise InputError("no inputs are left to judge a copy by", remedy="give more samples")
    drawn = domain.uniform(uniform, np.random.default_rng([seed, 6]))
    return Yardstick(x=x, answers=labels(x), y=y, uniform=drawn, uniform_answers=labels(drawn), classes=classes)


def measured(copy: Copy, oracle: Oracle, by: Yardstick) -> Point:
    """A copy at the questions asked so far."""
    found, drawn = labels_of(copy, by.x), labels_of(copy, by.uniform)
    return Point(
        queries=oracle.asked,
        told=oracle.told,
        fidelity=rate(found == by.answers),
        uniform=rate(drawn == by.uniform_answers),
        accuracy=None if by.y is None else rate(found == by.y),
    )


def extract(
    attack: Attack,
    oracle: Oracle,
    known: Known,
    by: Yardstick,
    marks: Sequence[int],
    *,
    told: Callable[[int], None] | None = None,
) -> Extraction:
    """Runs one attack to its end: the last mark, its budget, or the service's refusal.

    Args:
        attack: to run.
        oracle: that it asks; its meter may have run before.
        known: what else the attacker has.
        by: how copies are judged.
        marks: numbers of questions at which copies are judged, ascending.
        told: is told how many questions were answered.
    """
    points: list[Point] = []
    copy: Copy | None = None
    began = perf_counter()
    judging = 0.0
    for made in _copies(attack, oracle, known, marks):
        paused = perf_counter()
        copy = made
        if not points or points[-1].queries < oracle.asked:
            points.append(measured(made, oracle, by))
        if told is not None:
            told(oracle.asked)
        judging += perf_counter() - paused
    refused = "" if oracle.ended is None or oracle.spent else oracle.ended.what
    return Extraction(
        attack=attack.name,
        shown=str(oracle.shown),
        points=tuple(points),
        refused=refused,
        cost=oracle.cost(perf_counter() - began - judging),
        copy=copy,
    )


def _copies(attack: Attack, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
    if list(marks) != sorted(set(marks)) or (marks and marks[0] < 1):
        raise InputError("numbers of questions do not rise", remedy="give whole numbers from 1, each once, ascending")
    yield from attack.copies(oracle, known, marks)


def agreement(one: Copy, other: Copy, x: Array) -> Rate:
    """How often two copies answer the same."""
    return rate(labels_of(one, x) == labels_of(other, x))


def ceiling(known: Known, x: Array, y: NDArray[np.int64], by: Yardstick) -> Rate:
    """How often two models of the attacker's recipe agree that were trained on equal data from two seeds.

    Beyond this a copy repeats accidents of one training, which no training on data gives.

    Args:
        known: whose recipe.
        x: inputs, shape (n, ...).
        y: their true classes.
        by: inputs on which they are compared.
    """
    hot, recipe = np.eye(by.classes)[y], known.recipe
    drawn = recipe.among[-1] if isinstance(recipe, BestRecipe) else recipe  # the first ones have no seed that matters
    one, other = (drawn.fitted(known.domain, x, hot, known.seed + place) for place in (1, 2))
    return agreement(one, other, by.x)


def without_asking(known: Known, x: Array, y: NDArray[np.int64], by: Yardstick) -> Rate:
    """The fidelity of a model that was trained on labelled data of the same kind, without a question."""
    copy = known.recipe.fitted(known.domain, x, np.eye(by.classes)[y], known.seed)
    return rate(labels_of(copy, by.x) == by.answers)
