"""Input diversity: pictures drawn a little smaller, at a random place, before each gradient.

Source: Xie et al., Improving Transferability of Adversarial Examples with Input Diversity, CVPR 2019 (arXiv
1803.06978), section 3.3. The paper enlarges pictures and pads them; a network that takes one size only is given
pictures that are shrunk and padded instead. As there, pixels are repeated or left out, never mixed.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from redan.attacks.evasion import draws
from redan.attacks.evasion.ball import rows
from redan.attacks.evasion.pool import State

PICTURE = 4  # axes: sample, channel, row, column
LEAST = 0.9  # of a side; the paper's ratio is 299 to 330
FEWEST = 10  # pixels of a side, of which a tenth is one
_CHOICE, _SIDE, _TOP, _LEFT = 1, 2, 3, 4


class Placed(NamedTuple):
    """Where a shrunk picture lies, one number per sample in each: sides, and first row and column.

    Args:
        height: from 1 to that of the picture; the full height leaves it as it is.
        width: likewise.
        top: first row.
        left: first column.
    """

    height: Tensor
    width: Tensor
    top: Tensor
    left: Tensor


def placed(state: State, probability: float, last: Tensor) -> Placed:
    """Draws sides and places by sample and step.

    Args:
        state: of the slots, with pictures `x`.
        probability: that a picture is moved at all.
        last: shape (n,), where it is not to be moved.
    """
    key, k = state["key"], state["k"]
    high, wide = state["x"].shape[2:]
    least = max(1, -int(-LEAST * high // 1))
    drawn = least + draws.below(key, k, _SIDE, torch.full_like(k, max(high - least, 1)))
    moved = (draws.uniform(key, k, _CHOICE, 1)[:, 0] < probability) & ~last
    height = torch.where(moved, drawn, high)
    width = torch.where(moved, (drawn * wide + high // 2) // high, wide).clamp(min=1, max=wide)
    top = draws.below(key, k, _TOP, high - height + 1)
    left = draws.below(key, k, _LEFT, wide - width + 1)
    return Placed(height, width, top, left)


def shrunk(x: Tensor, place: Placed, fill: float) -> Tensor:
    """The pictures at their places, shape of `x`.

    Args:
        x: shape (n, channels, rows, columns).
        place: of each.
        fill: value around them.
    """
    down, there = _sources(x.shape[2], place.height, place.top)
    right, here = _sources(x.shape[3], place.width, place.left)
    return torch.where(there[:, None, :, None] & here[:, None, None, :], _taken(x, down, right), fill)


def grown(gradient: Tensor, place: Placed) -> Tensor:
    """The gradient to pictures, from that to shrunk ones: what was left out has none, shape of `gradient`."""
    down, there = _results(gradient.shape[2], place.height, place.top)
    right, here = _results(gradient.shape[3], place.width, place.left)
    return torch.where(there[:, None, :, None] & here[:, None, None, :], _taken(gradient, down, right), 0.0)


def unmoved(x: Tensor, place: Placed) -> Tensor:
    """Which pictures are as they were, shape (n,)."""
    return (place.height == x.shape[2]) & (place.width == x.shape[3])


def _sources(side: int, size: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """For each line of the result the line it shows, and whether it shows one; shape (n, side) both."""
    at = torch.arange(side, device=size.device) - first[:, None]
    inside = (at >= 0) & (at < size[:, None])
    return torch.where(inside, at * side // size[:, None], 0), inside


def _results(side: int, size: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """For each line of the picture the line that shows it; a smaller picture shows each line once at most."""
    line = torch.arange(side, device=size.device)[None, :]
    at = (line * size[:, None] + side - 1) // side
    shown = (at < size[:, None]) & (at * side // size[:, None] == line)
    return torch.where(shown, at + first[:, None], 0), shown


def _taken(x: Tensor, down: Tensor, right: Tensor) -> Tensor:
    sample = rows(torch.arange(len(x), device=x.device), x)
    channel = torch.arange(x.shape[1], device=x.device)[None, :, None, None]
    return x[sample, channel, down[:, None, :, None], right[:, None, None, :]]
