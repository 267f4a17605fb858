"""The next proposals of the Square Attack, asked in one batch as if one after the other.

A proposal depends on the point that was kept last and on its own number, so that the following ones can be asked along
with it and count as long as none before them is kept. What is chosen changes how many passes a run takes, not where it
goes.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion import familiar
from redan.attacks.evasion.losses import margin
from redan.attacks.evasion.pool import State, note
from redan.attacks.evasion.windows import Window, picture
from redan.attacks.threat import Threat

_SELDOM, _BATCHES = 500, 4  # steps after which proposals are seldom kept, and batches that are asked at once then


class Ahead(NamedTuple):
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


class Chosen(NamedTuple):
    """Proposals to ask: whose, and how far ahead, shape (m,) each."""

    slot: Tensor
    turn: Tensor


class Answers(NamedTuple):
    """Points that were asked, shape (m, ...), and their logits, shape (m, classes)."""

    x: Tensor
    logits: Tensor


def room_for(state: State, chunk: int) -> int:
    """Rows of whole batches; some batches more where proposals are seldom kept and rows cost nothing but time."""
    full = -(-len(state["k"]) // chunk) * chunk
    if chunk == 1 or "refused" not in state or int(state["k"].min()) < _SELDOM:
        return full
    return max(full, _BATCHES * chunk)


def chosen_of(ahead: Ahead) -> Chosen:
    """The first open proposal of each sample, then the second ones, until there is no room."""
    width = ahead.open.shape[1]
    most = min(int(ahead.open.sum()), ahead.room)
    rank = torch.where(ahead.open, ahead.open.cumsum(dim=1), width + 1)
    taken = rank.flatten().argsort(stable=True)[:most]
    return Chosen(taken // width, taken % width)


def painted(state: State, slot: Tensor, window: Window, signs: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Windows set to an end of the ball: two radii on from any point of it, cut at the ball, is one of its ends.

    Args:
        state: of the slots.
        slot: whose proposals they are, shape (m,).
        window: of each, shape (m,).
        signs: above zero for the upper end, shape (m, channels).
        shape: of the picture.
    """
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
    whose = slot[:, None] * x[0].numel() + place
    upper = (signs > 0)[:, :, None].expand(-1, -1, within.shape[1]).flatten(1)
    ends = torch.where(upper, state["up"].take(whose), state["down"].take(whose))
    return x.flatten(1).scatter_(1, place, ends).reshape(x.shape)


def told(state: State, ahead: Ahead, chosen: Chosen, answers: Answers | None, threat: Threat) -> None:
    """Moves each sample on to the first proposal that is kept, or past those that are known to fail.

    Args:
        state: of the slots; changed.
        ahead: what was looked at.
        chosen: what was asked of it.
        answers: of those; None where all was known.
        threat: a point outside of it is no success.
    """
    slot, turn = chosen
    settled = ahead.counts & ~ahead.open
    kept = torch.zeros_like(settled)
    if answers is not None:
        gain = margin(answers.logits, state["y"][slot])
        first = state["k"][slot] == 0
        wrong = answers.logits.argmax(dim=1) != state["y"][slot]
        better = first | (gain > state["margin"][slot]) | (gain >= 0) | wrong
        settled[slot, turn], kept[slot, turn] = True, better
        if ahead.known is not None:
            familiar.confirmed(state, slot, ahead.known.same[slot, turn] & ~first, gain)
            familiar.refused(state, slot[~better], ahead.known.place[slot, turn][~better])
    passed = settled.int().cumprod(dim=1).sum(dim=1) - 1
    place = torch.where(kept.any(dim=1), kept.int().argmax(dim=1), passed)
    if answers is not None:
        _taken(state, slot, better & (turn == place[slot]), answers, gain, threat)
    state["k"] = state["k"] + place


def _taken(state: State, slot: Tensor, taken: Tensor, answers: Answers, gain: Tensor, threat: Threat) -> None:  # noqa: PLR0917 -- of one step
    into = slot[taken]
    if not len(into):
        return
    state["margin"] = state["margin"].index_put((into,), gain[taken])
    state["x"] = state["x"].index_put((into,), answers.x[taken])
    logits = functional.one_hot(state["y"], answers.logits.shape[1]).to(gain.dtype)  # the others are as they were
    note(state, state["x"], logits.index_put((into,), answers.logits[taken]), threat)
    if "refused" in state:
        familiar.forgotten(state, into, picture(state["x0"].shape[1:]))
