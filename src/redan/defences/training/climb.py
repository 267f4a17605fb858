"""The attack inside of training: all rows move for all steps, for training wants the worst input and not the first."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from redan.attacks.evasion.ball import length, project, rows
from redan.attacks.evasion.pgd import steepest
from redan.attacks.threat import Threat

Climbed: TypeAlias = Callable[[Tensor], Tensor]
_TINY = 1e-12


def somewhere(x: Tensor, eps: Tensor, threat: Threat, rng: torch.Generator) -> Tensor:
    """A random point of each row's ball and box: uniform for linf, uniform in volume for l2 before the box."""
    if threat.norm == "linf":
        moved = 2.0 * torch.rand(x.shape, generator=rng) - 1.0
        return project(x + rows(eps, x) * moved.to(x.device), x, eps, threat)
    moved = torch.randn(x.shape, generator=rng).to(x.device)
    radius = eps * torch.rand(len(x), generator=rng).to(x.device) ** (1.0 / x[0].numel())
    return project(x + moved * rows(radius / (length(moved, "l2") + _TINY), x), x, eps, threat)


def climb(
    module: nn.Module, x: Tensor, eps: Tensor, threat: Threat, *, start: Tensor, loss: Climbed, steps: int, share: float
) -> Tensor:
    """Inputs of a larger loss inside of each row's ball; the weights get no gradient.

    The module is asked in evaluation mode, so that its statistics of batches are those of the inputs it is trained on.

    Args:
        module: left in the mode it had.
        x: centres, shape (n, ...).
        eps: radii, shape (n,).
        threat: linf or l2.
        start: first points, shape of `x`.
        loss: of logits, summed over rows.
        steps: how many.
        share: length of a step, as a share of the radius.
    """
    training = module.training
    module.eval()
    moved = start
    for _ in range(steps):
        asked = moved.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(module(asked)), asked)
        moved = project(moved + rows(share * eps, x) * steepest(gradient, threat), x, eps, threat)
    module.train(training)
    return moved.detach()
