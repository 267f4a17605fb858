"""A copy with one hidden layer, in NumPy, learnt by L-BFGS: the shallow network of equation solving, and a learner."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.copies import log_softmax, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.optimum import least

Array: TypeAlias = NDArray[Any]
Bend: TypeAlias = Literal["relu", "tanh", "logistic"]
_STEPS = 300


class Layers(NamedTuple):
    """Weights; each constant is the last row.

    Args:
        inner: shape (width + 1, hidden).
        outer: shape (hidden + 1, classes).
    """

    inner: NDArray[np.float64]
    outer: NDArray[np.float64]

    def logits(self, features: NDArray[np.float64], bend: Bend) -> NDArray[np.float64]:
        """Shape (n, classes)."""
        hidden = bent(features @ self.inner[:-1] + self.inner[-1], bend)
        return np.asarray(hidden @ self.outer[:-1] + self.outer[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Perceptron:
    """One hidden layer over the features.

    Args:
        domain: of the inputs.
        layers: its weights.
        bend: of the hidden layer.
    """

    domain: Domain
    layers: Layers
    bend: Bend

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Logits, shape (n, classes)."""
        return self.layers.logits(self.domain.features(x), self.bend)

    def slope(self, x: Array, classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Gradient of each one's log-probability of its class, shape (n, width)."""
        inner, outer = self.layers
        before = self.domain.features(x) @ inner[:-1] + inner[-1]
        hidden = bent(before, self.bend)
        back = -np.exp(log_softmax(hidden @ outer[:-1] + outer[-1]))
        back[np.arange(len(x)), classes] += 1.0
        return np.asarray((back @ outer[:-1].T * _bend_slope(before, hidden, self.bend)) @ inner[:-1].T)


@dataclass(frozen=True, slots=True)
class PerceptronRecipe:
    """Maximum likelihood of answers taken as probabilities.

    Args:
        hidden: units.
        bend: of the hidden layer.
        ridge: weight of the squared coefficients.
        steps: of the optimiser at most.
        name: of the kind.
    """

    hidden: int = 64
    bend: Bend = "relu"
    ridge: float = 1e-5
    steps: int = _STEPS
    name: str = "network of one hidden layer"

    def fitted(self, domain: Domain, x: Array, y: NDArray[np.float64], seed: int) -> Perceptron:
        """Learns it from first weights that the seed draws."""
        features, wanted = domain.features(x), shares(y)
        rng = np.random.default_rng(seed)
        first = Layers(
            rng.normal(0, np.sqrt(2.0 / (domain.width + 1)), (domain.width + 1, self.hidden)),
            rng.normal(0, np.sqrt(1.0 / (self.hidden + 1)), (self.hidden + 1, wanted.shape[1])),
        )
        return Perceptron(domain, improved(first, features, wanted, self), self.bend)


def improved(first: Layers, features: NDArray[np.float64], wanted: NDArray[np.float64], by: PerceptronRecipe) -> Layers:
    """Weights that make answers likelier.

    Args:
        first: where to begin.
        features: shape (n, width).
        wanted: probabilities, shape (n, classes).
        by: bend, ridge and steps.
    """
    shapes = first.inner.shape, first.outer.shape
    design = np.column_stack([features, np.ones(len(features))])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        inner, outer = _parted(flat, shapes)
        before = design @ inner
        hidden = np.column_stack([bent(before, by.bend), np.ones(len(design))])
        logs = log_softmax(hidden @ outer)
        back = (np.exp(logs) - wanted) / len(design)
        down = (back @ outer[:-1].T) * _bend_slope(before, hidden[:, :-1], by.bend)
        slopes = design.T @ down + 2 * by.ridge * inner, hidden.T @ back + 2 * by.ridge * outer
        value = -(wanted * logs).sum() / len(design) + by.ridge * ((inner**2).sum() + (outer**2).sum())
        return float(value), np.concatenate([slopes[0].ravel(), slopes[1].ravel()])

    start = np.concatenate([first.inner.ravel(), first.outer.ravel()])
    return _parted(least(loss, start, by.steps), shapes)


def bent(values: NDArray[np.float64], bend: Bend) -> NDArray[np.float64]:
    """The hidden layer's function."""
    if bend == "relu":
        return np.maximum(values, 0.0)
    return np.tanh(values) if bend == "tanh" else 0.5 * (1.0 + np.tanh(0.5 * values))


def _bend_slope(before: NDArray[np.float64], after: NDArray[np.float64], bend: Bend) -> NDArray[np.float64]:
    if bend == "relu":
        return (before > 0).astype(np.float64)
    return 1.0 - after**2 if bend == "tanh" else after * (1.0 - after)


def _parted(flat: NDArray[np.float64], shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> Layers:
    cut = shapes[0][0] * shapes[0][1]
    return Layers(flat[:cut].reshape(shapes[0]), flat[cut:].reshape(shapes[1]))
