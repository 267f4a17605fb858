"""A detector that somebody else trained: a classifier whose class 0 lets inputs through, and whose others refuse."""

import torch
from torch import Tensor, nn

from redan.defences.detectors.base import Detector
from redan.errors import InputError

LIMIT = 0.0
_FEWEST = 2


class Given(Detector):
    """By how much the most likely refusing class is ahead of class 0; above `LIMIT`, an input is refused."""

    def __init__(self, module: nn.Module) -> None:
        """What scores.

        Args:
            module: from inputs to logits of two or more classes, in evaluation mode.
        """
        super().__init__()
        self.module = module
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n,).

        Raises:
            InputError: there is one class only.
        """
        told = self.module(x).float()
        if told.ndim != _FEWEST or told.shape[1] < _FEWEST:
            raise InputError(
                f"a guard answers in shape {tuple(told.shape)}", remedy="give one score, or a class that lets through"
            )
        return told[:, 1:].amax(dim=1) - told[:, 0]


def hidden(detector: Detector, x: Tensor, chunk: int = 32) -> float:
    """Share of inputs at which the score has no gradient: that an attack gets nowhere then proves nothing.

    Args:
        detector: scores inputs.
        x: shape (n, ...), n 1 or more.
        chunk: rows of each pass.
    """
    found = []
    for part in x.split(chunk):
        asked = part.detach().requires_grad_()
        with torch.enable_grad():
            score = detector(asked)
            if not score.requires_grad:
                return 1.0
            (gradient,) = torch.autograd.grad(score.sum(), asked, allow_unused=True)
        flat = torch.zeros(len(part), 1) if gradient is None else gradient.flatten(1)
        found.append(~torch.isfinite(flat).all(dim=1) | (flat == 0).all(dim=1))
    return float(torch.cat(found).double().mean())
