"""Sparse steps of Auto-PGD for l1: few values at a time, and as many as the best point has changed.

Source: Croce and Hein, Mind the Box: l1-APGD for Sparse Adversarial Attacks on Image Classifiers, ICML 2021 (arXiv
2103.01208), section 4.
"""

import torch
from torch import Tensor

from redan.attacks.evasion.ball import project_l1, rows
from redan.attacks.evasion.pool import State
from redan.attacks.threat import Threat

_FEWER = 0.95
_SHRINK = 1.5
_LEAST = 10.0


def checked_sparse(state: State, gradient: Tensor, first: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    """At a checkpoint: back to the best point and the full step where it became sparser, else a shorter step.

    Args:
        state: of the slots; changed.
        gradient: shape of the inputs.
        first: shape (slots,), where a phase just began.
        eps: shape (slots,), of the phase.

    Returns:
        Where the next step starts, and its gradient.
    """
    due = ~first & (state["since"] == state["every"])
    count = gradient[0].numel()
    changed = (state["x_best"] != state["x0"]).flatten(1).sum(dim=1).to(eps.dtype)
    fewer = due & (changed / state["nonzero"] < _FEWER)
    shorter = torch.where(fewer, eps, state["size"] / _SHRINK)
    state["size"] = torch.where(due, torch.minimum(torch.maximum(shorter, eps / _LEAST), eps), state["size"])
    state["top"] = torch.where(due, changed / count / _SHRINK, state["top"])
    state["nonzero"] = torch.where(due, changed, state["nonzero"])
    state["since"] = torch.where(due, 0, state["since"])
    back = rows(fewer, gradient)
    return torch.where(back, state["x_best"], state["x"]), torch.where(back, state["g_best"], gradient)


def sparse_move(x: Tensor, gradient: Tensor, state: State, eps: Tensor, threat: Threat) -> Tensor:
    """A step along the signs of the largest gradients, back into ball and box.

    Args:
        x: shape (slots, ...), where it starts.
        gradient: shape of `x`.
        state: of the slots.
        eps: shape (slots,), of the phase.
        threat: whose box.
    """
    size = gradient.flatten(1).abs()
    count = size.shape[1]
    place = ((1.0 - state["top"]) * count).clamp(min=0, max=count - 1).long()
    least = size.sort(dim=1).values.gather(1, place[:, None])
    signs = (gradient.flatten(1).sign() * (size >= least)).reshape(x.shape)
    taken = rows(signs.flatten(1).abs().sum(dim=1) + 1e-10, x)
    return project_l1(x + rows(state["size"], x) * signs / taken, state["x0"], eps, threat)
