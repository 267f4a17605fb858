"""What an attack gives back: inputs, and nothing that the judge would have to believe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.measures.robustness import Curve, curve_of_sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Adversarial inputs as one attack proposes them.

    Args:
        attack: name of it, as the papers have it.
        x_adv: shape of the inputs; the input itself where nothing was found.
        broken: shape (n,), where the attack says it succeeded; the judge decides.
        step: shape (n,), iterations or queries until then, -1 where it failed.
        cost: of all of it.
    """

    attack: str
    x_adv: NDArray[Any]
    broken: NDArray[np.bool_]
    step: NDArray[np.int64]
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest(Result):
    """The nearest adversarial input of each sample that an attack found, in the ball or beyond it.

    Args:
        distance: shape (n,), norm of the perturbation where the judge confirmed it; 0 where the model is wrong by
            itself, infinite where nothing was found. The true distance is no larger.
        right: shape (n,), where the model is right without an attack.
    """

    distance: NDArray[np.float64]
    right: NDArray[np.bool_]

    def curve(self, eps: Sequence[float] | None = None, confidence: float = 0.95) -> Curve:
        """Robust accuracy over the radius, all from one run.

        Args:
            eps: radii; where None, 0 and every distance at which a sample falls, so that no step of it is left out.
            confidence: level of each point's interval by itself.

        Raises:
            InputError: a radius is negative, no number or there twice.
        """
        fell = self.distance[self.right & np.isfinite(self.distance)]
        radii = np.unique(np.append(fell, 0.0)).tolist() if eps is None else eps
        return curve_of_sizes(self.distance, self.right, radii, confidence)

    @property
    def median(self) -> float | None:
        """Median distance of samples that the model gets right, infinite for one that was not broken; None of none."""
        return float(np.median(self.distance[self.right])) if self.right.any() else None
