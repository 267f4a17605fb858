"""FAB: onto the boundary as the network's linear part has it, and back towards the input.

Source: Croce and Hein, Minimally distorted adversarial examples with a fast adaptive boundary attack, ICML 2020 (arXiv
1907.02044), algorithm 1; its targeted form is that of AutoAttack (arXiv 2003.01690, section 5).

A move is asked first without a gradient, since most moves are hits, after which the point is pulled back and the
gradient of another point is needed. Jobs that ended with a hit in the ball ask no gradient any more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion.apgd import started
from redan.attacks.evasion.ball import length, rows
from redan.attacks.evasion.hyperplane import shortest
from redan.attacks.evasion.losses import ahead
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State, note
from redan.attacks.threat import Norm, Threat

_LEAST = 1e-8
_TINY = 1e-12
_DUAL: Mapping[Norm, float] = MappingProxyType({"linf": 1.0, "l2": 2.0, "l1": math.inf})


class _Boundary(NamedTuple):
    """The nearest linear boundary at some points: its normal and how far the logits are apart."""

    normal: Tensor
    apart: Tensor


@dataclass(frozen=True, slots=True)
class Fab:
    """Moves towards the closest adversarial input; a job ends when one is in the ball.

    Args:
        targeted: whether the boundary is that to the job's class, or the nearest of all at one backward pass per class.
        steps: moves of each run.
        restarts: runs per target; all but the first start at random, at half the radius.
        alpha: largest share of the move that starts at the input itself.
        eta: how far beyond the boundary it goes.
        beta: how far it is pulled back after a hit.
    """

    targeted: bool = True
    steps: int = 100
    restarts: int = 1
    alpha: float = 0.1
    eta: float = 1.05
    beta: float = 0.9

    @property
    def name(self) -> str:
        """As AutoAttack calls it."""
        return "fab-t" if self.targeted else "fab"

    def start(self, state: State, threat: Threat) -> State:
        """The input, or a random point at half the radius."""
        x0 = state["x0"]
        again = state["stage"] % self.restarts > 0
        x = x0.clone()
        if bool(again.any()):
            x = torch.where(rows(again, x0), started(state, rows(state["eps"] / 2.0, x0), threat), x0)
        return {"x": x, "moves": torch.zeros_like(state["k"])}

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """Looks whether the last move of each job was a hit, and makes the next one."""
        self._looked(state, network, threat)
        state["done"] = state["done"] | (state["moves"] >= self.steps)
        places = (~(state["broken"] | state["done"])).nonzero()[:, 0]
        if len(places):
            x, y = state["x"][places], state["y"][places]
            told, found = self._boundary(network, x, y, state["target"][places], threat.norm)
            note(state, state["x"], _at(places, told, state["y"]), threat)
            self._move(state, places, found, threat)
        return state

    def _looked(self, state: State, network: Network, threat: Threat) -> None:
        places = (state["moves"] > 0).nonzero()[:, 0]
        if not len(places):
            return
        x, y = state["x"], state["y"]
        logits = _at(places, network.logits(x[places]), y)
        note(state, x, logits, threat)
        hit = rows(logits.argmax(dim=1) != y, x)
        state["x"] = torch.where(hit, state["x0"] + (x - state["x0"]) * self.beta, x)

    def _move(self, state: State, places: Tensor, found: _Boundary, threat: Threat) -> None:
        x0, x = state["x0"][places], state["x"][places]
        normal, apart = found.normal.flatten(1), found.apart
        flat, flat0 = x.flatten(1), x0.flatten(1)
        here = shortest(flat, normal, apart, threat)
        there = shortest(flat0, normal, apart + (normal * (flat0 - flat)).sum(dim=1), threat)
        size, size0 = (length(move, threat.norm).clamp(min=_LEAST)[:, None] for move in (here, there))
        share = (size / (size + size0)).clamp(max=self.alpha)
        moved = (flat + self.eta * here) * (1 - share) + (flat0 + self.eta * there) * share
        state["x"] = state["x"].index_copy(0, places, moved.clamp(threat.low, threat.high).reshape(x.shape))
        state["moves"] = state["moves"].index_add(0, places, torch.ones_like(places))

    def _boundary(self, network: Network, x: Tensor, y: Tensor, target: Tensor, norm: Norm) -> tuple[Tensor, _Boundary]:
        if self.targeted:
            told = network.gradient(x, lambda logits, at: ahead(logits, y[at], target[at]))
            return told.logits, _Boundary(told.gradient, told.loss)
        every = network.jacobian(x)
        each = torch.arange(len(y), device=y.device)
        apart = every.logits - every.logits[each, y][:, None]
        normals = (every.gradients - every.gradients[each, y][:, None]).flatten(2)
        distance = apart.abs() / (torch.linalg.vector_norm(normals, ord=_DUAL[norm], dim=2) + _TINY)
        nearest = distance.scatter(1, y[:, None], torch.inf).argmin(dim=1)
        return every.logits, _Boundary(normals[each, nearest], apart[each, nearest])


def _at(places: Tensor, logits: Tensor, y: Tensor) -> Tensor:
    """Logits of all slots, shape (n, classes): who was not asked counts as answered rightly."""
    if len(places) == len(y):
        return logits
    return functional.one_hot(y, logits.shape[1]).to(logits.dtype).index_copy(0, places, logits)
