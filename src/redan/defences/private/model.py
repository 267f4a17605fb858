"""Linear models and networks of one hidden layer, with the gradient of every row: what a private training clips."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Loss: TypeAlias = Literal["squared", "softmax"]
_HE = 2.0  # variance of the weights before ReLU over one by inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is trained.

    Args:
        inputs: columns.
        outputs: classes with softmax, numbers with squared loss.
        hidden: ReLU units between them; 0 for a linear model.
        loss: cross-entropy of a softmax, or half the squared error.
    """

    inputs: int
    outputs: int
    hidden: int = 0
    loss: Loss = "softmax"

    @property
    def size(self) -> int:
        """Numbers that are learned."""
        if not self.hidden:
            return (self.inputs + 1) * self.outputs
        return (self.inputs + 1) * self.hidden + (self.hidden + 1) * self.outputs

    def start(self, rng: np.random.Generator) -> Array:
        """Weights to start from: zero for a linear model, else normal by inputs (He et al. 2015), biases zero."""
        weights = np.zeros(self.size)
        if self.hidden:
            first, _, last, _ = self.split(weights)
            first[:] = rng.normal(size=first.shape) * (_HE / self.inputs) ** 0.5
            last[:] = rng.normal(size=last.shape) * (1.0 / self.hidden) ** 0.5
        return weights

    def split(self, weights: Array) -> tuple[Array, ...]:
        """Views: matrix and bias of each layer."""
        wide = self.hidden or self.outputs
        first, rest = weights[: self.inputs * wide].reshape(self.inputs, wide), weights[self.inputs * wide :]
        if not self.hidden:
            return first, rest
        last = rest[wide : wide + wide * self.outputs].reshape(wide, self.outputs)
        return first, rest[:wide], last, rest[wide + wide * self.outputs :]

    def outputs_of(self, weights: Array, x: Array) -> Array:
        """Logits, or the numbers themselves."""
        return self._forward(weights, x)[1]

    def gradients(self, weights: Array, x: Array, y: Array) -> Array:
        """The gradient of each row's own loss, one row each.

        Args:
            weights: flat.
            x: rows.
            y: class numbers with softmax, else numbers of `outputs` columns.
        """
        hidden, out = self._forward(weights, x)
        error = self._error(out, y)
        top = np.concatenate([_outer(hidden, error), error], axis=1)
        if not self.hidden:
            return top
        back = (error @ self.split(weights)[2].T) * (hidden > 0.0)
        return np.concatenate([_outer(x, back), back, top], axis=1)

    def _forward(self, weights: Array, x: Array) -> tuple[Array, Array]:
        parts = self.split(weights)
        below = np.maximum(x @ parts[0] + parts[1], 0.0) if self.hidden else x
        return below, below @ parts[-2] + parts[-1]

    def _error(self, out: Array, y: Array) -> Array:
        if self.loss == "squared":
            return out - np.asarray(y, dtype=np.float64).reshape(len(out), self.outputs)
        shares = np.exp(out - out.max(axis=1, keepdims=True, initial=-np.inf))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(len(out)), y.astype(np.int64)] -= 1.0
        error: Array = shares
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateModel:
    """A trained model.

    Args:
        shape: of it.
        weights: flat; `shape.split` has them by layer.
    """

    shape: Shape
    weights: Array

    def scores(self, x: Array) -> Array:
        """Probabilities of the classes, or the numbers of a model with squared loss."""
        out = self.shape.outputs_of(self.weights, np.asarray(x, dtype=np.float64))
        if self.shape.loss == "squared":
            return out
        shares = np.exp(out - out.max(axis=1, keepdims=True))
        found: Array = shares / shares.sum(axis=1, keepdims=True)
        return found

    def labels(self, x: Array) -> NDArray[np.int64]:
        """The class of each row."""
        found: NDArray[np.int64] = self.scores(x).argmax(axis=1)
        return found


def _outer(left: Array, right: Array) -> Array:
    """The outer product of each pair of rows, flat."""
    flat: Array = (left[:, :, None] * right[:, None, :]).reshape(len(left), left.shape[1] * right.shape[1])
    return flat
