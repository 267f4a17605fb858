"""Which recipe a copy is learnt by: what fits the inputs, and where several do, what agrees the most with answers."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.copies import Copy, Recipe, labels_of, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.attacks.extraction.softmax import SoftmaxRecipe
from redan.extras import missing_import

Array: TypeAlias = NDArray[Any]
_LEAST = 40
_PICTURE = 8  # pixels a side, from which convolutions are worth their while


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees over the features.

    Args:
        domain: of the inputs.
        trees: a regressor of scikit-learn on probabilities.
        classes: how many.
    """

    domain: Domain
    trees: Any
    classes: int

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Mean of the leaves, shape (n, classes)."""
        return np.asarray(self.trees.predict(self.domain.features(x)), dtype=np.float64).reshape(len(x), self.classes)


@dataclass(frozen=True, slots=True)
class ForestRecipe:
    """Trees on random thresholds, grown on answers taken as probabilities; needs the extra `sklearn`.

    Args:
        trees: how many.
        name: of the kind.
    """

    trees: int = 50
    name: str = "forest"

    def fitted(self, domain: Domain, x: Array, y: NDArray[np.float64], seed: int) -> Forest:
        """Grows it."""
        from sklearn.ensemble import ExtraTreesRegressor

        grown = ExtraTreesRegressor(n_estimators=self.trees, random_state=seed, n_jobs=1)
        return Forest(domain, grown.fit(domain.features(x), shares(y)), y.shape[1])


@dataclass(frozen=True, slots=True)
class BestRecipe:
    """The recipe whose copy agrees the most with a fifth of the answers, which it did not see.

    Args:
        among: recipes, the first one where answers are few.
    """

    among: tuple[Recipe, ...]

    @property
    def name(self) -> str:
        """Of the kind."""
        return "the best of " + ", ".join(one.name for one in self.among)

    def fitted(self, domain: Domain, x: Array, y: NDArray[np.float64], seed: int) -> Copy:
        """Learns the best one from all answers."""
        chosen = self.among[0]
        if len(x) >= _LEAST:
            kept = np.random.default_rng(seed).permutation(len(x))
            held, rest = kept[: len(x) // 5], kept[len(x) // 5 :]
            agreed = [
                float((labels_of(one.fitted(domain, x[rest], y[rest], seed), x[held]) == y[held].argmax(axis=1)).mean())
                for one in self.among
            ]
            chosen = self.among[int(np.argmax(agreed))]
        return chosen.fitted(domain, x, y, seed)


def recipe_of(domain: Domain) -> Recipe:
    """A small convolutional network for pictures, where PyTorch is installed; else the best of several."""
    pictures = is_picture(domain)
    if pictures and missing_import("torch") is None:
        from redan.attacks.extraction.convolution import ConvolutionRecipe

        return ConvolutionRecipe()
    if pictures:
        return PerceptronRecipe()
    some: tuple[Recipe, ...] = (SoftmaxRecipe(ridge=1e-4), PerceptronRecipe(hidden=32, ridge=1e-3, steps=150))
    return BestRecipe((*some, ForestRecipe()) if missing_import("sklearn") is None else some)


def is_picture(domain: Domain) -> bool:
    """Whether inputs are large enough for convolutions."""
    return len(domain.shape) in {2, 3} and min(domain.shape[-2:]) >= _PICTURE
