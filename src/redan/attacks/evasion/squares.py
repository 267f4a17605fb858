"""Square Attack: random search with squares that shrink; needs scores, no gradient.

Source: Andriushchenko, Croce, Flammarion, Hein, Square Attack, ECCV 2020 (arXiv 1912.00049), algorithms 1 to 3; for l1
and the schedule that is not rescaled: AutoAttack (arXiv 2003.01690). Each sample draws its own squares, so that its
result depends on nobody else.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion import draws, familiar
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
_SELDOM, _BATCHES = 500, 4  # steps after which proposals are seldom kept, and batches that are asked at once then
_AHEAD, _FAR = 6, 256  # proposals looked at, for each that may be asked, and at most


class _Ahead(NamedTuple):
    """The next proposals of each sample, shape (n, ahead) each.

    Args:
        room: rows to ask at most.
        counts: it is one of its run, with a window of the same size as the first.
        open: its answer is not known.
        window: where it changes the picture.
        signs: of each channel, shape (n, ahead, channels).
        known: what is remembered; None where nothing is.
    """

    room: int
    counts: Tensor
    open: Tensor
    window: Window
    signs: Tensor
    known: familiar.Known | None


class _Chosen(NamedTuple):
    """Proposals to ask: whose, and how far ahead, shape (m,) each."""

    slot: Tensor
    turn: Tensor


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

        A proposal depends on the point that was kept last and on its own number, so that the following ones can be
        asked along with it and count as long as none before them is kept.
        """
        begin = state["k"] == 0
        ahead = self._ahead(state, begin, network.chunk, threat)
        chosen = _chosen(ahead)
        asked = self._proposed(state, ahead, chosen, threat)
        if bool(begin.any()):
            asked = torch.where(rows(begin[chosen.slot], asked), state["x"][chosen.slot], asked)
        self._told(state, ahead, chosen, asked, network.logits(asked) if len(asked) else None, threat)
        state["done"] = state["done"] | (state["k"] >= self.queries)
        return state

    def _ahead(self, state: State, begin: Tensor, chunk: int, threat: Threat) -> _Ahead:
        n, device = len(begin), begin.device
        room = _room(state, chunk)
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
            return _Ahead(room, counts, counts, window, signs, None)
        changed = level[:, 0] != state["level"]
        if bool(changed.any()):
            state["level"] = level[:, 0]
            state["refused"][changed] = False
        found = familiar.known(state, window, signs, shape)
        skipped = (found.same | found.failed) & state["steady"][:, None] & ~begin[:, None]
        return _Ahead(room, counts, counts & ~skipped, window, signs, found)

    def _told(
        self, state: State, ahead: _Ahead, chosen: _Chosen, asked: Tensor, logits: Tensor | None, threat: Threat
    ) -> None:
        slot, turn = chosen
        settled = ahead.counts & ~ahead.open
        kept = torch.zeros_like(settled)
        if logits is not None:
            y = state["y"][slot]
            gain = margin(logits, y)
            first = state["k"][slot] == 0
            better = first | (gain > state["margin"][slot]) | (gain >= 0) | (logits.argmax(dim=1) != y)
            settled[slot, turn], kept[slot, turn] = True, better
        won = kept.any(dim=1)
        place = torch.where(won, kept.int().argmax(dim=1), settled.int().cumprod(dim=1).sum(dim=1) - 1)
        if logits is not None:
            if ahead.known is not None:
                at = ahead.known.place[slot, turn]
                familiar.confirmed(state, slot, ahead.known.same[slot, turn] & ~first, gain)
                familiar.refused(state, slot[~better], at[~better])
            taken = better & (turn == place[slot])
            into = slot[taken]
            state["margin"] = state["margin"].index_put((into,), gain[taken])
            state["x"] = state["x"].index_put((into,), asked[taken])
            if len(into):
                told = functional.one_hot(state["y"], logits.shape[1]).to(logits.dtype)
                note(state, state["x"], told.index_put((into,), logits[taken]), threat)
                if ahead.known is not None:
                    familiar.forgotten(state, into, picture(state["x0"].shape[1:]))
        state["k"] = state["k"] + place

    def _proposed(self, state: State, ahead: _Ahead, chosen: _Chosen, threat: Threat) -> Tensor:
        slot, turn = chosen
        shape = picture(state["x0"].shape[1:])
        window, signs = Window(*(part[slot, turn] for part in ahead.window)), ahead.signs[slot, turn]
        if threat.norm == "linf":
            return _painted(state, slot, window, signs, shape)
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


def _chosen(ahead: _Ahead) -> _Chosen:
    """The first open proposal of each sample, and further ones until the last batch is full."""
    width = ahead.open.shape[1]
    most = min(int(ahead.open.sum()), ahead.room)
    rank = torch.where(ahead.open, ahead.open.cumsum(dim=1), width + 1)
    taken = rank.flatten().argsort(stable=True)[:most]
    return _Chosen(taken // width, taken % width)


def _painted(state: State, slot: Tensor, window: Window, signs: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Windows set to an end of the ball: two radii on from any point of it, cut at the ball, is one of its ends."""
    channels, _, columns = shape
    x = state["x"][slot]
    if not len(slot):
        return x
    down, along = (torch.arange(int(size.max()), device=x.device) for size in (window.high, window.wide))
    row = window.top[:, None] + torch.minimum(down, window.high[:, None] - 1)
    column = window.left[:, None] + torch.minimum(along, window.wide[:, None] - 1)
    within = (row[:, :, None] * columns + column[:, None, :]).flatten(1)
    each = torch.arange(channels, device=x.device)[:, None] * (shape[1] * columns)
    place = (each + within[:, None]).flatten(1)
    end = (signs > 0)[:, :, None].expand(-1, -1, within.shape[1]).flatten(1)
    whose = slot[:, None] * x[0].numel() + place
    return x.flatten(1).scatter_(1, place, torch.where(end, state["up"].take(whose), state["down"].take(whose))).reshape(x.shape)


def _room(state: State, chunk: int) -> int:
    """Rows of whole batches, a few of them where proposals are seldom kept and rows cost nothing but time."""
    n, k = state["k"].numel(), state["k"]
    full = -(-n // chunk) * chunk
    if chunk == 1 or "refused" not in state or int(k.min()) < _SELDOM:
        return full
    return max(full, _BATCHES * chunk)


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
