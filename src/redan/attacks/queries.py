"""A model that shows its answers only: scores or labels of batches, each sample counted, until a budget is spent."""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.memory import Memory
from redan.attacks.replay import Part
from redan.attacks.result import Result
from redan.errors import IncompleteError, InputError

Array: TypeAlias = NDArray[Any]
_TABLE = 2  # rows and classes


class Source(Protocol):
    """What answers.

    Args:
        classes: the label that each index stands for; None where labels are the indices.
        forward: samples that were computed here so far; 0 for what computes elsewhere.
    """

    @property
    def classes(self) -> Array | None:
        """The label of each index."""
        ...

    @property
    def forward(self) -> int:
        """Samples computed on this machine, those included that fill up a batch."""
        ...

    def ask(self, x: Array) -> Array:
        """Scores, shape (n, classes), or labels, shape (n,), of a batch of at least one sample.

        Raises:
            IncompleteError: it does not answer any more.
        """
        ...


class SpentError(IncompleteError):
    """The budget of queries does not reach for the next batch; nothing of that batch was asked."""


class StoppedError(IncompleteError):
    """An attack ended before its time, since the model did not answer any more; its work is kept.

    Args:
        reason: what happened.
        result: what was found until then; a sample that was not finished counts as not broken.
    """

    def __init__(self, reason: IncompleteError, result: Result) -> None:
        super().__init__(reason.what, where=reason.where, remedy=reason.remedy)
        self.result = result


class Queries:
    """Asks a model, counts, and stops at the budget."""

    def __init__(
        self, source: Source, *, budget: int | None = None, memory: Memory | None = None, replay: Part | None = None
    ) -> None:
        """Nothing is asked yet.

        Args:
            source: what answers.
            budget: samples that may be asked in all; None for no end.
            memory: answers of an earlier run, which are not asked again, and those of this one.
            replay: the same in the order of the questions; they count towards the budget as if they were asked.
        """
        self.source = source
        self.budget = budget
        self.memory = memory
        self.replay = replay
        self.asked = 0

    @property
    def left(self) -> int | None:
        """Samples that may still be asked; None for no end."""
        return None if self.budget is None else self.budget - self.asked

    def scores(self, x: Array) -> NDArray[np.float32]:
        """Scores, shape (n, classes).

        Raises:
            InputError: it shows labels only.
            SpentError: the budget does not reach.
            IncompleteError: it does not answer.
        """
        told = self._told(x)
        if told.ndim != _TABLE:
            raise InputError("the model shows labels only", remedy="use an attack that needs no scores")
        return told

    def labels(self, x: Array) -> NDArray[np.int64]:
        """The index of the class of each sample, shape (n,).

        Raises:
            SpentError: the budget does not reach.
            IncompleteError: it does not answer.
        """
        if not len(x):
            return np.empty(0, dtype=np.int64)
        told = self._told(x)
        return np.asarray(told.argmax(axis=1) if told.ndim == _TABLE else told, dtype=np.int64)

    def answered(self, x: Array) -> Array:
        """Scores, shape (n, classes), or labels, shape (n,), whatever it shows.

        Raises:
            SpentError: the budget does not reach.
            IncompleteError: it does not answer.
        """
        return self._told(x)

    def indices(self, y: object) -> NDArray[np.int64]:
        """Labels as the data has them, as indices, shape (n,).

        Raises:
            InputError: one is no class of the model.
        """
        return indices(np.asarray(y), self.source.classes)

    def cost(self, seconds: float = 0.0) -> Cost:
        """What was asked so far."""
        return Cost(forward=self.source.forward, queries=self.asked, seconds=seconds)

    def _told(self, x: Array) -> Array:
        given = np.ascontiguousarray(x, dtype=np.float32)
        if self.memory is not None:
            return self.memory.recalled(given, self._asked)
        self.spend(len(given))
        return self._answered(given) if self.replay is None else self.replay.told(given, self._answered)

    def spend(self, samples: int) -> None:
        """Counts samples that are to be asked.

        Raises:
            SpentError: the budget does not reach; nothing is counted then.
        """
        left = self.left
        if left is not None and samples > left:
            raise SpentError(f"the budget of {self.budget} queries is spent", remedy="give a larger budget")
        self.asked += samples

    def _asked(self, x: Array) -> Array:
        self.spend(len(x))
        return self._answered(x)

    def _answered(self, x: Array) -> Array:
        return answers(self.source.ask(x), len(x), self.source.classes)


def answers(told: Array, rows: int, classes: Array | None) -> Array:
    """Scores as float32, or labels as indices.

    Args:
        told: as the model gave it.
        rows: that were asked.
        classes: the label of each index.

    Raises:
        InputError: it is neither scores nor labels, or a score is no number.
    """
    if told.ndim == _TABLE and told.shape[1] == 1 and told.dtype.kind in "iubOUS":
        told = told[:, 0]
    if told.ndim not in {1, _TABLE} or len(told) != rows or (told.ndim == _TABLE and told.shape[1] == 1):
        raise InputError(
            f"the model answers {rows} samples in shape {told.shape}",
            remedy="wrap it so that it gives (rows, classes) or one label per row",
        )
    if told.ndim == 1:
        return indices(told, classes)
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is looked at
        found = told.astype(np.float32)
    if np.isnan(found).any() or np.isposinf(found).any():  # a logarithm of nothing is -inf, and is one
        raise InputError(
            "the model answers with values that are no numbers", remedy="look for NaN or infinity in its answers"
        )
    return found


def indices(labels: Array, classes: Array | None) -> NDArray[np.int64]:
    """Labels as indices of classes, shape (n,).

    Raises:
        InputError: one is no class.
    """
    if classes is None:
        whole = labels.dtype.kind in "iub" or (labels.dtype.kind == "f" and bool((labels == np.floor(labels)).all()))
        if not whole or (labels < 0).any():
            raise InputError(
                "labels are no whole numbers from 0, and the model names no classes", remedy="give its classes"
            )
        return labels.astype(np.int64)
    place = {str(name): index for index, name in enumerate(classes.tolist())}
    found = [place.get(str(name)) for name in labels.tolist()]
    known = [index for index in found if index is not None]
    if len(known) < len(found):
        raise InputError(
            f"{len(found) - len(known)} of {len(found)} labels are no class of the model",
            remedy=f"it knows {len(place)} classes: {', '.join([*place][:5])}{' ...' if len(place) > 5 else ''}; "  # noqa: PLR2004
            "give labels of those",
        )
    return np.array(known, dtype=np.int64)


def log_scores(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows that are probabilities as their logarithms, which are logits up to a constant; other rows as they are.

    A probability next to one has lost what distinguishes it; the logarithm of the others still shows it.
    """
    sums = scores.sum(axis=1, dtype=np.float64)
    shares = (scores >= 0).all(axis=1) & (np.abs(sums - 1) < 1e-3)  # noqa: PLR2004 -- rounding of exporters
    logs = np.log(np.maximum(scores, np.finfo(np.float32).tiny))
    return np.where(shares[:, None], logs, scores)
