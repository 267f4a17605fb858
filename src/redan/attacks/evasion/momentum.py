"""Momentum in the gradient, for inputs that fool models which the attacker has not seen.

Sources: Dong et al., Boosting Adversarial Attacks with Momentum, CVPR 2018 (arXiv 1710.06081), algorithm 1 and, for l2,
equation 8; Xie et al., CVPR 2019 (arXiv 1803.06978), algorithm 1, for input diversity.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from redan.attacks.evasion.ball import length, project, rows
from redan.attacks.evasion.diversity import FEWEST, PICTURE, grown, placed, shrunk, unmoved
from redan.attacks.evasion.losses import cross_entropy
from redan.attacks.evasion.network import Gradient, Network
from redan.attacks.evasion.pgd import steepest
from redan.attacks.evasion.pool import State
from redan.attacks.threat import Threat
from redan.errors import InputError

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Momentum:
    """All steps are taken, also of what is broken: an input that goes far on one model goes further on others.

    What is given back is the last point at which the network erred; where it never did, the last point of all.

    Args:
        steps: of each job; each goes radius / steps.
        decay: of the sum of gradients, each of length one in l1; 0 for no memory.
        probability: that a picture is shrunk before its gradient; 0 for inputs that are no pictures.
        name: under which findings carry it.
    """

    steps: int = 10
    decay: float = 1.0
    probability: float = 0.0
    name: str = "mi-fgsm"

    def start(self, state: State, threat: Threat) -> State:
        """The input itself, and nothing summed up.

        Raises:
            InputError: the norm has no steepest direction here, or inputs are no pictures that could be shrunk.
        """
        if threat.norm not in {"linf", "l2"}:
            raise InputError(f"{self.name} has no steps for {threat.norm}", remedy="use linf or l2")
        x0 = state["x0"]
        if self.probability > 0 and (x0.ndim != PICTURE or min(x0.shape[2:]) < FEWEST):
            raise InputError(
                f"{self.name} shrinks pictures, and inputs have shape {tuple(x0.shape[1:])}",
                remedy=f"give channels, rows and columns, of {FEWEST} pixels at least, or use mi_fgsm",
            )
        erred = torch.zeros(len(x0), dtype=torch.bool, device=x0.device)
        return {"x": x0.clone(), "summed": torch.zeros_like(x0), "kept": x0.clone(), "erred": erred}

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """One gradient and one move; the last point is asked as it is."""
        last = state["k"] >= self.steps
        told, asked = self._asked(state, network, last, threat)
        self._kept(state, told.logits, asked, threat)
        size = rows(told.gradient.flatten(1).abs().sum(dim=1), told.gradient)
        state["summed"] = self.decay * state["summed"] + told.gradient / (size + _TINY)
        moved = state["x"] + rows(state["eps"] / self.steps, state["x"]) * steepest(state["summed"], threat)
        moved = project(moved, state["x0"], state["eps"], threat)
        state["found"] = torch.where(
            rows(last, moved), torch.where(rows(state["erred"], moved), state["kept"], state["x"]), state["found"]
        )
        state["broken"] = state["broken"] | (last & state["erred"])
        state["x"] = torch.where(rows(last, moved), state["x"], moved)
        state["done"] = state["done"] | last
        return state

    def _asked(self, state: State, network: Network, last: Tensor, threat: Threat) -> tuple[Gradient, Tensor]:
        """The gradient to the point itself, and where the point itself was asked, shape (n,)."""
        x, y = state["x"], state["y"]
        if not self.probability:
            return network.gradient(x, lambda logits, at: cross_entropy(logits, y[at])), torch.ones_like(last)
        place = placed(state, self.probability, last)
        fill = min(max(0.0, threat.low), threat.high)
        told = network.gradient(shrunk(x, place, fill), lambda logits, at: cross_entropy(logits, y[at]))
        return told._replace(gradient=grown(told.gradient, place)), unmoved(x, place)

    def _kept(self, state: State, logits: Tensor, asked: Tensor, threat: Threat) -> None:
        x = state["x"]
        inside = length(x - state["x0"], threat.norm) <= state["eps"] * (1 + 1e-6) + 1e-7
        wrong = asked & inside & (logits.argmax(dim=1) != state["y"]) & ~state["done"]
        state["kept"] = torch.where(rows(wrong, x), x, state["kept"])
        state["erred"] = state["erred"] | wrong
