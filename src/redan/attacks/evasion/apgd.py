"""Auto-PGD: momentum, a step that halves itself when the loss stalls, and a success at any point on the way.

Sources: Croce and Hein, Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
attacks, ICML 2020 (arXiv 2003.01690), algorithm 1 and section 4; for l1 Croce and Hein, Mind the Box, ICML 2021 (arXiv
2103.01208), algorithm 1 and section 4.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from redan.attacks.evasion import draws
from redan.attacks.evasion.ball import length, project_l1, rows
from redan.attacks.evasion.losses import cross_entropy, dlr, dlr_targeted
from redan.attacks.evasion.network import Gradient, Network
from redan.attacks.evasion.pool import State, note
from redan.attacks.evasion.sparse import checked_sparse, sparse_move
from redan.attacks.threat import Threat

Loss: TypeAlias = Literal["ce", "dlr", "dlr-targeted"]
NAMES: Mapping[Loss, str] = MappingProxyType({"ce": "apgd-ce", "dlr": "apgd-dlr", "dlr-targeted": "apgd-t"})
_TINY = 1e-12
_MOMENTUM = 0.75
_WIDER = ((3.0, 0.3), (2.0, 0.3), (1.0, 0.4))  # of eps, for a share of the steps


@dataclass(frozen=True, slots=True)
class Apgd:
    """One run per job: a random start and `steps` steps, at one more gradient than steps.

    Args:
        loss: what is climbed; the targeted one goes for the class of the job.
        steps: of each run.
        rho: share of steps that must raise the loss, or the step size is halved.
        eot: passes whose gradients and logits are averaged, for models that draw random numbers.
        widened: for l1, whether balls of three and two times the radius are searched first.
    """

    loss: Loss = "ce"
    steps: int = 100
    rho: float = 0.75
    eot: int = 1
    widened: bool = False

    @property
    def name(self) -> str:
        """As AutoAttack calls it."""
        return NAMES[self.loss]

    def start(self, state: State, threat: Threat) -> State:
        """A random point of the sphere around each sample, and what is kept of a run."""
        x0, n = state["x0"], len(state["x0"])
        x = started(state, rows(state["eps"] * self._phases()[0][0], x0), threat)
        none = torch.zeros(n, dtype=x0.dtype, device=x0.device)
        return {
            "x": x,
            "x_old": x,
            "x_best": x,
            "g_best": torch.zeros_like(x0),
            "loss_best": none,
            "loss_last": none,
            "loss_checked": none,
            "size": none,
            "top": none,
            "nonzero": none,
            "reduced": torch.ones(n, dtype=torch.bool, device=x0.device),
            "rises": torch.zeros(n, dtype=torch.int64, device=x0.device),
            "since": torch.zeros(n, dtype=torch.int64, device=x0.device),
            "every": torch.zeros(n, dtype=torch.int64, device=x0.device),
        }

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """One gradient, what follows of it for best point and step size, and the move."""
        told = self._asked(state, network)
        note(state, state["x"], told.logits, threat)
        phases = self._phases()
        starts = [0, *accumulate(steps + 1 for _, steps in phases)]
        k = state["k"]
        first = torch.isin(k, torch.tensor(starts[:-1], device=k.device))
        phase = torch.bucketize(k, torch.tensor(starts[1:], device=k.device), right=True).clamp(max=len(phases) - 1)
        eps = state["eps"] * torch.tensor([wide for wide, _ in phases], device=k.device, dtype=told.loss.dtype)[phase]
        self._remembered(state, told, first, eps, threat)
        if threat.norm == "l1":
            x, gradient = checked_sparse(state, told.gradient, first, eps)
            moved = sparse_move(x, gradient, state, eps, threat)
        else:
            x, gradient = self._checked(state, told.gradient, first)
            moved = _move(x, gradient, state, first, threat)
        state["x_old"], state["x"] = x, moved
        for place, (wide, _) in zip(starts[1:-1], phases[1:], strict=True):
            if bool((k == place - 1).any()):
                again = project_l1(state["x_best"], state["x0"], state["eps"] * wide, threat)
                state["x"] = torch.where(rows(k == place - 1, again), again, state["x"])
        state["done"] = state["done"] | (k >= starts[-1] - 1)
        return state

    def _asked(self, state: State, network: Network) -> Gradient:
        y, target = state["y"], state["target"]

        def climbed(logits: Tensor, at: slice | Tensor) -> Tensor:
            if self.loss == "ce":
                return cross_entropy(logits, y[at])
            return dlr(logits, y[at]) if self.loss == "dlr" else dlr_targeted(logits, y[at], target[at])

        told = network.gradient(state["x"], climbed)
        if self.eot == 1:
            return told
        each = [told, *(network.gradient(state["x"], climbed) for _ in range(self.eot - 1))]
        logits, loss, gradient = (torch.stack(parts).mean(dim=0) for parts in zip(*each, strict=True))
        return Gradient(logits, loss, gradient)

    def _phases(self) -> tuple[tuple[float, int], ...]:
        if not self.widened:
            return ((1.0, self.steps),)
        early = [math.ceil(share * self.steps) for _, share in _WIDER[:-1]]
        lengths = [*early, self.steps - sum(early)]
        return tuple((wide, steps) for (wide, _), steps in zip(_WIDER, lengths, strict=True))

    def _remembered(self, state: State, told: Gradient, first: Tensor, eps: Tensor, threat: Threat) -> None:
        """Best point so far; at the first gradient of a phase everything begins anew."""
        better = first | (told.loss > state["loss_best"])
        state["x_best"] = torch.where(rows(better, state["x"]), state["x"], state["x_best"])
        state["g_best"] = torch.where(rows(better, state["x"]), told.gradient, state["g_best"])
        state["loss_best"] = torch.where(better, told.loss, state["loss_best"])
        # The first loss after the start is compared with zero, as in the reference.
        state["rises"] = torch.where(first, 0, state["rises"] + (told.loss > state["loss_last"]))
        state["loss_last"] = torch.where(first, 0.0, told.loss)
        state["loss_checked"] = torch.where(first, told.loss, state["loss_checked"])
        state["since"] = torch.where(first, 0, state["since"] + 1)
        state["reduced"] = first | state["reduced"]
        sparse = threat.norm == "l1"
        steps = self._phases()[0][1]
        every = max(int(0.04 * steps) if sparse else int(0.22 * self.steps), 1)
        state["every"] = torch.where(first, every, state["every"])
        state["size"] = torch.where(first, eps if sparse else 2.0 * eps, state["size"])
        if sparse:
            count = float(state["x"][0].numel())
            changed = (state["x"] != state["x0"]).flatten(1).sum(dim=1).to(eps.dtype)
            full = torch.full_like(changed, count)
            state["top"] = torch.where(first, changed / count / 1.5 if self.widened else 0.2, state["top"])
            state["nonzero"] = torch.where(first, changed if self.widened else full, state["nonzero"])

    def _checked(self, state: State, gradient: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        """At a checkpoint: half the step, and back to the best point, where the loss does not rise as it should."""
        due = ~first & (state["since"] == state["every"])
        if not bool(due.any()):
            return state["x"], gradient
        stalled = state["rises"] <= self.rho * state["every"]
        stuck = ~state["reduced"] & (state["loss_checked"] >= state["loss_best"])
        halved = due & (stalled | stuck)
        state["reduced"] = torch.where(due, halved, state["reduced"])
        state["loss_checked"] = torch.where(due, state["loss_best"], state["loss_checked"])
        state["size"] = torch.where(halved, state["size"] / 2.0, state["size"])
        least, shorter = max(int(0.06 * self.steps), 1), max(int(0.03 * self.steps), 1)
        state["every"] = torch.where(due, (state["every"] - shorter).clamp(min=least), state["every"])
        state["since"] = torch.where(due, 0, state["since"])
        state["rises"] = torch.where(due, 0, state["rises"])
        back = rows(halved, gradient)
        return torch.where(back, state["x_best"], state["x"]), torch.where(back, state["g_best"], gradient)


def started(state: State, radius: Tensor, threat: Threat) -> Tensor:
    """A random point on the sphere of each sample, cut at the box; for l1 normal noise brought into the ball.

    Args:
        state: of new jobs.
        radius: shaped so that it multiplies samples.
        threat: whose norm and box.
    """
    x0, size = state["x0"], state["x0"][0].numel()
    if threat.norm == "linf":
        moved = (2.0 * draws.uniform(state["key"], state["k"], 0, size) - 1.0).reshape(x0.shape)
    else:
        moved = draws.normal(state["key"], state["k"], 0, size).reshape(x0.shape).to(x0.dtype)
    if threat.norm == "l1":
        return project_l1(x0 + moved, x0, radius.flatten(), threat)
    return (x0 + radius * unit(moved, threat.norm)).clamp(threat.low, threat.high)


def unit(moved: Tensor, norm: str) -> Tensor:
    """Perturbations of length one."""
    return moved / (rows(length(moved, norm), moved) + _TINY)


def _move(x: Tensor, gradient: Tensor, state: State, first: Tensor, threat: Threat) -> Tensor:
    x0, size = state["x0"], rows(state["size"], x)
    share = torch.where(rows(first, x), 1.0, _MOMENTUM)
    ahead = x + size * (gradient.sign() if threat.norm == "linf" else unit(gradient, "l2"))
    ahead = _inside(ahead, x0, state["eps"], threat)
    return _inside(x + (ahead - x) * share + (x - state["x_old"]) * (1 - share), x0, state["eps"], threat)


def _inside(x: Tensor, x0: Tensor, eps: Tensor, threat: Threat) -> Tensor:
    radius = rows(eps, x)
    if threat.norm == "linf":
        return torch.minimum(torch.maximum(x, x0 - radius), x0 + radius).clamp(threat.low, threat.high)
    moved = x - x0
    size = rows(length(moved, "l2"), x)
    return (x0 + moved * (torch.minimum(radius, size) / (size + _TINY))).clamp(threat.low, threat.high)
