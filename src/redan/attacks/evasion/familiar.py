"""What the Square Attack knows of a proposal without asking: that it changes nothing, or that it failed before.

In linf a proposal sets a window to an end of the ball. Late in a run windows are small, so that most proposals find the
window as they would leave it, or were refused since the point was last moved; a model that answers the same twice would
say what it said. A sample relies on that only once its model has done so, which a model that draws random numbers does
not.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from redan.attacks.evasion.pool import State
from redan.attacks.evasion.windows import Window

_MOST = 32_768  # values per sample of what is remembered
_NEAR = 1e-6


class Known(NamedTuple):
    """What is known of the next proposals of each sample, shape (n, ahead) each.

    Args:
        same: it changes nothing.
        failed: it was refused since the point was last moved.
        place: which of all proposals of its size it is.
    """

    same: Tensor
    failed: Tensor
    place: Tensor


def fits(shape: tuple[int, int, int]) -> bool:
    """Whether pictures are small enough for the tables; in larger ones hardly a proposal comes twice."""
    channels, rows, columns = shape
    return channels < _MOST.bit_length() and rows * columns * 2**channels <= _MOST


def tables(state: State, x: Tensor, shape: tuple[int, int, int]) -> State:
    """What is kept per sample, of points where it begins.

    Args:
        state: of the jobs, with `up` and `down`.
        x: shape (n, ...).
        shape: of the picture.
    """
    n, device = len(x), x.device
    return {
        "counts": _counts(x, state["up"], state["down"], shape),
        "refused": torch.zeros(n, shape[1] * shape[2] * 2 ** shape[0], dtype=torch.bool, device=device),
        "level": torch.full((n,), -1, dtype=torch.int64, device=device),
        "steady": torch.zeros(n, dtype=torch.bool, device=device),
    }


def known(state: State, window: Window, signs: Tensor, shape: tuple[int, int, int]) -> Known:
    """Looks proposals up.

    Args:
        state: of the slots.
        window: of each proposal, shape (n, ahead) each.
        signs: above zero for the upper end, shape (n, ahead, channels).
        shape: of the picture.
    """
    channels, rows, columns = shape
    up = (signs > 0).long()
    each = torch.arange(channels, device=up.device)
    base = ((1 - up) * channels + each) * (rows + 1) * (columns + 1)
    top, left = (part[..., None] for part in window[:2])
    bottom, right = top + window.high[..., None], left + window.wide[..., None]

    def count(row: Tensor, column: Tensor) -> Tensor:
        return state["counts"].gather(1, (base + row * (columns + 1) + column).flatten(1))

    apart = count(bottom, right) - count(top, right) - count(bottom, left) + count(top, left)
    same = (apart.reshape(up.shape) == 0).all(dim=-1)
    place = (window.top * columns + window.left) * 2**channels + (up << each).sum(dim=-1)
    return Known(same, state["refused"].gather(1, place), place)


def confirmed(state: State, slot: Tensor, same: Tensor, gain: Tensor) -> None:
    """Notes the samples whose model answered a point that it knew as it did before.

    Args:
        state: of the slots; `steady` is changed.
        slot: of each point that was asked, shape (m,).
        same: whether the point was known, shape (m,).
        gain: its margin, shape (m,).
    """
    before = state["margin"][slot]
    again = same & ((gain - before).abs() <= _NEAR * (1 + before.abs()))
    state["steady"] = state["steady"].index_put((slot[again],), again.new_ones(()))


def refused(state: State, slot: Tensor, place: Tensor) -> None:
    """Notes proposals that failed; both of shape (m,)."""
    state["refused"][slot, place] = True


def forgotten(state: State, slot: Tensor, shape: tuple[int, int, int]) -> None:
    """Begins anew where the point was moved, shape (m,)."""
    state["refused"][slot] = False
    state["counts"][slot] = _counts(state["x"][slot], state["up"][slot], state["down"][slot], shape)


def _counts(x: Tensor, up: Tensor, down: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Values that are not at the upper, and not at the lower end, above and left of each corner, shape (n, ...)."""
    apart = torch.stack([x != up, x != down], dim=1).reshape(len(x), 2, *shape)
    sums = apart.int().cumsum(dim=3, dtype=torch.int32).cumsum(dim=4, dtype=torch.int32)
    return torch.nn.functional.pad(sums, (1, 0, 1, 0)).flatten(1)
