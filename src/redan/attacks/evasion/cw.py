"""Carlini and Wagner's attack for l2: distance and margin in one sum, whose weight is searched for.

Source: Carlini and Wagner, Towards Evaluating the Robustness of Neural Networks, IEEE S&P 2017 (arXiv 1608.04644),
sections V and VI.A; Kingma and Ba, Adam, ICLR 2015 (arXiv 1412.6980), for the steps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from redan.attacks.evasion.ball import length, rows
from redan.attacks.evasion.losses import margin
from redan.attacks.evasion.minimal import finish, nothing_yet, remember
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State
from redan.attacks.threat import Threat

_INSIDE = 1.0 - 1e-6
_FIRST, _SECOND, _SMALL = 0.9, 0.999, 1e-8
_STALLED = 0.9999
_LOOKS = 10


@dataclass(frozen=True, slots=True)
class Cw:
    """Rounds of Adam on the sum of the squared distance and the weighted margin, in a variable that knows no box.

    Args:
        steps: of each round, at most; it ends when a tenth of them lowered nothing.
        searches: rounds, each with the weight that the ones before suggest.
        weight: of the margin in the first round.
        rate: of Adam.
        confidence: margin, in logits, that is wanted.
        name: under which findings carry it.
    """

    steps: int = 1000
    searches: int = 9
    weight: float = 1e-3
    rate: float = 0.01
    confidence: float = 0.0
    name: str = "cw"

    def start(self, state: State, threat: Threat) -> State:
        """At the input, or as near as a hyperbolic tangent comes to the edge of the box."""
        x0, eps = state["x0"], state["eps"]
        share = (x0 - threat.low) / (threat.high - threat.low)
        none = torch.zeros_like(state["k"])
        return {
            "w": torch.atanh((2.0 * share - 1.0) * _INSIDE),
            "first": torch.zeros_like(x0),
            "second": torch.zeros_like(x0),
            "at": none,
            "round": none.clone(),
            "hit": none.bool(),
            "checked": torch.full_like(eps, torch.inf),
            "weight": torch.full_like(eps, self.weight),
            "low": torch.zeros_like(eps),
            "high": torch.full_like(eps, torch.inf),
            **nothing_yet(state),
        }

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """One gradient and one step of Adam; at the end of a round the next weight."""
        y, half = state["y"], (threat.high - threat.low) / 2.0
        bent = torch.tanh(state["w"])
        x = (threat.low + half * (bent + 1.0)).clamp(threat.low, threat.high)
        told = network.gradient(x, lambda logits, at: margin(logits, y[at]))
        wrong, _ = remember(state, x, told.logits, threat)
        state["hit"] = state["hit"] | (wrong & (told.loss >= self.confidence))
        short = (self.confidence - told.loss).clamp(min=0.0)
        gap = x - state["x0"]
        value = length(gap, "l2").square() + state["weight"] * short
        pull = rows(state["weight"] * (short > 0), x) * told.gradient
        self._adam(state, (2.0 * gap - pull) * half * (1.0 - bent.square()))
        self._next_round(state, value, threat)
        finish(state, state["round"] >= self.searches, threat)
        return state

    def _adam(self, state: State, slope: Tensor) -> None:
        state["at"] = state["at"] + 1
        state["first"] = _FIRST * state["first"] + (1.0 - _FIRST) * slope
        state["second"] = _SECOND * state["second"] + (1.0 - _SECOND) * slope.square()
        turn = state["at"].to(slope.dtype)
        mean = state["first"] / rows(1.0 - torch.pow(_FIRST, turn), slope)
        spread = state["second"] / rows(1.0 - torch.pow(_SECOND, turn), slope)
        state["w"] = state["w"] - self.rate * mean / (spread.sqrt() + _SMALL)

    def _next_round(self, state: State, value: Tensor, threat: Threat) -> None:
        due = state["at"] % max(self.steps // _LOOKS, 1) == 0
        over = (state["at"] >= self.steps) | (due & (value > _STALLED * state["checked"]))
        state["checked"] = torch.where(due, value, state["checked"])
        if not bool(over.any()):
            return
        weight, hit = state["weight"], state["hit"]
        state["high"] = torch.where(over & hit, torch.minimum(state["high"], weight), state["high"])
        state["low"] = torch.where(over & ~hit, torch.maximum(state["low"], weight), state["low"])
        between = (state["low"] + state["high"]) / 2.0
        following = torch.where(torch.isfinite(state["high"]), between, weight * 10.0)
        state["weight"] = torch.where(over, following, weight)
        fresh = self.start(state, threat)
        for name in ("w", "first", "second", "at", "hit", "checked"):
            state[name] = torch.where(rows(over, state[name]), fresh[name], state[name])
        state["round"] = state["round"] + over
