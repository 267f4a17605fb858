"""Past a network and its detector together: an input that is labelled wrongly and not refused.

Source: Bryniarski et al., Evading Adversarial Example Detection Defenses with Orthogonal Projected Gradient Descent,
ICLR 2022 (arXiv 2106.15023), sections 4.1 and 4.2. The step that follows both gradients at once is the joint loss of
Carlini and Wagner, Adversarial Examples Are Not Easily Detected, AISec 2017 (arXiv 1705.07263), section 3.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion.ball import project, rows
from redan.attacks.evasion.losses import ahead, margin
from redan.attacks.evasion.network import Gradient, Network
from redan.attacks.evasion.pgd import around, steepest
from redan.attacks.evasion.pool import State, note
from redan.attacks.threat import Threat

_TINY = 1e-12
_WAYS = 3


@dataclass(frozen=True, slots=True)
class Joint:
    """Steps on the network while it is right, and on the detector while that refuses.

    The network answers with one column more than there are classes: how far the detector is above its limit; above zero
    it refuses. The stages of a sample take turns: each loss's gradient without its part along the other's; both
    gradients as they are, one at a time; and their sum.

    Args:
        steps: of each run.
        share: length of a step, as a share of the radius; it falls to a tenth.
        sure: margin, in logits, that is wanted before the detector is turned to.
        name: under which findings carry it.
    """

    steps: int = 100
    share: float = 0.2
    sure: float = 0.5
    name: str = "joint"

    def start(self, state: State, threat: Threat) -> State:
        """A random point of the ball, the input itself at the first stage."""
        first = rows(state["stage"] == 0, state["x0"])
        return {"x": torch.where(first, state["x0"], around(state, threat))}

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """Two gradients; what is wrong and not refused is kept."""
        wrong = network.gradient(state["x"], lambda told, at: _gain(told, state["y"][at], state["target"][at]))
        seen = network.gradient(state["x"], lambda told, _: -told[:, -1])
        note(state, state["x"], accepted(wrong.logits, state["y"]), threat)
        share = self.share * (1.0 - 0.9 * state["k"].clamp(max=self.steps) / self.steps)
        moved = state["x"] + rows(share * state["eps"], state["x"]) * self._way(state, wrong, seen, threat)
        state["x"] = project(moved, state["x0"], state["eps"], threat)
        state["done"] = state["done"] | (state["k"] >= self.steps)
        return state

    def _way(self, state: State, wrong: Gradient, seen: Gradient, threat: Threat) -> Tensor:
        turn = state["stage"] % _WAYS
        on_detector = rows(wrong.loss > self.sure, state["x"])
        apart = rows(turn == 0, state["x"])
        by_network = torch.where(apart, _without(wrong.gradient, seen.gradient), wrong.gradient)
        by_detector = torch.where(apart, _without(seen.gradient, wrong.gradient), seen.gradient)
        chosen = torch.where(on_detector, by_detector, by_network)
        both = _unit(wrong.gradient) + _unit(seen.gradient)
        return steepest(torch.where(rows(turn == _WAYS - 1, state["x"]), both, chosen), threat)


def accepted(told: Tensor, y: Tensor) -> Tensor:
    """Logits in which whoever is refused counts as answered rightly, shape (n, classes).

    Args:
        told: shape (n, classes + 1), the last above zero where the detector refuses.
        y: shape (n,).
    """
    logits = told[:, :-1]
    truth = functional.one_hot(y, logits.shape[1]).to(logits.dtype)
    return torch.where(told[:, -1:] > 0.0, truth, logits)


def _gain(told: Tensor, y: Tensor, target: Tensor) -> Tensor:
    logits = told[:, :-1]
    return torch.where(target < 0, margin(logits, y), ahead(logits, y, target.clamp(min=0)))


def _without(first: Tensor, second: Tensor) -> Tensor:
    along = (first * second).flatten(1).sum(1) / (second.flatten(1).pow(2).sum(1) + _TINY)
    return first - rows(along, first) * second


def _unit(gradient: Tensor) -> Tensor:
    return gradient / (rows(gradient.flatten(1).norm(dim=1), gradient) + _TINY)
