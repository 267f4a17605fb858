"""Windows and patterns of the Square Attack, one window per sample.

Source: arXiv 1912.00049, section 4: the patterns of figure 3 have a closed form, a sum over rings around a centre.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from redan.attacks.evasion import draws
from redan.attacks.threat import Norm

LEVELS = 10
_PICTURE = 3
_TILES = 5
_LEAST_ODD = 3


class Plan(NamedTuple):
    """Windows of each level of the schedule, in a picture of one shape.

    Args:
        high: rows, shape (levels,).
        wide: columns, shape (levels,).
        patterns: shape (levels, 2, most rows, most columns): upright and lying; zero beyond the window.
    """

    high: Tensor
    wide: Tensor
    patterns: Tensor


class Window(NamedTuple):
    """Where each sample's window lies.

    Args:
        top: first row, shape (n,).
        left: first column, shape (n,).
        high: rows, shape (n,).
        wide: columns, shape (n,).
    """

    top: Tensor
    left: Tensor
    high: Tensor
    wide: Tensor

    def mask(self, shape: tuple[int, int, int]) -> Tensor:
        """Which pixels are inside, shape (n, 1, rows, columns)."""
        row = torch.arange(shape[1], device=self.top.device)[None, None, :, None]
        column = torch.arange(shape[2], device=self.top.device)[None, None, None, :]
        top, left, high, wide = (part[:, None, None, None] for part in self)
        return (row >= top) & (row < top + high) & (column >= left) & (column < left + wide)

    def laid(self, patterns: Tensor, shape: tuple[int, int, int]) -> Tensor:
        """Each sample's pattern at its place, zero elsewhere, shape (n, 1, rows, columns).

        Args:
            patterns: shape (n, most rows, most columns).
            shape: of the picture.
        """
        row = torch.arange(shape[1], device=self.top.device) - self.top[:, None]
        column = torch.arange(shape[2], device=self.top.device) - self.left[:, None]
        n, most_rows, most_columns = patterns.shape
        sample = torch.arange(n, device=self.top.device)[:, None, None]
        found = patterns[sample, row.clamp(0, most_rows - 1)[:, :, None], column.clamp(0, most_columns - 1)[:, None, :]]
        return found[:, None] * self.mask(shape)


def drawn(key: Tensor, k: Tensor, stream: int, size: tuple[Tensor, Tensor], shape: tuple[int, int, int]) -> Window:
    """A window of each sample, uniform over all places where it fits.

    Args:
        key: of the samples, shape (n,).
        k: step, shape (n,).
        stream: of the draws; the next one is taken as well.
        size: rows and columns, shape (n,) each.
        shape: of the picture.
    """
    high, wide = size
    top = draws.below(key, k, stream, shape[1] - high + 1)
    return Window(top, draws.below(key, k, stream + 1, shape[2] - wide + 1), high, wide)


def picture(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, rows, columns of any sample: a table's row is a picture of one row."""
    if len(shape) == 1:
        return 1, 1, shape[0]
    if len(shape) < _PICTURE:
        return shape[0], 1, shape[1]
    return shape[0], shape[1], int(np.prod(shape[2:]))


@cache
def plan(shape: tuple[int, int, int], share: float, norm: Norm) -> Plan:
    """Windows and patterns of all levels.

    Args:
        shape: of the picture.
        share: of it that windows cover at first; each level covers half of the one before.
        norm: squares of odd sides from three on for l2 and l1.
    """
    sizes = [sides(share / 2**level, shape, odd=norm != "linf") for level in range(LEVELS)]
    most = (max(high for high, _ in sizes), max(wide for _, wide in sizes))
    patterns = np.zeros((LEVELS, 2, *most), dtype=np.float32)
    for level, (high, wide) in enumerate(sizes):
        if norm != "linf":
            patterns[level, 0, :high, :wide] = pattern(high, wide, norm)
            patterns[level, 1, :high, :wide] = pattern(wide, high, norm).T
    high, wide = torch.tensor(sizes).T
    return Plan(high, wide, torch.as_tensor(patterns))


def sides(share: float, shape: tuple[int, int, int], *, odd: bool) -> tuple[int, int]:
    """Rows and columns of a window that covers a share of the picture: a square where one fits."""
    _, rows, columns = shape
    area = share * rows * columns
    side = max(round(area**0.5), _LEAST_ODD if odd else 1)
    side += odd and side % 2 == 0
    if side > rows:
        return rows, min(max(round(area / rows), _LEAST_ODD if odd else 1), columns)
    if side > columns:
        return min(max(round(area / columns), _LEAST_ODD if odd else 1), rows), columns
    return side, side


def pattern(rows: int, columns: int, norm: Norm) -> NDArray[np.float64]:
    """Two hills of opposite sign above each other, of length one, shape (rows, columns)."""
    order = 1 if norm == "l1" else 2
    whole = np.concatenate([_hill(rows // 2, columns, norm), -_hill(rows - rows // 2, columns, norm)])
    return np.asarray(whole / np.linalg.norm(whole.ravel(), order))


def tiles(key: Tensor, shape: tuple[int, int, int], norm: Norm) -> Tensor:
    """Five by five patterns of random sign and turn, where l2 and l1 start, shape (n, channels, rows, columns)."""
    channels, rows, columns = shape
    side = max(rows // _TILES, 1)
    margin = (rows - side * _TILES) // 2 if rows >= _TILES else 0
    down, along = _places(rows, side, margin), _places(columns, side, margin)
    both = np.stack([pattern(side, side, norm), pattern(side, side, norm).T])
    placed = torch.as_tensor(both[:, down.within[:, None], along.within[None, :]], dtype=torch.float32)
    used = torch.as_tensor(down.used[:, None] & along.used[None, :])
    count = (int(down.tile.max()) + 1, int(along.tile.max()) + 1)
    tile = torch.as_tensor(down.tile[:, None] * count[1] + along.tile[None, :])
    number, zero = count[0] * count[1], torch.zeros_like(key)
    sign = (draws.uniform(key, zero, 1, channels * number) - 0.5).sign().reshape(-1, channels, number)
    turned = draws.uniform(key, zero, 2, number) > 0.5  # noqa: PLR2004 -- a coin
    tile, used, placed = (part.to(key.device) for part in (tile, used, placed))
    hills = torch.where(turned[:, tile], placed[1], placed[0])[:, None]
    return hills * sign[:, :, tile] * used


class _Places(NamedTuple):
    tile: NDArray[np.int64]
    within: NDArray[np.int64]
    used: NDArray[np.bool_]


def _places(length: int, side: int, margin: int) -> _Places:
    at = np.arange(length) - margin
    tile = np.clip(at // side, 0, max(length // side - 1, 0))
    used = (at >= 0) & (at < (length // side) * side)
    return _Places(tile, at % side, used)


def _hill(rows: int, columns: int, norm: Norm) -> NDArray[np.float64]:
    power = 4 if norm == "l1" else 2
    rings = max(rows, columns) // 2 + 1
    tails = np.cumsum((1.0 / np.arange(1, rings + 1) ** power)[::-1])[::-1]
    down = np.abs(np.arange(rows) - rows // 2)
    along = np.abs(np.arange(columns) - columns // 2)
    found = np.asarray(tails[np.maximum(down[:, None], along[None, :])])
    size = np.linalg.norm(found.ravel(), 1 if norm == "l1" else 2)
    return found / size if found.size else found
