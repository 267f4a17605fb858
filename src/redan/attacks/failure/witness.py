"""Runs an attack on a few samples and writes down every point at which it asked, outside of its own bookkeeping."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from redan.attacks.evasion.ball import length
from redan.attacks.evasion.draws import derived, keys
from redan.attacks.evasion.network import Gradient, Jacobian, Loss, Network
from redan.attacks.evasion.pool import Attack, State
from redan.attacks.failure.smoothed import Smoothed
from redan.attacks.threat import Threat

MOST_STEPS = 1_000
_NAN = float("nan")


class Trace(NamedTuple):
    """What an attack did.

    Args:
        losses: shape (steps, n), what it climbed; no number where it did not ask, or had ended.
        hits: shape (steps, n), where a point inside of ball and box was labelled wrongly.
        found: shape (n, ...), what it would give back.
        claimed: shape (n,), where it says that it succeeded.
    """

    losses: NDArray[np.float64]
    hits: NDArray[np.bool_]
    found: NDArray[np.float32]
    claimed: NDArray[np.bool_]


class _Witness(Network):
    """A network that keeps what was asked of the one it stands for."""

    def __init__(self, network: Network, x0: Tensor, y: Tensor, eps: Tensor, threat: Threat) -> None:
        super().__init__(network.module, preprocess=network.preprocess, device=str(network.device), chunk=network.chunk)
        self.inner, self.meter = network, network.meter
        self.x0, self.y, self.eps, self.threat = x0, y, eps, threat
        self.losses: Tensor | None = None
        self.hits = torch.zeros(len(x0), dtype=torch.bool, device=x0.device)

    def fresh(self) -> None:
        """A new step begins."""
        self.losses = None
        self.hits = torch.zeros_like(self.hits)

    def narrow(self, kept: Tensor) -> None:
        """Only some of the samples go on."""
        self.x0, self.y, self.eps, self.hits = self.x0[kept], self.y[kept], self.eps[kept], self.hits[kept]
        if isinstance(self.inner, Smoothed):
            self.inner.narrow(kept)

    def logits(self, x: Tensor) -> Tensor:
        """As the network, and kept."""
        told = self.inner.logits(x)
        self._keep(x, told, None)
        return told

    def gradient(self, x: Tensor, loss: Loss) -> Gradient:
        """As the network, and kept."""
        told = self.inner.gradient(x, loss)
        self._keep(x, told.logits, told.loss)
        return told

    def jacobian(self, x: Tensor) -> Jacobian:
        """As the network, and kept."""
        told = self.inner.jacobian(x)
        self._keep(x, told.logits, None)
        return told

    def _keep(self, x: Tensor, logits: Tensor, loss: Tensor | None) -> None:
        if len(x) != len(self.x0):
            return
        flat = x.detach().flatten(1)
        boxed = (flat >= self.threat.low - 1e-6).all(dim=1) & (flat <= self.threat.high + 1e-6).all(dim=1)
        inside = boxed & (length(x - self.x0, self.threat.norm) <= self.eps * (1 + 1e-6) + 1e-7)
        self.hits = self.hits | (inside & (logits.argmax(dim=1) != self.y))
        if loss is not None:
            self.losses = loss if self.losses is None else torch.maximum(self.losses, loss)


def watch(
    attack: Attack, network: Network, x: Tensor, y: Tensor, threat: Threat, *, seed: int = 0, whole: bool = True
) -> Trace:
    """Runs one job of an attack on each sample, to its end.

    Args:
        attack: as the pool takes it; untargeted.
        network: what is asked.
        x: shape (n, ...), all of them at once: some ten or a hundred.
        y: shape (n,).
        threat: the threat model.
        seed: of the attack's draws.
        whole: whether samples that are broken go on to the end, too; in the pool, they leave.
    """
    state = _started(attack, x, y, threat, seed)
    witness = _Witness(network, x, y, state["eps"], threat)
    found, claimed = x.clone(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    alive = torch.arange(len(x), device=x.device)
    losses: list[NDArray[np.float64]] = []
    hits: list[NDArray[np.bool_]] = []
    while len(alive) and len(losses) < MOST_STEPS:
        witness.fresh()
        state = attack.step(state, witness, threat)
        state["k"] = state["k"] + 1
        climbed, met = torch.full((len(x),), _NAN, device=x.device), torch.zeros_like(claimed)
        met[alive] = witness.hits
        if witness.losses is not None:
            climbed[alive] = witness.losses.float()
        losses.append(climbed.double().cpu().numpy())
        hits.append(met.cpu().numpy())
        found[alive], claimed[alive] = state["found"], state["broken"]
        kept = ~state["done"] if whole else ~(state["done"] | state["broken"])
        if not bool(kept.all()):
            alive, state = alive[kept], {name: tensor[kept] for name, tensor in state.items()}
            witness.narrow(kept)
    return Trace(
        np.stack(losses) if losses else np.empty((0, len(x))),
        np.stack(hits) if hits else np.zeros((0, len(x)), dtype=np.bool_),
        found.detach().cpu().numpy().astype(np.float32),
        claimed.cpu().numpy(),
    )


def _started(attack: Attack, x: Tensor, y: Tensor, threat: Threat, seed: int) -> State:
    none = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    salt = torch.as_tensor(keys(x.detach().cpu().numpy(), attack.name, seed), device=x.device)
    first = torch.zeros(len(x), dtype=torch.int64, device=x.device)  # as in the pool, so that both begin alike
    state: State = {
        "x0": x,
        "y": y,
        "target": torch.full_like(y, -1),
        "stage": torch.zeros_like(y),
        "eps": torch.as_tensor(threat.radii(len(x)), device=x.device),
        "key": derived(salt, first),
        "k": torch.zeros(len(x), dtype=torch.int64, device=x.device),
        "found": x.clone(),
        "broken": none,
        "done": none.clone(),
    }
    return state | attack.start(state, threat)
