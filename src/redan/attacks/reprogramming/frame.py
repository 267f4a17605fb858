"""Where a foreign input lies in a victim's input, and what the program around it is.

Source: Elsayed, Goodfellow and Sohl-Dickstein, ICLR 2019, section 3: P = tanh(W * M), M zero where the input lies.
"""

from dataclasses import dataclass, replace
from math import isqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import InputError

Array: TypeAlias = NDArray[Any]
Places: TypeAlias = NDArray[np.int64]
_CHANNELS = (1, 3)
_PICTURE = 3
_FILLED, _BENEATH = 0.6, 0.9  # of a side, that a foreign picture takes at most: within a program, and above one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """How values of a task and parameters of a program make an input; all places are of the flat input.

    Args:
        shape: of an input of the victim.
        low: least valid value of each place, shape (size,).
        high: largest valid values.
        base: the input without a task and without a program.
        placed: places that take values of the task.
        source: which value each of them takes, shape (places,); where `mixed` is given which four, shape (4, places).
        free: places that the program fills.
        cells: the parameter of each of them.
        channels_last: whether channels are at the end of the shape.
        whole: places of whole numbers.
        mixed: shares of the four values, shape (4, places).
        weight: of the program in each free place, the rest is the task's; one everywhere when None.
        amplitude: of the task; the program fills its places, too, where it is below one.
    """

    shape: tuple[int, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    base: NDArray[np.float64]
    placed: Places
    source: Places
    free: Places
    cells: Places
    channels_last: bool = False
    whole: Places | None = None
    mixed: NDArray[np.float32] | None = None
    weight: NDArray[np.float64] | None = None
    amplitude: float = 1.0

    @property
    def parameters(self) -> int:
        """How many the program has."""
        return int(self.cells.max()) + 1 if len(self.cells) else 0

    def program(self, theta: Array) -> NDArray[np.float64]:
        """What fills the free places: tanh of the parameters, in the valid range; zeros are its middle.

        Where the task lies in a free place it is what is added to the task's share.
        """
        low, high = self.low[self.free], self.high[self.free]
        if self.weight is None:
            return np.asarray((low + high) / 2 + (high - low) / 2 * np.tanh(theta[self.cells]))
        plain = np.where(self.weight < 1, 0.0, low)
        return np.asarray(plain + self.weight * (high - low) / 2 * (1 + np.tanh(theta[self.cells])))

    def inputs(self, x: Array, theta: Array | None) -> NDArray[np.float32]:
        """Inputs of the victim.

        Args:
            x: of the task, shape (n, ...), in [0, 1].
            theta: parameters, shape (parameters,); None for no program.
        """
        made = self.placed_in(x)
        if theta is not None:
            program = self.program(theta)
            made[:, self.free] = program + self.under(made)
        return self.finished(made)

    def placed_in(self, x: Array) -> NDArray[np.float32]:
        """Flat inputs without a program, shape (n, size)."""
        made = np.tile(self.base, (len(x), 1)).astype(np.float32)
        flat = x.reshape(len(x), -1)
        if self.mixed is None:
            values = self.amplitude * flat[:, self.source]
        else:
            values = self.amplitude * sum(
                share * flat[:, one] for share, one in zip(self.mixed, self.source, strict=True)
            )
        made[:, self.placed] = self.low[self.placed] + values * (self.high - self.low)[self.placed]
        return made

    def under(self, made: Array) -> Array | float:
        """What of a task lies in the free places of flat inputs without a program; 0 where none does."""
        return 0.0 if self.weight is None else np.where(self.weight < 1, made[:, self.free], 0.0)

    def finished(self, made: NDArray[np.float32]) -> NDArray[np.float32]:
        """Flat inputs as the victim takes them."""
        if self.whole is not None:
            made[:, self.whole] = np.rint(made[:, self.whole])
        return made.reshape(len(made), *self.shape)

    def shaped(self, shape: tuple[int, ...], whole: Places) -> "Frame":
        """The same for inputs of a shape, some of whose places hold whole numbers."""
        return replace(self, shape=shape, whole=whole if len(whole) else None)

    def slope(self, theta: Array, gradient: Array) -> NDArray[np.float64]:
        """The gradient to the parameters from the sum of gradients to inputs, shape (size,)."""
        half = (self.high - self.low)[self.free] / 2 * (1.0 if self.weight is None else self.weight)
        inner = gradient[self.free] * half * (1 - np.tanh(theta[self.cells]) ** 2)
        return np.asarray(np.bincount(self.cells, inner, self.parameters), dtype=np.float64)

    def bounded(self, low: ArrayLike, high: ArrayLike) -> "Frame":
        """The same where each place has a narrower range, such as that of the victim's own data: task and program."""
        least = np.maximum(self.low, np.broadcast_to(np.asarray(low, float).reshape(-1), self.low.shape))
        most = np.minimum(self.high, np.broadcast_to(np.asarray(high, float).reshape(-1), self.high.shape))
        most = np.maximum(least, most)
        return replace(self, low=least, high=most, base=np.clip(self.base, least, most))

    def within(self, reach: float, base: ArrayLike) -> "Frame":
        """The same where nothing moves further than a share of the range from an input, such as the data's mean."""
        middle = np.asarray(base, float).reshape(-1)
        most = reach * (self.high - self.low)
        return replace(self.bounded(middle - most, middle + most), base=np.clip(middle, self.low, self.high))

    def picture(self, x: Array) -> Array:
        """Inputs as pictures, shape (n, channels, rows, columns); as they are where they are none."""
        if self.channels_last:
            return np.moveaxis(x, -1, 1)
        side = isqrt(int(np.prod(self.shape)))
        flat = len(self.shape) == 1 and side * side == self.shape[0]
        return x.reshape(len(x), 1, side, side) if flat else x


def picture_frame(
    shape: tuple[int, ...],
    task: tuple[int, ...],
    *,
    low: float = 0.0,
    high: float = 1.0,
    scale: int | None = None,
    block: int = 1,
    amplitude: float = 1.0,
) -> Frame:
    """A small grey picture in the middle of a victim's picture, all else is the program.

    Args:
        shape: of the victim's input: (channels, rows, columns), (rows, columns, channels), (rows, columns), or the
            square of a side.
        task: rows and columns of the foreign picture.
        low: least valid value.
        high: largest valid value.
        scale: pixels of the victim for one of the task in each direction; None for what fills six tenths of a side,
            or nine where the program goes on beneath it, and for one at least.
        block: side of the squares of the program that have one value.
        amplitude: of the foreign picture; below one the program goes on beneath it, as a sum that stays in the range.

    Raises:
        InputError: the foreign picture does not fit, or leaves no room for a program, or squares are too large.
    """
    size = int(np.prod(shape))
    grid, last = _grid(shape)
    rows, columns = grid.shape[1:]
    wide = _wide((rows, columns), task, scale, amplitude)
    if block >= max(rows, columns):
        raise InputError(
            f"squares of {block} x {block} make one value of a program of {rows} x {columns}",
            remedy=f"give smaller ones, such as --block {max(1, min(rows, columns) // 8)}",
        )
    top, left = (rows - wide[0]) // 2, (columns - wide[1]) // 2
    inside = np.zeros((rows, columns), dtype=bool)
    inside[top : top + wide[0], left : left + wide[1]] = True
    source, mixed = _between(task, wide)
    across = -(-columns // block)
    cell = np.arange(rows)[:, None] // block * across + np.arange(columns)[None, :] // block
    cell = cell[None] + (cell.max() + 1) * np.arange(len(grid))[:, None, None]
    free = ~inside if amplitude == 1 else np.ones_like(inside)
    weight = np.tile(np.where(inside, 1 - amplitude, 1.0)[free], len(grid))
    return Frame(
        shape=shape,
        low=np.full(size, float(low)),
        high=np.full(size, float(high)),
        base=np.full(size, (low + high) / 2),
        placed=grid[:, inside].reshape(-1),
        source=np.tile(source, len(grid)),
        free=grid[:, free].reshape(-1),
        cells=_numbered(cell[:, free].reshape(-1)),
        channels_last=last,
        mixed=np.tile(mixed, len(grid)),
        weight=None if amplitude == 1 else weight,
        amplitude=amplitude,
    )


def _wide(whole: tuple[int, int], task: tuple[int, ...], scale: int | None, amplitude: float) -> tuple[int, int]:
    """Rows and columns that a foreign picture takes of the victim's."""
    rows, columns = whole
    filled = _FILLED if amplitude == 1 else _BENEATH
    times = scale or max(1.0, min(filled * rows / task[0], filled * columns / task[1]))
    wide = (int(task[0] * times), int(task[1] * times))
    if wide[0] > rows or wide[1] > columns or (wide == whole and amplitude == 1):
        raise InputError(
            f"a picture of {wide[0]} x {wide[1]} leaves no room for a program in {rows} x {columns}",
            remedy="take a task of smaller pictures",
        )
    return wide


def _between(task: tuple[int, ...], wide: tuple[int, int]) -> tuple[Places, NDArray[np.float32]]:
    """The four pixels around each place of an enlarged picture and their shares: bilinear between centres.

    Nearest pixels would give each one edges, which a network sees better than what the picture shows.
    """
    found = []
    for side, broad in zip(task, wide, strict=True):
        at = np.clip((np.arange(broad) + 0.5) * side / broad - 0.5, 0, side - 1)
        below = np.minimum(at.astype(np.int64), max(0, side - 2))
        found.append([(below, 1 - (at - below)), (np.minimum(below + 1, side - 1), at - below)])
    rows, columns = found
    pairs = [(row, column) for row in rows for column in columns]
    source = np.stack([(row[0][:, None] * task[1] + column[0][None, :]).reshape(-1) for row, column in pairs])
    return source, np.stack([np.outer(row[1], column[1]).reshape(-1) for row, column in pairs]).astype(np.float32)


def column_frame(
    low: ArrayLike, high: ArrayLike, values: int, *, base: ArrayLike | None = None, columns: ArrayLike | None = None
) -> Frame:
    """Values of a task in some columns of a row, and a program in others.

    Args:
        low: least valid value of each column.
        high: largest valid values.
        values: of the task; where half of the columns are fewer, the first of them are taken.
        base: a row without a task; the middle of each range when None.
        columns: that the attacker may fill, the task's first; all of them when None.

    Raises:
        InputError: fewer than two columns may be filled.
    """
    least, most = np.asarray(low, float), np.asarray(high, float)
    mine = np.arange(len(least)) if columns is None else np.asarray(columns, dtype=np.int64)
    if len(mine) < 2:  # noqa: PLR2004 -- one for the task, one for the program
        raise InputError(f"{len(mine)} columns leave no room for a task and a program", remedy="let more be filled")
    taken = min(values, len(mine) // 2)
    return Frame(
        shape=least.shape,
        low=least,
        high=most,
        base=(least + most) / 2 if base is None else np.asarray(base, float),
        placed=mine[:taken],
        source=np.arange(taken),
        free=mine[taken:],
        cells=np.arange(len(mine) - taken),
    )


def _grid(shape: tuple[int, ...]) -> tuple[Places, bool]:
    """The place of each pixel, shape (channels, rows, columns), and whether channels come last."""
    places = np.arange(int(np.prod(shape)))
    if len(shape) == _PICTURE and shape[-1] in _CHANNELS and shape[0] not in _CHANNELS:
        return np.moveaxis(places.reshape(shape), -1, 0), True
    if len(shape) == _PICTURE:
        return places.reshape(shape), False
    side = isqrt(shape[0])
    if len(shape) == 1 and side * side == shape[0]:
        return places.reshape(1, side, side), False
    if len(shape) == _PICTURE - 1:
        return places.reshape(1, *shape), False
    raise InputError(f"an input of shape {shape} is no picture", remedy="take a task of numbers")


def _numbered(cells: Places) -> Places:
    """The same cells, numbered from 0 without gaps."""
    return np.asarray(np.unique(cells, return_inverse=True)[1], dtype=np.int64).reshape(-1)
