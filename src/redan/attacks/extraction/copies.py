"""Copies of a model, and recipes that learn one from answers."""

from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.domain import Domain

Array: TypeAlias = NDArray[Any]
_FLOOR = 1e-7


class Copy(Protocol):
    """Something that answers like a model."""

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Scores per class, the highest one is its answer; shape (n, classes)."""
        ...


@runtime_checkable
class Sloped(Copy, Protocol):
    """A copy that shows gradients."""

    def slope(self, x: Array, classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Gradient of each input's score of one class, by the features of the domain; shape (n, width)."""
        ...


class Recipe(Protocol):
    """How a copy is learnt."""

    @property
    def name(self) -> str:
        """What kind of model it makes."""
        ...

    def fitted(self, domain: Domain, x: Array, y: NDArray[np.float64], seed: int) -> Copy:
        """Learns a copy.

        Args:
            domain: of the inputs.
            x: shape (n, ...), one row at least.
            y: answers, shape (n, classes): probabilities, rounded ones, or one-hot labels.
            seed: of every draw.
        """
        ...


class Constant(NamedTuple):
    """A copy that always answers the same.

    Args:
        answer: shape (classes,).
    """

    answer: NDArray[np.float64]

    def scores(self, x: Array) -> NDArray[np.float64]:
        """The same row for each input."""
        return np.broadcast_to(self.answer, (len(x), len(self.answer))).copy()


def labels_of(copy: Copy, x: Array) -> NDArray[np.int64]:
    """The answers of a copy, shape (n,)."""
    return np.asarray(copy.scores(x).argmax(axis=1), dtype=np.int64)


def shares(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answers as probabilities: rows sum to one, a row of nothing is even; logits go through the softmax.

    Args:
        y: shape (n, classes).
    """
    if (y < 0).any() or (y > 1 + _FLOOR).any():
        shifted = np.exp(y - y.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
    sums = y.sum(axis=1, keepdims=True)
    even = np.full_like(y, 1.0 / y.shape[1])
    return np.where(sums > 0, y / np.where(sums > 0, sums, 1.0), even)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of logits, row by row."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the softmax, row by row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
