"""The shortest move onto a hyperplane that stays in the box, per sample, for linf, l2 and l1.

Source: Croce and Hein, Minimally distorted adversarial examples with a fast adaptive boundary attack, ICML 2020 (arXiv
1907.02044), section 2.1. What a move gains grows with one number, the common size of it, until values meet the box;
that number is found by Newton's method, which is exact after finitely many steps on a concave, piecewise linear
function, and costs no sorting.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from redan.attacks.threat import Threat

_ROUNDS = 64
_FLAT = 1e-8


def shortest(points: Tensor, normal: Tensor, gap: Tensor, threat: Threat) -> Tensor:
    """The shortest moves onto hyperplanes, shape (n, d); into the corner next to it where the box does not reach it.

    Args:
        points: shape (n, d), in the box.
        normal: shape (n, d), of the hyperplanes.
        gap: shape (n,), normal times point less the offset: how far the point is on the upper side.
        threat: whose norm and box.
    """
    down = normal * torch.where(gap >= 0, -1.0, 1.0)[:, None]
    weight = down.abs()
    up = _ones(torch.gt, down, 0.0)
    room = (up * (threat.high - points) + (1.0 - up) * (points - threat.low)).clamp(min=0.0)
    room = room * _ones(torch.gt, weight, 0.0 if threat.norm == "linf" else _FLAT)
    need = gap.abs()
    if threat.norm == "linf":
        size = torch.minimum(filled(weight, room, need)[:, None], room)
    elif threat.norm == "l2":
        limit = room / weight.clamp(min=_FLAT)
        size = torch.minimum(filled(weight.square(), limit, need)[:, None] * weight, room)
    else:
        size = _greedy(weight, room, need)
    return down.sign() * size


def filled(rate: Tensor, limit: Tensor, need: Tensor) -> Tensor:
    """The number t at which the sum of rate * min(t, limit) reaches what is needed, shape (n,).

    Args:
        rate: shape (n, d), 0 or more.
        limit: shape (n, d), 0 or more.
        need: shape (n,).

    Returns:
        The largest limit where it is never reached.
    """
    whole = rate * limit
    most, total = whole.sum(dim=1), rate.sum(dim=1)
    size = torch.where(total > 0, need / total, 0.0)
    going = torch.arange(len(need), device=need.device)
    rest = (rate, limit, whole, need)
    for _ in range(_ROUNDS):
        following = _nearer(size[going], *rest)
        moves = following != size[going]
        size[going] = following
        if not bool(moves.any()):
            break
        if int(moves.sum()) * 2 < len(going):  # few rows are left after two rounds
            going, rest = going[moves], tuple(part[moves] for part in rest)
    return torch.where(need < most, size, limit.amax(dim=1))


def _nearer(size: Tensor, rate: Tensor, limit: Tensor, whole: Tensor, need: Tensor) -> Tensor:
    full = _ones(torch.le, limit, size[:, None])
    spent = (whole * full).sum(dim=1)
    left = torch.addcmul(rate, rate, full, value=-1.0).sum(dim=1)
    return torch.where(left > 0, torch.maximum((need - spent) / left, size), size)


def _ones(compared: Callable[..., Tensor], one: Tensor, other: Tensor | float) -> Tensor:
    """One where a comparison holds, else zero: to multiply with it is ten times as quick as to choose by truth."""
    return compared(one, other, out=torch.empty_like(one))


def _greedy(weight: Tensor, room: Tensor, need: Tensor) -> Tensor:
    order = weight.argsort(dim=1, descending=True, stable=True)
    gain = (weight * room).gather(1, order)
    before = gain.cumsum(dim=1) - gain
    part = ((need[:, None] - before) / gain.clamp(min=1e-30)).clamp(min=0.0, max=1.0)
    return torch.zeros_like(room).scatter(1, order, part * room.gather(1, order))
