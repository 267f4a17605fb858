"""Slopes of a program from answers alone.

Source: Tsai, Chen and Ho, Transfer Learning without Knowing: Reprogramming Black-box Machine Learning Models with
Scarce Data and Limited Resources, ICML 2020 (arXiv 2007.08714), section 3: averaged one-sided differences along random
directions, many-to-one label map, focal loss. Salimans et al., Evolution Strategies as a Scalable Alternative to
Reinforcement Learning (arXiv 1703.03864), section 2.1: mirrored directions.
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
        apiece: whether each input has directions of its own, and is asked on both sides of each; as in the paper all
            inputs of a batch have the same ones, and are asked once beside the program as it is.
    """

    service: Service
    frame: Frame
    directions: int = 1
    apart: float = 0.2
    focus: float = 2.0
    apiece: bool = True

    @property
    def spent(self) -> int:
        """Inputs that were answered."""
        return self.service.asked

    def questions(self, batch: int) -> int:
        """That one step asks."""
        return batch * (2 * self.directions if self.apiece else 1 + self.directions)

    def shares(self, theta: Array, x: Array) -> NDArray[np.float64]:
        """Answers as they are shown, shape (n, classes)."""
        return self.service.shares(self.frame.inputs(x, theta))

    def slope(self, theta: Array, batch: tuple[Array, Array], mapped: Map, rng: np.random.Generator) -> Slope:
        """An estimate: the mean over directions of the difference along each, times the direction."""
        return self._mirrored(theta, batch, mapped, rng) if self.apiece else self._beside(theta, batch, mapped, rng)

    def _mirrored(self, theta: Array, batch: tuple[Array, Array], mapped: Map, rng: np.random.Generator) -> Slope:
        """Each input on both sides of directions of its own; its answer is the mean of what is answered there."""
        x, y = batch
        total, shares = np.zeros_like(theta), np.zeros(())
        for _ in range(self.directions):
            aside = self.apart * rng.standard_normal((len(x), len(theta)))
            over, under = (self._apiece(x, theta + sign * aside) for sign in (1, -1))
            apart = focal(over, y, mapped, self.focus) - focal(under, y, mapped, self.focus)
            total += apart @ aside / (2 * self.apart**2 * len(x))
            shares = np.asarray(shares + (over + under) / 2)
        return Slope(total / self.directions, np.asarray(shares / self.directions))

    def _apiece(self, x: Array, thetas: Array) -> NDArray[np.float64]:
        """Answers to each input within a program of its own."""
        made = self.frame.placed_in(x)
        made[:, self.frame.free] = np.stack([self.frame.program(one) for one in thetas]) + self.frame.under(made)
        return self.service.shares(self.frame.finished(made))

    def _beside(self, theta: Array, batch: tuple[Array, Array], mapped: Map, rng: np.random.Generator) -> Slope:
        """All inputs along the same directions."""
        x, y = batch
        shares = self.shares(theta, x)
        here = focal(shares, y, mapped, self.focus)
        total = np.zeros_like(theta)
        for _ in range(self.directions):
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
