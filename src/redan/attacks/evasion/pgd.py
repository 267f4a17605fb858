"""Projected gradient descent, and its single step.

Sources: Goodfellow et al., Explaining and Harnessing Adversarial Examples, ICLR 2015 (FGSM); Madry et al., Towards Deep
Learning Models Resistant to Adversarial Attacks, ICLR 2018 (PGD).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from redan.attacks.evasion import draws
from redan.attacks.evasion.ball import length, project, rows
from redan.attacks.evasion.losses import cross_entropy
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State, note
from redan.attacks.threat import Threat

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Pgd:
    """Steps along the sign (linf) or the direction (l2) of the gradient, back into the ball after each.

    Args:
        steps: of each job.
        share: length of a step, as a share of eps.
        random_start: whether it starts at a random point of the ball.
        name: under which findings carry it.
    """

    steps: int = 40
    share: float = 0.1
    random_start: bool = True
    name: str = "pgd"

    def start(self, state: State, threat: Threat) -> State:
        """The first point."""
        x0 = state["x0"]
        return {"x": around(state, threat) if self.random_start else x0.clone()}

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """One gradient; the point after the last step is asked as well, so that nothing found is lost."""
        y = state["y"]
        told = network.gradient(state["x"], lambda logits, at: cross_entropy(logits, y[at]))
        note(state, state["x"], told.logits, threat)
        moved = state["x"] + rows(self.share * state["eps"], told.gradient) * steepest(told.gradient, threat)
        state["x"] = project(moved, state["x0"], state["eps"], threat)
        state["done"] = state["done"] | (state["k"] >= self.steps)
        return state


def fgsm() -> Pgd:
    """One step of the whole radius, from the input itself."""
    return Pgd(steps=1, share=1.0, random_start=False, name="fgsm")


def steepest(gradient: Tensor, threat: Threat) -> Tensor:
    """The direction of length one that climbs most, for linf and l2."""
    if threat.norm == "linf":
        return gradient.sign()
    return gradient / (rows(length(gradient, "l2"), gradient) + _TINY)


def around(state: State, threat: Threat) -> Tensor:
    """A random point of each sample's ball: uniform for linf, uniform in volume for l2."""
    x0, key, k = state["x0"], state["key"], state["k"]
    size = x0[0].numel()
    if threat.norm == "linf":
        moved = (2.0 * draws.uniform(key, k, 0, size) - 1.0).reshape(x0.shape)
        return project(x0 + rows(state["eps"], x0) * moved, x0, state["eps"], threat)
    moved = draws.normal(key, k, 0, size).reshape(x0.shape)
    moved = moved / rows(length(moved, "l2"), moved)
    radius = state["eps"] * torch.pow(draws.uniform(key, k, 1, 1)[:, 0], 1.0 / size)
    return project(x0 + rows(radius, x0) * moved, x0, state["eps"], threat)
