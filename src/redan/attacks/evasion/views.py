"""Where and how a patch lies in a picture: views are drawn, and patches are laid into pictures by them.

Source: Brown et al., Adversarial Patch, arXiv 1712.09665, equation 1; Athalye et al., Synthesizing Robust Adversarial
Examples, ICML 2018 (arXiv 1707.07397), for the expectation over transformations.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion import draws
from redan.attacks.masks import PatchThreat
from redan.errors import InputError

_STREAM = 8
_HALF_TURN = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Transformations that are drawn uniformly, one of each for each view.

    Args:
        rotation: degrees, to either side.
        smallest: side of the smallest patch, as a share of the largest, which covers the area of the threat model.
        brightness: added to or taken from the patch, as a share of the width of the box.
        place: middle of the patch, as shares of height and width; anywhere where the whole patch fits when None.

    Raises:
        InputError: a number is out of its range.
    """

    rotation: float = 20.0
    smallest: float = 0.8
    brightness: float = 0.1
    place: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Refuses numbers out of range."""
        sound = 0 <= self.rotation <= _HALF_TURN and 0 < self.smallest <= 1 and 0 <= self.brightness <= 1
        if not sound or not all(0 <= share <= 1 for share in self.place or ()):
            raise InputError(
                f"views with rotation {self.rotation:g}, smallest {self.smallest:g}, brightness {self.brightness:g} "
                f"and place {self.place}",
                remedy="give degrees from 0 to 180, and shares from 0 to 1",
            )


class Poses(NamedTuple):
    """How patches lie, each of shape (n,): middle and half of the side in pixels, turn, added brightness."""

    row: Tensor
    column: Tensor
    half: Tensor
    turn: Tensor
    bright: Tensor


class Placed(NamedTuple):
    """Patched pictures, and shape (n, rows, columns) where the patches lie."""

    x: Tensor
    mask: Tensor


def side_of(threat: PatchThreat, height: int, width: int) -> int:
    """Rows and columns of the patch itself, so that a value of it is about a pixel at its largest."""
    return math.ceil(math.sqrt(threat.pixels(height, width)))


def posed(views: Views, key: Tensor, step: Tensor, size: tuple[int, int], threat: PatchThreat) -> Poses:
    """Draws how a patch lies in each picture, by the key and the step alone.

    Args:
        views: what is drawn from.
        key: shape (n,).
        step: shape (n,).
        size: rows and columns of the pictures.
        threat: whose area the largest patch has.
    """
    height, width = size
    drawn = draws.uniform(key, step, _STREAM, 5).unbind(dim=1)
    half = math.sqrt(threat.pixels(height, width)) / 2.0 * (views.smallest + (1.0 - views.smallest) * drawn[0])
    turn = math.radians(views.rotation) * (2.0 * drawn[1] - 1.0)
    bright = views.brightness * (threat.high - threat.low) * (2.0 * drawn[2] - 1.0)
    reach = half * (turn.cos().abs() + turn.sin().abs())
    middle = []
    for length, share, fixed in zip(size, drawn[3:], views.place or (None, None), strict=True):
        edge = reach.clamp(max=length / 2.0)
        middle.append(edge + share * (length - 2.0 * edge) if fixed is None else torch.full_like(half, fixed * length))
    return Poses(middle[0], middle[1], half, turn, bright)


def placed(patch: Tensor, x: Tensor, poses: Poses, threat: PatchThreat) -> Placed:
    """Lays patches into pictures; pixels are wholly under a patch or not at all.

    Args:
        patch: shape (n, channels, side, side), differentiable.
        x: shape (n, channels, rows, columns).
        poses: of the n patches.
        threat: the area, which no patch exceeds by rounding, and the box.
    """
    height, width = x.shape[2:]
    down = torch.arange(height, device=x.device)[None, :, None] + 0.5 - poses.row[:, None, None]
    right = torch.arange(width, device=x.device)[None, None, :] + 0.5 - poses.column[:, None, None]
    cos, sin, half = (part[:, None, None] for part in (poses.turn.cos(), poses.turn.sin(), poses.half))
    across, along = (cos * right + sin * down) / half, (cos * down - sin * right) / half
    mask = _covered(torch.maximum(across.abs(), along.abs()), threat.pixels(height, width))
    grid = torch.stack([across, along], dim=-1)
    shown = functional.grid_sample(patch, grid, mode="bilinear", padding_mode="border", align_corners=False)
    shown = (shown + poses.bright[:, None, None, None]).clamp(threat.low, threat.high)
    return Placed(torch.where(mask[:, None], shown, x), mask)


def _covered(away: Tensor, most: int) -> Tensor:
    """Pixels whose middle is under the patch, the innermost where there would be too many, one at least.

    Args:
        away: shape (n, rows, columns), distance from the middle of the patch, 1 at its edge.
        most: how many there may be.
    """
    flat = away.flatten(1)
    inside = (flat <= 1.0).scatter(1, flat.argmin(dim=1, keepdim=True), value=True)
    over = inside.sum(dim=1) > most
    if bool(over.any()):
        order = flat.argsort(dim=1, stable=True)[:, :most]
        kept = torch.zeros_like(inside).scatter(1, order, value=True)
        inside = torch.where(over[:, None], kept, inside)
    return inside.reshape(away.shape)
