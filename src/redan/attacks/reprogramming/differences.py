"""Slopes of a program from answers alone.

Source: Tsai, Chen and Ho, Transfer Learning without Knowing: Reprogramming Black-box Machine Learning Models with
Scarce Data and Limited Resources, ICML 2020 (arXiv 2007.08714), section 3: averaged one-sided differences along random
directions, many-to-one label map, focal loss.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.reprogramming.frame import Frame
from redan.attacks.reprogramming.label_maps import Map
from redan.attacks.reprogramming.learning import Slope
from redan.attacks.reprogramming.service import Service

Array: TypeAlias = NDArray[Any]
_LEAST = 0.01  # of a share: what rounding hides, and labels never tell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Differences:
    """Asks each batch at the program as it is and at programs beside it.

    Args:
        service: that is asked.
        frame: where input and program lie.
        directions: beside each input, q.
        apart: length of a step aside, in each parameter's root mean square.
        focus: gamma of the focal loss.
        apiece: whether each input has its own directions; as in the paper all inputs of a batch have the same ones.
    """

    service: Service
    frame: Frame
    directions: int = 1
    apart: float = 0.1
    focus: float = 2.0
    apiece: bool = True

    @property
    def spent(self) -> int:
        """Inputs that were answered."""
        return self.service.asked

    def questions(self, batch: int) -> int:
        """That one step asks."""
        return batch * (1 + self.directions)

    def shares(self, theta: Array, x: Array) -> NDArray[np.float64]:
        """Answers as they are shown, shape (n, classes)."""
        return self.service.shares(self.frame.inputs(x, theta))

    def slope(self, theta: Array, batch: tuple[Array, Array], mapped: Map, rng: np.random.Generator) -> Slope:
        """An estimate: the mean over directions of the difference along each, times the direction."""
        x, y = batch
        shares = self.shares(theta, x)
        here = focal(shares, y, mapped, self.focus)
        total = np.zeros_like(theta)
        for _ in range(self.directions):
            if self.apiece:
                aside = rng.standard_normal((len(x), len(theta)))
                beside = self.frame.placed_in(x)
                programs = np.stack([self.frame.program(theta + self.apart * one) for one in aside])
                beside[:, self.frame.free] = programs + self.frame.under(beside)
                there = focal(self.service.shares(self.frame.finished(beside)), y, mapped, self.focus)
                total += (there - here) @ aside / len(x)
            else:
                one = rng.standard_normal(len(theta))
                there = focal(self.shares(theta + self.apart * one, x), y, mapped, self.focus)
                total += float((there - here).mean()) * one
        return Slope(total / self.apart / self.directions, shares)


def focal(shares: Array, y: Array, mapped: Map, focus: float) -> NDArray[np.float64]:
    """The focal loss of each answer, shape (n,).

    Args:
        shares: of classes, shape (n, classes).
        y: foreign classes.
        mapped: which class stands for which, shape (classes, foreign).
        focus: gamma; 0 for the cross-entropy.
    """
    scores = shares @ mapped
    right = scores[np.arange(len(y)), y] / np.maximum(scores.sum(axis=1), 1e-12)
    right = np.clip(right, _LEAST, 1.0)
    return np.asarray(-((1 - right) ** focus) * np.log(right))
