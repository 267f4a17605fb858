"""Minimum-norm attacks: what all of them keep, which is the smallest adversarial point that they were at.

A job of these goes on after its first success, and ends after its last step.
"""

import torch
from torch import Tensor

from redan.attacks.evasion.ball import length, rows
from redan.attacks.evasion.pool import State
from redan.attacks.threat import Threat


def nothing_yet(state: State) -> State:
    """What is kept of each new job beside `found`: the size of that."""
    return {"least": torch.full_like(state["eps"], torch.inf)}


def remember(state: State, x: Tensor, logits: Tensor, threat: Threat) -> tuple[Tensor, Tensor]:
    """Keeps a point that the network gets wrong when it is nearer than all before.

    Args:
        state: of the slots; `found` and `least` are changed.
        x: shape (slots, ...), where the network was asked, in the box.
        logits: shape (slots, classes), its answers.
        threat: whose norm.

    Returns:
        Where the network is wrong, and the size of each move, both of shape (slots,).
    """
    wrong = logits.argmax(dim=1) != state["y"]
    size = length(x - state["x0"], threat.norm)
    nearer = wrong & (size < state["least"])
    state["found"] = torch.where(rows(nearer, x), x, state["found"])
    state["least"] = torch.where(nearer, size, state["least"])
    return wrong, size


def finish(state: State, over: Tensor, threat: Threat) -> None:
    """Ends jobs; broken are those whose smallest point lies in the ball, by its size in float64.

    Args:
        state: of the slots; `broken` and `done` are changed.
        over: shape (slots,), where no step is left.
        threat: whose norm.
    """
    size = length((state["found"] - state["x0"]).double(), threat.norm)
    inside = torch.isfinite(state["least"]) & (size <= state["eps"].double())
    state["broken"] = state["broken"] | (inside & over)
    state["done"] = state["done"] | over


def annealed(first: float, last: float, k: Tensor, steps: int) -> Tensor:
    """From one number to another along half a cosine, shape (slots,).

    Args:
        first: at step 0.
        last: after the last step.
        k: shape (slots,).
        steps: of the run.
    """
    turned = torch.cos(torch.pi * k.to(torch.float32) / steps)
    return last + (first - last) * (1.0 + turned) / 2.0
