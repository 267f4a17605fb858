"""A small network of NumPy alone: trained on classes or on shares of them, so that the core can distil and prune."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

Array: TypeAlias = NDArray[np.float64]
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8
_TABLE = 2


class Layer(NamedTuple):
    """A product and a sum.

    Args:
        weights: shape (inputs, outputs).
        bias: shape (outputs,).
    """

    weights: Array
    bias: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Perceptron:
    """Layers with the positive part between them, and a softmax behind the last.

    Args:
        layers: from the inputs to the classes.
    """

    layers: tuple[Layer, ...]

    def logits(self, x: NDArray[Any]) -> Array:
        """Before the softmax, shape (n, classes)."""
        return _forward(self.layers, np.asarray(x, dtype=np.float64))[-1]

    def probabilities(self, x: NDArray[Any]) -> Array:
        """Shape (n, classes)."""
        return softmax(self.logits(x))

    def labels(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """Index of the likeliest class, shape (n,)."""
        return np.asarray(self.logits(x).argmax(axis=1))


class Course(NamedTuple):
    """How a perceptron is trained.

    Args:
        hidden: units of each layer between inputs and classes.
        epochs: passes over the rows.
        batch: rows of a step.
        rate: of Adam.
        decay: of weights, a step; strong decay keeps a network from learning rows by heart.
        temperature: that logits are divided by in the loss.
    """

    hidden: tuple[int, ...] = (32,)
    epochs: int = 100
    batch: int = 64
    rate: float = 1e-2
    decay: float = 0.0
    temperature: float = 1.0


def softmax(logits: Array) -> Array:
    """Shares of each row, shape (n, classes)."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit(
    x: NDArray[Any],
    y: NDArray[Any],
    course: Course | None = None,
    *,
    rng: np.random.Generator,
    classes: int | None = None,
    start: Perceptron | None = None,
) -> Perceptron:
    """Trains a perceptron by cross-entropy.

    Args:
        x: shape (n, columns).
        y: indices of classes, shape (n,), or shares of each class, shape (n, classes).
        course: of training.
        rng: of the first weights and the order of rows.
        classes: how many there are; as many as labels tell by default.
        start: weights to go on from; those that are exactly zero stay zero, so that what was pruned stays pruned.

    Raises:
        InputError: shapes do not fit, a value is no number, or a setting is out of range.
    """
    how = course or Course()
    if min(how.epochs, how.batch, *how.hidden) < 1 or min(how.rate, how.temperature) <= 0 or how.decay < 0:
        raise InputError("a setting of the training is not positive")
    rows = np.asarray(x, dtype=np.float64)
    shares = shares_of(np.asarray(y), classes)
    if rows.ndim != _TABLE or len(rows) != len(shares) or not len(rows) or not np.isfinite(rows).all():
        raise InputError(f"rows of shape {rows.shape} and labels of shape {np.shape(y)} do not fit, or are no numbers")
    sizes = (rows.shape[1], *how.hidden, shares.shape[1])
    layers = _first(sizes, rng) if start is None else [Layer(w.copy(), b.copy()) for w, b in start.layers]
    if layers[0].weights.shape[0] != sizes[0] or layers[-1].weights.shape[1] != sizes[-1]:
        raise InputError("the network to go on from takes other inputs, or gives other classes")
    kept = [layer.weights != 0 for layer in layers]
    steps = _Adam(layers)
    for order in _batches(len(rows), how, rng):
        slopes = _slopes(layers, rows[order], shares[order], how)
        steps.take(layers, slopes, how.rate)
        if start is not None:
            layers = [Layer(w * k, b) for (w, b), k in zip(layers, kept, strict=True)]
    return Perceptron(layers=tuple(layers))


def shares_of(y: NDArray[Any], classes: int | None = None) -> Array:
    """Labels as shares of classes, shape (n, classes).

    Raises:
        InputError: they are neither indices nor shares.
    """
    if y.ndim == _TABLE and y.shape[1] > 1:
        found = np.asarray(y, dtype=np.float64)
        if not np.isfinite(found).all() or found.min() < 0:
            raise InputError("shares of classes are not positive numbers")
        return found
    if y.ndim != 1 or y.dtype.kind not in "iub" or not len(y) or y.min() < 0:
        raise InputError("labels are neither indices of classes nor shares of them")
    count = max(2, int(y.max()) + 1 if classes is None else classes)
    if y.max() >= count:
        raise InputError(f"a label is none of {count} classes")
    return np.asarray(np.eye(count)[y.astype(np.int64)])


def _first(sizes: tuple[int, ...], rng: np.random.Generator) -> list[Layer]:
    """Weights as of He et al. (2015)."""
    return [
        Layer(rng.normal(0.0, np.sqrt(2.0 / before), (before, after)), np.zeros(after))
        for before, after in pairwise(sizes)
    ]


def _batches(n: int, how: Course, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    for _ in range(how.epochs):
        order = rng.permutation(n)
        yield from np.array_split(order, -(-n // how.batch))


def _forward(layers: tuple[Layer, ...] | list[Layer], x: Array) -> list[Array]:
    """What each layer is given, and the logits last."""
    found = [x]
    for place, (weights, bias) in enumerate(layers):
        out = found[-1] @ weights + bias
        found.append(np.maximum(out, 0.0) if place < len(layers) - 1 else out)
    return found


def _slopes(layers: list[Layer], x: Array, shares: Array, how: Course) -> list[Layer]:
    """The gradient of the mean cross-entropy, times the temperature so that steps stay of one size (Hinton 2015)."""
    values = _forward(layers, x)
    back = (softmax(values[-1] / how.temperature) * shares.sum(axis=1, keepdims=True) - shares) * (
        how.temperature / len(x)
    )
    found: list[Layer] = []
    for place in range(len(layers) - 1, -1, -1):
        weights = layers[place].weights
        found.append(Layer(values[place].T @ back + how.decay * weights, back.sum(axis=0)))
        back = (back @ weights.T) * (values[place] > 0)
    return found[::-1]


class _Adam:
    """Kingma and Ba (2015)."""

    def __init__(self, layers: list[Layer]) -> None:
        self._mean = [[np.zeros_like(part) for part in layer] for layer in layers]
        self._square = [[np.zeros_like(part) for part in layer] for layer in layers]
        self._steps = 0

    def take(self, layers: list[Layer], slopes: list[Layer], rate: float) -> None:
        """One step; the layers' arrays change."""
        self._steps += 1
        size = rate * np.sqrt(1 - _SECOND**self._steps) / (1 - _FIRST**self._steps)
        for layer, slope, mean, square in zip(layers, slopes, self._mean, self._square, strict=True):
            for part, step, m, s in zip(layer, slope, mean, square, strict=True):
                np.add(m, (1 - _FIRST) * (step - m), out=m)
                np.add(s, (1 - _SECOND) * (step**2 - s), out=s)
                np.subtract(part, size * m / (np.sqrt(s) + _TINY), out=part)
