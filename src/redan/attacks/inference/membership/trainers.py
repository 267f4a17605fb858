"""How shadows are trained: an estimator as the target was, else the recipe of an attacker who has to guess."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.copies import Recipe, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.inference.membership.scores import phi_of_answers, phi_of_probabilities
from redan.errors import IncompleteError

Array: TypeAlias = NDArray[Any]
AS_IT_WAS = "trained as it was"
_FAULTS = (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, AttributeError, MemoryError)


@dataclass(frozen=True, slots=True, eq=False)
class EstimatorTrainer:
    """An estimator of scikit-learn, cloned and fitted anew with its own parameters.

    Args:
        estimator: the target's.
        x: all samples as it reads them, a frame or a matrix.
        y: their labels as it has them.
        labels: the same as indices of its classes.
        classes: of the target, in the order of its scores.
        floor: of probabilities.
    """

    estimator: Any
    x: Any
    y: Array
    labels: NDArray[np.int64]
    classes: Array
    floor: float

    @property
    def name(self) -> str:
        """Of the estimator's class."""
        return f"{type(self.estimator).__name__}, {AS_IT_WAS}"

    def scores(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        """Log-odds of all samples.

        Raises:
            IncompleteError: it cannot be fitted anew.
        """
        import warnings

        from sklearn.base import clone

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # how well an optimiser ended is the target's recipe, and no matter here
            return self._scores(clone, rows, seed)

    def _scores(self, clone: Callable[[Any], Any], rows: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        try:
            made = clone(self.estimator)
            drawn = [name for name in made.get_params() if name == "random_state" or name.endswith("__random_state")]
            made.set_params(**dict.fromkeys(drawn, seed % 2**31))
            made.fit(self.x.iloc[rows] if hasattr(self.x, "iloc") else self.x[rows], self.y[rows])
            if not hasattr(made, "predict_proba"):
                return np.where(np.asarray(made.predict(self.x)) == self.y, 1.0, -1.0)
            told = np.asarray(made.predict_proba(self.x), dtype=np.float64)
        except _FAULTS as error:
            raise IncompleteError(
                f"the estimator cannot be fitted anew: it raises {type(error).__name__}",
                remedy="give --scores of shadows, or ask for none with --shadows 0",
            ) from error
        wide = np.zeros((len(told), len(self.classes)))
        place = {str(name): at for at, name in enumerate(self.classes.tolist())}
        wide[:, [place[str(name)] for name in made.classes_.tolist()]] = told
        return phi_of_probabilities(wide, self.labels, self.floor)


@dataclass(frozen=True, slots=True, eq=False)
class RecipeTrainer:
    """A model of the attacker's own kind, where the target cannot be trained anew.

    Args:
        domain: of the inputs.
        recipe: how one is learnt.
        x: all samples.
        labels: their classes as indices.
        classes: how many.
    """

    domain: Domain
    recipe: Recipe
    x: Array
    labels: NDArray[np.int64]
    classes: int

    @property
    def name(self) -> str:
        """Of the recipe."""
        return self.recipe.name

    def scores(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        """Log-odds of all samples."""
        hot = np.eye(self.classes)[self.labels[rows]]
        copy = self.recipe.fitted(self.domain, self.x[rows], hot, seed % 2**31)
        return phi_of_answers(_probable(np.asarray(copy.scores(self.x), dtype=np.float64)), self.labels)


def _probable(told: NDArray[np.float64]) -> NDArray[np.float64]:
    """A regression of shares may leave [0, 1] by a little; logits stay as they are."""
    near = told.min() > -0.5 and told.max() < 1.5 and np.abs(told.sum(axis=1) - 1).max() < 1e-6  # noqa: PLR2004
    return shares(np.clip(told, 0.0, 1.0)) if near else told
