"""A transformation before a network: as it is deployed, and as an attacker sees it who knows it."""

from typing import Any

import torch
from torch import Tensor, nn


class Transformation(nn.Module):  # type: ignore[misc]
    """From inputs to inputs of the same shape.

    Args:
        random: whether it draws anew each time; then `at` gives the draw of a number.
    """

    random = False

    def forward(self, x: Tensor) -> Tensor:
        """What the network is given, as deployed."""
        raise NotImplementedError

    def at(self, x: Tensor, number: int) -> Tensor:  # noqa: ARG002 -- for those that draw
        """What the network is given at one draw, the same for each row and each call."""
        return self.forward(x)

    def substitute(self, x: Tensor, number: int) -> Tensor:  # noqa: ARG002 -- for those that draw
        """Something differentiable that is near to `at`: what an attacker takes the gradient of."""
        return x


class Defended(nn.Module):  # type: ignore[misc]
    """A transformation and a network, as deployed."""

    def __init__(self, transformation: Transformation, module: nn.Module) -> None:
        """In evaluation mode if the network is."""
        super().__init__()
        self.transformation, self.module = transformation, module
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.module(self.transformation(x))


class Known(nn.Module):  # type: ignore[misc]
    """The same pair for an attacker who knows it: the true answer, and a gradient past what hides it.

    Forward it is the deployed one, backward the substitute's (backward pass differentiable approximation, BPDA). Where
    the transformation draws, it is the logarithm of the mean probabilities over the first `draws` numbers (expectation
    over transformations, EoT), so that it answers the same each time.

    Source: Athalye et al., Obfuscated Gradients Give a False Sense of Security, ICML 2018 (arXiv 1802.00420), sections
    4.1 and 4.2.
    """

    def __init__(self, transformation: Transformation, module: nn.Module, draws: int = 16) -> None:
        """What is known.

        Args:
            transformation: before the network.
            module: from inputs to logits.
            draws: over which a transformation that draws is averaged.
        """
        super().__init__()
        self.transformation, self.module = transformation, module
        self.draws = draws if transformation.random else 1
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the deployed pair, or of its mean."""
        if self.draws == 1:
            return self.module(self._at(x, 0))
        logits = [self.module(self._at(x, number)).float().log_softmax(1) for number in range(self.draws)]
        return torch.stack(logits).logsumexp(0) - torch.tensor(float(self.draws), device=x.device).log()

    def _at(self, x: Tensor, number: int) -> Tensor:
        with torch.no_grad():
            true = self.transformation.at(x, number)
        return through(true, self.transformation.substitute(x, number))


def through(true: Tensor, substitute: Tensor) -> Tensor:
    """The first, bit by bit, with the gradient of the second."""
    found: Tensor = _Through.apply(true, substitute)
    return found


class _Through(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, true: Tensor, substitute: Tensor) -> Tensor:  # noqa: ANN401, ARG004 -- as PyTorch has it
        return true.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:  # noqa: ANN401, ARG004 -- as PyTorch has it
        return None, gradient
