"""FMN: the ball around the input shrinks after a success and grows after a failure, for linf, l2, l1 and l0.

Source: Pintor, Roli, Brendel and Biggio, Fast Minimum-norm Adversarial Attacks through Adaptive Norm Constraints,
NeurIPS 2021 (arXiv 2102.12827), algorithm 1.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from redan.attacks.evasion.ball import length, project, rows
from redan.attacks.evasion.losses import ahead, margin
from redan.attacks.evasion.minimal import annealed, finish, nothing_yet, remember
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State
from redan.attacks.threat import Norm, Threat

_TINY = 1e-12
_DUAL: Mapping[Norm, float] = MappingProxyType({"linf": 1.0, "l2": 2.0, "l1": math.inf})
_PICTURES = 4


@dataclass(frozen=True, slots=True)
class Fmn:
    """A step along the gradient of the margin, then into a ball of the job's own radius.

    The margin is that to the job's class, or to the best of all others where it has none.

    Args:
        steps: passes of each run.
        size: Euclidean length of the first step, as a share of the width of the box; it falls to a hundredth.
        rate: share by which the radius changes at first.
        last_rate: and at last.
        name: under which findings carry it.
    """

    steps: int = 100
    size: float = 1.0
    rate: float = 0.05
    last_rate: float = 0.001
    name: str = "fmn"

    def start(self, state: State, threat: Threat) -> State:
        """At the input; for l0 with a radius of one value, else with one that the first gradient tells."""
        first = 1.0 if threat.norm == "l0" else torch.inf
        return {"x": state["x0"].clone(), "radius": torch.full_like(state["eps"], first), **nothing_yet(state)}

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """One gradient, the new radius, and the move."""
        y, k, x = state["y"], state["k"], state["x"]
        target = state["target"]
        told = network.gradient(x, lambda logits, at: _apart(logits, y[at], target[at]))
        wrong, size = remember(state, x, told.logits, threat)
        share = annealed(self.rate, self.last_rate, k, self.steps)
        beyond = size + told.loss.abs() / _dual(told.gradient, threat)
        counts = threat.norm == "l0"
        state["radius"] = _count(state, wrong, share) if counts else _radius(state, wrong, beyond, share)
        stride = annealed(self.size, self.size / 100.0, k, self.steps) * (threat.high - threat.low)
        way = told.gradient / (rows(length(told.gradient, "l2"), x) + _TINY)
        moved = x + rows(stride, x) * way
        if counts:
            state["x"] = _fewest(moved.clamp(threat.low, threat.high), state["x0"], state["radius"])
        else:
            state["x"] = project(moved, state["x0"], state["radius"], threat).clamp(threat.low, threat.high)
        finish(state, k >= self.steps - 1, threat)
        return state


def _apart(logits: Tensor, y: Tensor, target: Tensor) -> Tensor:
    """How far the job's class is ahead of the true one, or the best of all others where it has none."""
    return torch.where(target < 0, margin(logits, y), ahead(logits, y, target.clamp(min=0)))


def _radius(state: State, wrong: Tensor, beyond: Tensor, share: Tensor) -> Tensor:
    """The next radius: below the smallest success, or beyond what failed, or where the boundary should be."""
    radius, least = state["radius"], state["least"]
    # The paper goes to the boundary itself; rounding then leaves a point before it, where it would stay.
    failed = torch.where(torch.isfinite(least), radius, beyond) * (1.0 + share)
    return torch.where(wrong, torch.minimum(radius * (1.0 - share), least), failed)


def _count(state: State, wrong: Tensor, share: Tensor) -> Tensor:
    """The next number of values or pixels, which changes by one at least."""
    radius, least = state["radius"], state["least"]
    fewer = torch.minimum(torch.minimum(radius - 1.0, (radius * (1.0 - share)).floor()), least)
    more = torch.maximum(radius + 1.0, (radius * (1.0 + share)).floor())
    return torch.where(wrong, fewer, more).clamp(min=0.0)


def _dual(gradient: Tensor, threat: Threat) -> Tensor:
    if threat.norm == "l0":
        return torch.ones_like(gradient.flatten(1)[:, 0])
    return torch.linalg.vector_norm(gradient.flatten(1), ord=_DUAL[threat.norm], dim=1) + _TINY


def _fewest(x: Tensor, x0: Tensor, most: Tensor) -> Tensor:
    """Only the largest changes stay, of values, or of pixels of a picture over their channels.

    Args:
        x: shape (n, ...).
        x0: shape of `x`.
        most: shape (n,), how many stay.
    """
    moved = x - x0
    picture = moved.ndim == _PICTURES
    weight = (moved.square().sum(dim=1) if picture else moved.abs()).flatten(1)
    order = weight.argsort(dim=1, descending=True, stable=True)
    kept = torch.arange(weight.shape[1], device=x.device) < most[:, None]
    mask = torch.zeros_like(kept).scatter(1, order, kept)
    mask = mask.reshape(len(x), 1, *x.shape[2:]) if picture else mask.reshape(x.shape)
    return torch.where(mask, x, x0)
