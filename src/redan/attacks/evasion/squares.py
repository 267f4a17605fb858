"""Square Attack: random search with squares that shrink; needs scores, no gradient.

Source: Andriushchenko, Croce, Flammarion, Hein, Square Attack, ECCV 2020 (arXiv 1912.00049), algorithms 1 to 3; for l1
and the schedule that is not rescaled: AutoAttack (arXiv 2003.01690). Each sample draws its own squares, so that its
result depends on nobody else.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from redan.attacks.evasion import draws, familiar
from redan.attacks.evasion.ball import length, project_l1, rows
from redan.attacks.evasion.lookahead import Ahead, Answers, Chosen, chosen_of, painted, room_for, told
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import State
from redan.attacks.evasion.windows import Plan, Window, drawn, picture, plan, tiles
from redan.attacks.threat import Threat

_HALVED = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
_WHOLE = 10_000
_INSIDE = 1 - 1e-6
_TINY = 1e-12
_AHEAD, _FAR = 6, 256  # proposals looked at, for each that may be asked, and at most


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
            if familiar.fits(shape):
                kept |= familiar.tables(kept, best, shape)
        return kept

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """The first point at k = 0, then proposals: as many as fill the batch, and none whose answer is known.

        The pool counts on from the last one that was asked or known.
        """
        begin = state["k"] == 0
        ahead = self._ahead(state, begin, network.chunk, threat)
        chosen = chosen_of(ahead)
        asked = self._proposed(state, ahead, chosen, threat)
        if bool(begin.any()):
            asked = torch.where(rows(begin[chosen.slot], asked), state["x"][chosen.slot], asked)
        answers = Answers(asked, network.logits(asked)) if len(asked) else None
        told(state, ahead, chosen, answers, threat)
        state["done"] = state["done"] | (state["k"] >= self.queries)
        return state

    def _ahead(self, state: State, begin: Tensor, chunk: int, threat: Threat) -> Ahead:
        n, device = len(begin), begin.device
        room = room_for(state, chunk)
        number = torch.arange(min(_AHEAD * -(-room // n), _FAR), device=device)
        k = state["k"][:, None] + number
        level = self._level(k)
        counts = (k <= self.queries) & (level == level[:, :1]) & ((number == 0) | ~begin[:, None])
        shape = picture(state["x0"].shape[1:])
        plans = plan(shape, self.share, threat.norm)
        size = (plans.high.to(device)[level].flatten(), plans.wide.to(device)[level].flatten())
        key = state["key"].repeat_interleave(len(number))
        window = Window(*(part.reshape(k.shape) for part in drawn(key, k.flatten(), 0, size, shape)))
        signs = _signs(key, k.flatten(), 2, shape[0]).reshape(n, -1, shape[0])
        if "refused" not in state:
            return Ahead(room, counts, counts, window, signs, None)
        changed = level[:, 0] != state["level"]
        if bool(changed.any()):
            state["level"] = level[:, 0]
            state["refused"][changed] = False
        found = familiar.known(state, window, signs, shape)
        skipped = (found.same | found.failed) & state["steady"][:, None] & ~begin[:, None]
        return Ahead(room, counts, counts & ~skipped, window, signs, found)

    def _proposed(self, state: State, ahead: Ahead, chosen: Chosen, threat: Threat) -> Tensor:
        slot, turn = chosen
        shape = picture(state["x0"].shape[1:])
        window, signs = Window(*(part[slot, turn] for part in ahead.window)), ahead.signs[slot, turn]
        if threat.norm == "linf":
            return painted(state, slot, window, signs, shape)
        x0, key, eps, k = state["x0"][slot], state["key"][slot], state["eps"][slot], state["k"][slot] + turn
        plans, level = plan(shape, self.share, threat.norm), self._level(k)
        other = drawn(key, k, 3, (window.high, window.wide), shape)
        new = window.laid(_patterns(plans, level, key, k), shape) * signs[:, :, None, None]
        delta = (state["x"][slot] - x0).reshape(-1, *shape)
        delta = _exchanged(delta, new, (window, other), rows(eps, new), threat)
        return _inside(delta.reshape(x0.shape), x0, eps, threat)

    def _level(self, k: Tensor) -> Tensor:
        turn = (k - 1).clamp(min=0)
        if self.rescale:
            turn = (turn.double() / self.queries * _WHOLE).long()
        return torch.bucketize(turn, torch.tensor(_HALVED, device=k.device))


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
