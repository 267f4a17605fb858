"""Square Attack: random search with squares that shrink; needs scores, no gradient.

Source: Andriushchenko, Croce, Flammarion, Hein, Square Attack, ECCV 2020 (arXiv 1912.00049), algorithms 1 to 3; for l1
and the schedule that is not rescaled: AutoAttack (arXiv 2003.01690). Each sample draws its own squares, so that its
result depends on nobody else.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from redan.attacks.evasion import draws
from redan.attacks.evasion.ball import length, project_l1, rows
from redan.attacks.evasion.losses import margin
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State, note
from redan.attacks.evasion.windows import Plan, Window, drawn, picture, plan, tiles
from redan.attacks.threat import Threat

_HALVED = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
_WHOLE = 10_000
_INSIDE = 1 - 1e-6
_TINY = 1e-12
_SMALL = 128  # values of an input
_BATCHES = 8


@dataclass(frozen=True, slots=True)
class Square:
    """One proposal a step, kept when the margin falls.

    Args:
        queries: proposals, after the first point.
        share: of the picture that the first squares cover.
        rescale: whether the schedule of 10,000 proposals is squeezed into `queries`; AutoAttack does not.
    """

    queries: int = 5000
    share: float = 0.8
    rescale: bool = False
    name: str = "square"

    def start(self, state: State, threat: Threat) -> State:
        """Stripes for linf, tiles for l2 and l1; nothing is asked."""
        x0, key, eps = state["x0"], state["key"], state["eps"]
        shape = picture(x0.shape[1:])
        if threat.norm == "linf":
            sign = _signs(key, state["k"], 0, shape[0] * shape[2]).reshape(-1, shape[0], 1, shape[2])
            moved = sign.expand(-1, *shape).reshape(x0.shape) * rows(eps, x0)
            best = (x0 + moved).clamp(threat.low, threat.high)
        else:
            best = _inside(tiles(key, shape, threat.norm).reshape(x0.shape), x0, eps, threat)
        kept = {"x": best, "margin": torch.full_like(eps, -torch.inf)}
        if threat.norm == "linf":
            radius = rows(eps, x0)
            kept |= {"up": (x0 + radius).clamp(max=threat.high), "down": (x0 - radius).clamp(min=threat.low)}
        return kept

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """The first point at k = 0, a proposal at each later one; several where rows of the batch would stay empty."""
        begin = state["k"] == 0
        lanes = 1 if bool(begin.any()) else max(1, _width(network, state["x0"]) // len(begin))
        asked, logits, gain = self._asked(state, network, threat, begin, lanes)
        note(state, asked, logits, threat)
        better = begin | (gain > state["margin"]) | (gain >= 0)
        state["margin"] = torch.where(better, gain, state["margin"])
        state["x"] = torch.where(rows(better, asked), asked, state["x"])
        state["done"] = state["done"] | (state["k"] >= self.queries)
        return state

    def _asked(
        self, state: State, network: Network, threat: Threat, begin: Tensor, lanes: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The next point of each sample that is kept, or the last of as many as there are lanes.

        A proposal depends on the point that was kept last and on its own number, so that the following ones can be
        asked along with it and count as long as none before them is kept.
        """
        if lanes == 1:
            asked = self._proposed(state, threat)
            if bool(begin.any()):
                asked = torch.where(rows(begin, asked), state["x"], asked)
            logits = network.logits(asked)
            return asked, logits, margin(logits, state["y"])
        n, device = len(begin), begin.device
        number = torch.arange(lanes, device=device)
        wide = {name: tensor.repeat_interleave(lanes, dim=0) for name, tensor in state.items()}
        wide["k"] = wide["k"] + number.repeat(n)
        every = self._proposed(wide, threat)
        logits = network.logits(every)
        gain = margin(logits, wide["y"])
        counts = state["k"][:, None] + number <= self.queries
        kept = counts & ((gain > wide["margin"]) | (gain >= 0)).reshape(n, lanes)
        place = torch.where(kept.any(dim=1), kept.int().argmax(dim=1), counts.sum(dim=1) - 1)
        state["k"] = state["k"] + place
        chosen = torch.arange(n, device=device) * lanes + place
        return every[chosen], logits[chosen], gain[chosen]

    def _proposed(self, state: State, threat: Threat) -> Tensor:
        x0, key, k, eps = state["x0"], state["key"], state["k"], state["eps"]
        shape = picture(x0.shape[1:])
        plans = plan(shape, self.share, threat.norm)
        level = self._level(k)
        size = (plans.high.to(k.device)[level], plans.wide.to(k.device)[level])
        window = drawn(key, k, 0, size, shape)
        signs = _signs(key, k, 2, shape[0])[:, :, None, None]
        if threat.norm == "linf":
            # Two radii on from any point of the ball, cut at the ball, is one of its ends.
            ends = torch.where(signs > 0, state["up"].reshape(-1, *shape), state["down"].reshape(-1, *shape))
            return torch.where(window.mask(shape), ends, state["x"].reshape(-1, *shape)).reshape(x0.shape)
        other = drawn(key, k, 3, size, shape)
        new = window.laid(_patterns(plans, level, key, k), shape) * signs
        delta = _exchanged((state["x"] - x0).reshape(-1, *shape), new, (window, other), rows(eps, new), threat)
        return _inside(delta.reshape(x0.shape), x0, eps, threat)

    def _level(self, k: Tensor) -> Tensor:
        turn = (k - 1).clamp(min=0)
        if self.rescale:
            turn = (turn.double() / self.queries * _WHOLE).long()
        return (turn[:, None] > torch.tensor(_HALVED, device=k.device)).sum(dim=1)


def _width(network: Network, x: Tensor) -> int:
    """Rows of a step: a batch, or several where inputs are so small that the step costs more than the network."""
    return network.chunk * (_BATCHES if network.chunk > 1 and x[0].numel() <= _SMALL else 1)


def _exchanged(delta: Tensor, new: Tensor, windows: tuple[Window, Window], eps: Tensor, threat: Threat) -> Tensor:
    """The second window's share of the ball goes to the first; what of the ball is free as well.

    Args:
        delta: shape (n, channels, rows, columns).
        new: patterns in the first windows, shape of `delta`.
        windows: of each sample.
        eps: shape (n, 1, 1, 1).
        threat: l2 or l1.
    """
    first, second = (window.mask(tuple(delta.shape[1:])) for window in windows)
    channels = delta.shape[1]
    held = _lengths(delta * (first | second), threat)
    old = delta * first
    mixed = new + old / (_lengths(old, threat) + _TINY)
    mixed = mixed / (_lengths(mixed, threat) + _TINY)
    size = rows(length(delta, threat.norm), delta)
    if threat.norm == "l2":
        free = ((eps**2 - size**2).clamp(min=0) / channels + held**2).sqrt()
    else:
        free = ((eps - size).clamp(min=0) / channels + held) * channels
    return torch.where(first, mixed * free, delta * ~second)


def _lengths(delta: Tensor, threat: Threat) -> Tensor:
    order = 2.0 if threat.norm == "l2" else 1.0
    return torch.linalg.vector_norm(delta, ord=order, dim=(-2, -1), keepdim=True)


def _inside(delta: Tensor, x0: Tensor, eps: Tensor, threat: Threat) -> Tensor:
    if threat.norm == "l1":
        return project_l1(x0 + delta, x0, eps * _INSIDE, threat)
    scaled = delta / (rows(length(delta, "l2"), delta) + _TINY) * rows(eps * _INSIDE, delta)
    return (x0 + scaled).clamp(threat.low, threat.high)


def _signs(key: Tensor, k: Tensor, stream: int, size: int) -> Tensor:
    return (draws.uniform(key, k, stream, size) - 0.5).sign()


def _patterns(plans: Plan, level: Tensor, key: Tensor, k: Tensor) -> Tensor:
    turned = (draws.uniform(key, k, 5, 1)[:, 0] > 0.5).long()  # noqa: PLR2004 -- a coin
    return plans.patterns.to(level.device)[level, turned]
