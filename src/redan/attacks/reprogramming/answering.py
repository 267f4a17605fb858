"""What answers look like before anybody attacks: labels alone, rounded, twice alike, and right on the model's own data.

What an endpoint declares need not be what it does, so that a verdict says how it was answered, over how many answers.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.endpoint import RefusedError
from redan.attacks.queries import Queries, indices
from redan.attacks.reprogramming.frame import Frame
from redan.attacks.reprogramming.tasks import Task
from redan.attacks.reprogramming.victims import Victim
from redan.attacks.sources import queries_of
from redan.errors import IncompleteError, InputError
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]
_OWN, _OWN_REMOTE = 500, 200
_FOREIGN = 8
_AGAIN = 32
_TOGETHER = 8  # samples of a question, of which one that is refused costs the others
_ALIKE = 1e-4  # of a share: kernels differ by less
_MOST_DIGITS = 4  # more of them say nothing less than all
_TABLE = 2


class Answered(NamedTuple):
    """How a model answers.

    Args:
        n: questions that say so; nobody is charged for them.
        classes: of the model.
        labels: whether it shows labels alone.
        decimals: places that its shares are rounded to; None where it shows more than four, or no shares.
        unlike: share of questions that it answers otherwise a second time.
        right: on samples of its own data; None where their classes are not known.
        guessed: share of them that the same answers in another order would be right on.
        notes: what a reader has to know.
    """

    n: int
    classes: int
    labels: bool = False
    decimals: int | None = None
    unlike: Rate | None = None
    right: Rate | None = None
    guessed: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def at_home(self) -> bool:
        """Whether it is known to do its own task on this data better than by guessing; true where nobody can say."""
        return self.right is None or self.right.interval.low > self.guessed


def answered(victim: Victim, task: Task, frame: Frame, *, declared: int | None = None, seed: int = 0) -> Answered:
    """Asks a model about its own data, twice about some of it, and about foreign inputs within random programs.

    Args:
        victim: what answers.
        task: foreign.
        frame: where its inputs lie.
        declared: how many classes the model is said to have; needed where it shows labels alone.
        seed: of every draw.

    Raises:
        InputError: labels of the data are no classes of the model, or it has another number of them than is said.
        IncompleteError: it does not answer, or gives one answer to everything.
    """
    rng, queries = np.random.default_rng([seed, 71]), queries_of(victim.source())
    chosen = np.sort(rng.permutation(len(victim.x))[: _OWN_REMOTE if victim.remote else _OWN])
    rows, own = _own(queries, victim.x, chosen)
    programs = [rng.normal(size=frame.parameters) for _ in range(2)]
    foreign = _foreign(queries, np.concatenate([frame.inputs(task.x[:_FOREIGN], theta) for theta in programs]))
    again = queries.answered(victim.x[rows[:_AGAIN]])
    told = np.concatenate([own, foreign])
    if bool(np.allclose(told, told[:1], rtol=0, atol=1e-9)):
        raise IncompleteError(
            "the model gives one answer to everything, so that reprogramming tells nothing",
            remedy="look whether it is the right model, and its inputs are scaled as it was trained",
        )
    classes = _classes(queries, told, declared)
    places, notes = _places(queries, None if victim.y is None else victim.y[rows], classes)
    labels = np.asarray(own.argmax(axis=1) if own.ndim == _TABLE else own, dtype=np.int64)
    unlike = np.abs(own[: len(again)] - again).reshape(len(again), -1).max(axis=1) > _ALIKE
    return Answered(
        n=len(told) + len(again),
        classes=classes,
        labels=told.ndim == 1,
        decimals=None if told.ndim == 1 else _decimals(told),
        unlike=rate(unlike),
        right=None if places is None else rate(labels == places),
        guessed=0.0 if places is None else _guessed(labels, places),
        notes=notes if len(rows) == len(chosen) else (*notes, _missing(len(chosen) - len(rows), len(chosen))),
    )


def _own(queries: Queries, x: Array, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """Samples that are answered, and the answers; a service may refuse some of what it was made for.

    Raises:
        IncompleteError: it answers none.
    """
    kept, found, refused = [], [], None
    for part in np.array_split(rows, -(-len(rows) // _TOGETHER)):
        try:
            found.append(queries.answered(x[part]))
            kept.append(part)
        except RefusedError as error:
            refused = error
    if refused is not None and not found:
        raise IncompleteError(
            f"{refused.what}, for samples of the model's own data",
            where=refused.where,
            remedy="give data that it takes",
        )
    return np.concatenate(kept), np.concatenate(found)


def _foreign(queries: Queries, inputs: Array) -> Array:
    """Answers to foreign inputs within programs.

    Raises:
        IncompleteError: they are refused.
    """
    try:
        return queries.answered(inputs)
    except RefusedError as error:
        raise IncompleteError(
            f"{error.what}, for foreign inputs within a program, and samples of the model's own data are answered",
            where=error.where,
            remedy="its inputs are bounded: what lies inside of the bound is not tried here, so judge the model's file",
        ) from error


def _missing(count: int, of: int) -> str:
    return f"The service refuses {count} of {of} samples of the model's own data."


def _classes(queries: Queries, told: Array, declared: int | None) -> int:
    """How many classes the model has.

    Raises:
        InputError: nobody knows, or it is said to be another number.
    """
    names = queries.source.classes
    if told.ndim == _TABLE or names is not None:
        found = told.shape[1] if names is None else len(names)
        if declared is not None and declared != found:
            raise InputError(f"the model has {found} classes, and --classes says {declared}", remedy="leave it out")
        return int(found)
    if declared is None:
        raise InputError("nobody knows how many classes the model has", remedy="say it with --classes")
    if int(told.max()) >= declared:
        raise InputError(f"the model answers a class beyond its {declared}", remedy="say how many it has: --classes")
    return declared


def _places(queries: Queries, y: Array | None, classes: int) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Labels of the data as indices of the model's classes; None where it names none and theirs are others.

    Raises:
        InputError: a label is no class of the model.
    """
    if y is None:
        return None, ()
    if queries.source.classes is not None:
        return queries.indices(y), ()
    if y.dtype.kind in "iub":
        if y.min() < 0 or y.max() >= classes:
            raise InputError(
                f"labels go from {y.min()} to {y.max()}, and the model has {classes} classes",
                remedy="give labels from 0, in the order of its answers",
            )
        return y.astype(np.int64), ()
    names = np.unique(y)
    if len(names) != classes:
        return None, ("The model's classes have no names, so that nobody knows how often it is right.",)
    return indices(y, names), ("The model names no classes; those of the data are taken in sorted order.",)


def _guessed(labels: NDArray[np.int64], places: NDArray[np.int64]) -> float:
    """The agreement that two raters reach by chance.

    Source: Cohen, A Coefficient of Agreement for Nominal Scales, Educational and Psychological Measurement 20 (1960).
    """
    most = int(max(labels.max(), places.max())) + 1
    a, b = (np.bincount(one, minlength=most) / len(one) for one in (labels, places))
    return float(a @ b)


def _decimals(told: Array) -> int | None:
    """Places that shares are rounded to; None for more than four, and for numbers that are no shares."""
    given = np.asarray(told, dtype=np.float64)
    if bool((given < 0).any()) or bool((given > 1).any()):
        return None
    single, furthest = given.astype(np.float32), np.abs(given.sum(axis=1) - 1).max()
    for places in range(_MOST_DIGITS + 1):
        rounded = np.array_equal(np.round(given, places).astype(np.float32), single)
        if rounded and furthest <= given.shape[1] / 2 / 10**places + _ALIKE:
            return places
    return None
