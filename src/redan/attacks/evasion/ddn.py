"""DDN: the direction follows the gradient, the norm of the move is decided apart from it, for l2.

Source: Rony et al., Decoupling Direction and Norm for Efficient Gradient-Based L2 Adversarial Attacks and Defenses,
CVPR 2019 (arXiv 1811.09600), algorithm 1, without its rounding to levels of grey.
"""

from dataclasses import dataclass

import torch

from redan.attacks.evasion import draws
from redan.attacks.evasion.ball import length, rows
from redan.attacks.evasion.losses import cross_entropy
from redan.attacks.evasion.minimal import annealed, finish, nothing_yet, remember
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State
from redan.attacks.threat import Threat

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Ddn:
    """A step along the gradient of the cross-entropy, then onto the sphere of the job's own radius.

    Args:
        steps: passes of each run.
        radius: the first one, as a share of the width of the box.
        rate: share by which the radius shrinks after a success and grows after a failure.
        name: under which findings carry it.
    """

    steps: int = 100
    radius: float = 1.0
    rate: float = 0.05
    name: str = "ddn"

    def start(self, state: State, threat: Threat) -> State:
        """At the input."""
        x0 = state["x0"]
        radius = torch.full_like(state["eps"], self.radius * (threat.high - threat.low))
        corner = length(torch.maximum(x0 - threat.low, threat.high - x0), "l2")
        return {"moved": torch.zeros_like(x0), "radius": radius, "corner": corner, **nothing_yet(state)}

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """One gradient, the new radius, and the move; in a random direction where there is no gradient."""
        y, k, x0 = state["y"], state["k"], state["x0"]
        x = (x0 + state["moved"]).clamp(threat.low, threat.high)
        told = network.gradient(x, lambda logits, at: cross_entropy(logits, y[at]))
        wrong, _ = remember(state, x, told.logits, threat)
        flat = rows(length(told.gradient, "l2") <= _TINY, x)
        noise = draws.normal(state["key"], k, 0, x0[0].numel()).reshape(x0.shape) if bool(flat.any()) else told.gradient
        way = torch.where(flat, noise, told.gradient)
        stride = annealed(1.0, 0.01, k, self.steps) * (threat.high - threat.low)
        moved = (x - x0) + rows(stride, x) * way / (rows(length(way, "l2"), x) + _TINY)
        radius = state["radius"] * torch.where(wrong, 1.0 - self.rate, 1.0 + self.rate)
        state["radius"] = torch.minimum(radius, state["corner"])
        state["moved"] = moved * rows(state["radius"] / (length(moved, "l2") + _TINY), moved)
        finish(state, k >= self.steps - 1, threat)
        return state
