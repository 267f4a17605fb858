"""How patches are made: one for each picture in the pool, or one for all pictures, both over drawn views.

Sources: Brown et al., Adversarial Patch, arXiv 1712.09665; Athalye et al., ICML 2018 (arXiv 1707.07397). Steps are the
sign of an accumulated gradient: Dong et al., Boosting Adversarial Attacks with Momentum, CVPR 2018 (arXiv 1710.06081).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion import draws
from redan.attacks.evasion.ball import rows
from redan.attacks.evasion.minimal import annealed
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State
from redan.attacks.evasion.views import Views, placed, posed, side_of
from redan.attacks.masks import PatchThreat
from redan.attacks.threat import Threat
from redan.errors import InputError

_START = 9
_CHOICE = 10
_MOMENTUM = 0.9
_TINY = 1e-12
_FIRST, _LAST = 0.1, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What patches are made by.

    Args:
        threat: area and box.
        views: transformations over which a patch is to work.
        steps: of each patch.
        draws: views of a step.

    Raises:
        InputError: there is no step, or no view.
    """

    threat: PatchThreat
    views: Views
    steps: int = 200
    draws: int = 8

    def __post_init__(self) -> None:
        """Refuses what would make no patch."""
        if self.steps < 1 or self.draws < 1:
            raise InputError(f"a patch of {self.steps} steps of {self.draws} views", remedy="give 1 or more")


class Shown(NamedTuple):
    """Pictures that a patch is laid into, and what is wanted of the network.

    Args:
        x: shape (n, channels, rows, columns).
        y: shape (n,).
        target: shape (n,), the class to reach, -1 for any other than the true one.
    """

    x: Tensor
    y: Tensor
    target: Tensor


@dataclass(frozen=True, slots=True)
class OwnPatch:
    """A patch for each picture; the pool carries it as what was found, and nothing counts as broken before it is done.

    Args:
        making: area, views and steps.
    """

    making: Making
    name: str = "patch"

    def start(self, state: State, threat: Threat) -> State:  # noqa: ARG002 -- as the pool calls it
        """Noise."""
        patch = noise(state["key"], tuple(state["x0"].shape[1:]), self.making.threat)
        return {"found": patch, "pace": torch.zeros_like(patch)}

    def step(self, state: State, network: Network, threat: Threat) -> State:  # noqa: ARG002 -- as the pool calls it
        """One gradient for each of the drawn views, and a step along their mean."""
        count, n = self.making.draws, len(state["k"])
        every = (state["found"], state["x0"], state["y"], state["target"], state["key"])
        patch, x, y, target, key = (part.repeat_interleave(count, dim=0) for part in every)
        turn = (state["k"][:, None] * count + torch.arange(count, device=x.device)).flatten()
        slope = _slope(network, patch, Shown(x, y, target), (key, turn), self.making)
        slope = slope.reshape(n, count, *slope.shape[1:]).sum(dim=1)
        state["found"], state["pace"] = _moved(state["found"], state["pace"], slope, state["k"], self.making)
        state["done"] = state["done"] | (state["k"] >= self.making.steps - 1)
        return state


def for_all(network: Network, shown: Shown, key: Tensor, making: Making) -> Tensor:
    """One patch for all pictures, shape (1, channels, side, side).

    Args:
        network: what is to be misled.
        shown: the pictures, in an order that does not depend on how they were given.
        key: shape (1,), of the draws.
        making: area, views and steps; each step draws as many pictures as the network sees at once, or the next
            multiple of that which has a view for each of `draws`.
    """
    batch = max(network.chunk, -(-making.draws // network.chunk) * network.chunk)
    patch = noise(key, tuple(shown.x.shape[1:]), making.threat)
    pace, keys = torch.zeros_like(patch), key.expand(batch)
    for step in range(making.steps):
        turn = step * batch + torch.arange(batch, device=patch.device)
        chosen = draws.below(keys, turn, _CHOICE, torch.tensor(len(shown.x), device=patch.device))
        part = Shown(*(each[chosen] for each in shown))
        slope = _slope(network, patch.expand(batch, -1, -1, -1), part, (keys, turn), making)
        k = torch.full((1,), step, device=patch.device)
        patch, pace = _moved(patch, pace, slope.sum(dim=0, keepdim=True), k, making)
    return patch


def noise(key: Tensor, shape: tuple[int, ...], threat: PatchThreat) -> Tensor:
    """Patches of uniform noise, shape (n, channels, side, side).

    Args:
        key: shape (n,).
        shape: of a picture.
        threat: area and box.
    """
    channels, height, width = shape
    side = side_of(threat, height, width)
    drawn = draws.uniform(key, torch.zeros_like(key), _START, channels * side * side)
    return threat.low + (threat.high - threat.low) * drawn.reshape(-1, channels, side, side)


def wanted(logits: Tensor, y: Tensor, target: Tensor) -> Tensor:
    """Logarithm of the probability of what the attacker wants, shape (n,): pictures that have it already weigh little.

    Args:
        logits: shape (n, classes).
        y: shape (n,), the true class.
        target: shape (n,), the class to reach, -1 for any other than the true one.
    """
    true = functional.one_hot(y, logits.shape[1]).bool()
    aim = functional.one_hot(target.clamp(min=0), logits.shape[1]).bool()
    kept = torch.where((target < 0)[:, None], ~true, aim)
    return logits.masked_fill(~kept, -torch.inf).logsumexp(dim=1) - logits.logsumexp(dim=1)


def _slope(network: Network, patch: Tensor, shown: Shown, at: tuple[Tensor, Tensor], making: Making) -> Tensor:
    """The gradient of each view to its own copy of the patch, shape of `patch`."""
    key, turn = at
    x, y, target = shown
    poses = posed(making.views, key, turn, (x.shape[2], x.shape[3]), making.threat)
    with torch.enable_grad():
        copy = patch.detach().clone().requires_grad_()
        laid = placed(copy, x, poses, making.threat)
        told = network.gradient(laid.x.detach(), lambda logits, rows_: wanted(logits, y[rows_], target[rows_]))
        (slope,) = torch.autograd.grad(laid.x, copy, told.gradient)
    return slope


def _moved(patch: Tensor, pace: Tensor, slope: Tensor, k: Tensor, making: Making) -> tuple[Tensor, Tensor]:
    low, high = making.threat.low, making.threat.high
    pace = _MOMENTUM * pace + slope / (rows(slope.abs().flatten(1).mean(dim=1), slope) + _TINY)
    stride = annealed(_FIRST, _LAST, k, making.steps) * (high - low)
    return (patch + rows(stride, patch) * pace.sign()).clamp(low, high), pace
