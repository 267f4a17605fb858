"""Feature squeezing: an input is suspicious when the answer changes with its details.

Source: Xu, Evans and Qi, Feature Squeezing: Detecting Adversarial Examples in Deep Neural Networks, NDSS 2018 (arXiv
1704.01155), section V.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from redan.defences.detectors.base import Detector
from redan.defences.transformations.base import Known, Transformation
from redan.errors import InputError


class Squeezing(Detector):
    """The largest L1 distance between the network's probabilities for an input and for the input squeezed."""

    def __init__(self, module: nn.Module, squeezers: Sequence[Transformation]) -> None:
        """Squeezers are taken as an attacker knows them; their values are the deployed ones.

        Args:
            module: from inputs to logits.
            squeezers: one or more.

        Raises:
            InputError: there is none.
        """
        super().__init__()
        if not squeezers:
            raise InputError("there is nothing to squeeze with", remedy="give BitDepth(4) and Median(3), for example")
        self.module = module
        self.squeezed = nn.ModuleList([Known(squeezer, module) for squeezer in squeezers])
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Scores from 0 to 2, shape (n,)."""
        told = self.module(x).softmax(1)
        return torch.stack([(told - one(x).softmax(1)).abs().sum(1) for one in self.squeezed]).amax(0)
