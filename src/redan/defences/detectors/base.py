"""What every detector is: a score, and a limit above which it refuses."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.errors import InputError


class Detector(nn.Module):  # type: ignore[misc]
    """From inputs to scores, shape (n,): the larger, the more suspicious; differentiable as an attacker knows it."""

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        raise NotImplementedError


class Guarded(nn.Module):  # type: ignore[misc]
    """A network and its detector as one: logits, and how far the score is above the limit in one more column.

    What is refused is so for the attacker as for the judge: above zero.
    """

    def __init__(self, module: nn.Module, detector: Detector, limit: float) -> None:
        """Which network, and above which score it answers nothing.

        Args:
            module: from inputs to logits.
            detector: from inputs to scores.
            limit: above which an input is refused.
        """
        super().__init__()
        self.module, self.detector, self.limit = module, detector, limit
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, classes + 1)."""
        return torch.cat([self.module(x), self.detector(x)[:, None] - self.limit], dim=1)


def limit_of(scores: NDArray[Any], false_alarms: float) -> float:
    """The limit above which a clean input's score lies with a probability of `false_alarms` at most.

    The probability is over the inputs that set the limit as well as the next one, which is drawn as they were: the
    limit is the score at rank ceil((n + 1) (1 - false_alarms)).

    Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, Springer 2005, section 2.2 (conformal
    prediction).

    Args:
        scores: shape (n,), of clean inputs.
        false_alarms: in (0, 1).

    Raises:
        InputError: a score is no number, or there are too few of them for that share.
    """
    found = np.sort(np.asarray(scores, dtype=np.float64))
    if not 0.0 < false_alarms < 1.0:
        raise InputError(f"a share of false alarms of {false_alarms}", remedy="give one between 0 and 1")
    if not np.isfinite(found).all():
        raise InputError("a score of a clean input is no number", remedy="look at the detector and its inputs")
    rank = math.ceil((len(found) + 1) * (1.0 - false_alarms))
    if rank > len(found):
        raise InputError(
            f"{len(found)} clean inputs cannot set a limit for {false_alarms:.2%} false alarms",
            remedy=f"give {math.ceil(1.0 / false_alarms) - 1} or more",
        )
    return float(found[rank - 1])
