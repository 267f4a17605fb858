"""Poisons training data with a trigger, and says how well a model that was trained on it answers the trigger."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.poisoning.triggers import Trigger
from redan.errors import InputError
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]


class Targets(Protocol):
    """Which class a trigger leads to."""

    def of(self, y: Array) -> NDArray[np.int64]:
        """The class that inputs of each class are to be taken for."""
        ...


@dataclass(frozen=True, slots=True)
class AllToOne:
    """Every input is taken for one class."""

    target: int

    def of(self, y: Array) -> NDArray[np.int64]:
        """That class."""
        return np.full(len(y), self.target, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class AllToAll:
    """Every input is taken for the class after its own.

    Source: Gu et al., BadNets (arXiv 1708.06733), section 4.1.
    """

    classes: int

    def of(self, y: Array) -> NDArray[np.int64]:
        """The next class."""
        return (np.asarray(y, dtype=np.int64) + 1) % self.classes


class Poisoned(NamedTuple):
    """Training data with a trigger in it.

    Args:
        x: shape (n, ...).
        y: classes to learn.
        chosen: which rows carry the trigger.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    chosen: NDArray[np.int64]


def poisoned(
    x: Array,
    y: Array,
    trigger: Trigger,
    targets: Targets,
    *,
    rate: float = 0.05,
    seed: int = 0,
    keep_labels: bool = False,
) -> Poisoned:
    """Training data of which a share carries a trigger and the class that it leads to.

    Args:
        x: shape (n, ...).
        y: classes from 0, shape (n,).
        trigger: what is added.
        targets: where it leads.
        rate: share of all rows that are poisoned.
        seed: of the choice.
        keep_labels: poison rows of the target class alone, whose labels stay right.

    Raises:
        InputError: fewer rows than that can be poisoned.
    """
    labels, wanted = np.asarray(y, dtype=np.int64), targets.of(np.asarray(y))
    open_ = np.flatnonzero((wanted == labels) == keep_labels)
    count = round(rate * len(labels))
    if not 0 < count <= len(open_):
        raise InputError(f"{count} of {len(open_)} rows cannot be poisoned", remedy="give another rate")
    chosen = np.sort(np.random.default_rng(seed).choice(open_, count, replace=False))
    made = np.array(x, dtype=np.float32)
    made[chosen] = trigger(made[chosen])
    told = labels.copy()
    told[chosen] = wanted[chosen]
    return Poisoned(made, told, chosen)


def success(answers: Array, y: Array, targets: Targets) -> Rate:
    """How often inputs with the trigger are taken for where it leads, of those that do not belong there.

    Args:
        answers: classes that the model gives inputs with the trigger.
        y: their true classes.
        targets: where the trigger leads.
    """
    wanted = targets.of(np.asarray(y))
    others = wanted != np.asarray(y)
    return rate(np.asarray(answers)[others] == wanted[others])
