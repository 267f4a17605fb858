"""A linear copy: softmax regression on answers, by maximum likelihood."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.copies import log_softmax, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.optimum import least

Array: TypeAlias = NDArray[Any]
_STEPS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Scores that are linear in the features.

    Args:
        domain: of the inputs.
        weights: shape (width + 1, classes); the last row is the constant.
    """

    domain: Domain
    weights: NDArray[np.float64]

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Logits, shape (n, classes)."""
        return np.asarray(self.domain.features(x) @ self.weights[:-1] + self.weights[-1])

    def slope(self, x: Array, classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """How each one's score of its class rises over the mean of all; shape (n, width)."""
        return np.asarray((self.weights[:-1].T - self.weights[:-1].mean(axis=1))[classes][: len(x)])


@dataclass(frozen=True, slots=True)
class SoftmaxRecipe:
    """Maximum likelihood of answers taken as probabilities.

    Args:
        ridge: weight of the squared coefficients; small, for the answers of a linear model are no sample.
        name: of the kind.
    """

    ridge: float = 1e-6
    name: str = "softmax regression"

    def fitted(self, domain: Domain, x: Array, y: NDArray[np.float64], seed: int) -> Linear:  # noqa: ARG002 -- Recipe
        """Learns it; no seed matters, for there is one optimum."""
        return Linear(domain, likeliest(domain.features(x), y, ridge=self.ridge))


def likeliest(
    features: NDArray[np.float64], y: NDArray[np.float64], *, ridge: float, start: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weights of the softmax regression that makes answers the likeliest.

    Args:
        features: shape (n, width).
        y: shape (n, classes).
        ridge: weight of the squared coefficients.
        start: weights to begin at, shape (width + 1, classes).

    Returns:
        Shape (width + 1, classes); the last row is the constant.
    """
    design = np.column_stack([features, np.ones(len(features))])
    wanted = shares(y)
    shape = (design.shape[1], wanted.shape[1])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        logs = log_softmax(design @ weights)
        slope = design.T @ (np.exp(logs) - wanted) / len(design) + 2 * ridge * weights
        return float(-(wanted * logs).sum() / len(design) + ridge * (weights**2).sum()), slope.ravel()

    first = np.zeros(shape) if start is None else start
    return least(loss, first.ravel(), _STEPS).reshape(shape)
