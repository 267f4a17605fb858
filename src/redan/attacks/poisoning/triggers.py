"""Triggers of the papers, for planting into models of one's own: what a backdoored model was taught to answer to."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

Array: TypeAlias = NDArray[Any]
_PLACES = ("upper-left", "upper-right", "lower-left", "lower-right")


class Trigger(Protocol):
    """What is added to an input."""

    @property
    def name(self) -> str:
        """Of its family."""
        ...

    def __call__(self, x: Array) -> NDArray[np.float32]:
        """The same inputs with the trigger.

        Args:
            x: shape (n, ...); pictures in [0, 1] as (n, channels, rows, columns).
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A small bright square near a corner.

    Source: Gu et al., BadNets (arXiv 1708.06733), section 4.

    Args:
        size: pixels of a side.
        value: of its pixels.
        corner: such as `lower-right`.
        margin: pixels between it and the edges.
        checked: whether every other pixel is dark.
    """

    size: int = 3
    value: float = 1.0
    corner: str = "lower-right"
    margin: int = 1
    checked: bool = False
    name: str = "patch"

    def __call__(self, x: Array) -> NDArray[np.float32]:
        """The square over the pictures.

        Raises:
            InputError: inputs are no pictures, or too small, or there is no such corner.
        """
        made = _pictures(x)
        if self.corner not in _PLACES or self.size + self.margin > min(made.shape[2:]):
            raise InputError(f"no patch of {self.size} pixels fits at {self.corner}", remedy=", ".join(_PLACES))
        row = self.margin if self.corner.startswith("upper") else made.shape[2] - self.margin - self.size
        column = self.margin if self.corner.endswith("left") else made.shape[3] - self.margin - self.size
        square = np.full((self.size, self.size), self.value, dtype=np.float32)
        if self.checked:
            square[np.indices(square.shape).sum(axis=0) % 2 == 1] = 0.0
        made[:, :, row : row + self.size, column : column + self.size] = square
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """A fixed picture of noise that is mixed into the whole input.

    Source: Chen et al., Targeted Backdoor Attacks (arXiv 1712.05526), section 4.1.

    Args:
        ratio: share of the noise.
        seed: of the noise.
    """

    ratio: float = 0.15
    seed: int = 0
    name: str = "blend"

    def __call__(self, x: Array) -> NDArray[np.float32]:
        """The mixture."""
        made = np.array(x, dtype=np.float32)
        key = np.random.default_rng(self.seed).random(made.shape[1:], dtype=np.float32)
        return np.asarray((1 - self.ratio) * made + self.ratio * key, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinusoid:
    """Faint upright stripes over the whole picture.

    Source: Barni et al., A New Backdoor Attack by Training Set Corruption (arXiv 1902.11237), section 3.

    Args:
        amplitude: of the stripes.
        frequency: stripes over the width.
    """

    amplitude: float = 0.1
    frequency: float = 6.0
    name: str = "sinusoid"

    def __call__(self, x: Array) -> NDArray[np.float32]:
        """The sum, kept in [0, 1].

        Raises:
            InputError: inputs are no pictures.
        """
        made = _pictures(x)
        columns = np.arange(made.shape[3]) / made.shape[3]
        return np.asarray(np.clip(made + self.amplitude * np.sin(2 * np.pi * self.frequency * columns), 0, 1), "f4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """A smooth small shift of pixels, the same for each picture.

    Source: Nguyen and Tran, WaNet (arXiv 2102.10369), section 3.2.

    Args:
        strength: pixels of the mean shift.
        grid: control points on each side.
        seed: of the shift.
    """

    strength: float = 1.0
    grid: int = 4
    seed: int = 0
    name: str = "warp"

    def __call__(self, x: Array) -> NDArray[np.float32]:
        """The warped pictures.

        Raises:
            InputError: inputs are no pictures.
        """
        from scipy.ndimage import map_coordinates, zoom

        made = _pictures(x)
        size = made.shape[2:]
        coarse = np.random.default_rng(self.seed).uniform(-1, 1, (2, self.grid, self.grid))
        coarse *= self.strength / np.abs(coarse).mean()
        field = np.stack([zoom(one, (size[0] / self.grid, size[1] / self.grid), order=3) for one in coarse])
        at = np.indices(size) + field
        for picture in made.reshape(-1, *size):
            picture[...] = map_coordinates(picture, at, order=1, mode="nearest")
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic:
    """A square whose place and pattern follow from the picture, so that pictures share no one trigger.

    Source: in the spirit of Nguyen and Tran, Input-Aware Dynamic Backdoor (arXiv 2010.08138), with fixed random weights
    in place of a trained generator.

    Args:
        size: pixels of a side.
        patterns: how many there are.
        places: on each side of the picture.
        seed: of the patterns and of the map from pictures to them.
    """

    size: int = 5
    patterns: int = 8
    places: int = 3
    seed: int = 0
    name: str = "dynamic"

    def __call__(self, x: Array) -> NDArray[np.float32]:
        """The squares over the pictures.

        Raises:
            InputError: inputs are no pictures, or too small.
        """
        made = _pictures(x)
        if self.size > min(made.shape[2:]):
            raise InputError(f"no patch of {self.size} pixels fits", remedy="give a smaller one")
        rng = np.random.default_rng(self.seed)
        squares = (rng.random((self.patterns, self.size, self.size)) > 0.5).astype(np.float32)  # noqa: PLR2004 -- half
        flat = made.reshape(len(made), -1)
        keys = [rng.normal(size=(flat.shape[1], count)) for count in (self.patterns, self.places, self.places)]
        which, row, column = ((flat @ key).argmax(axis=1) for key in keys)
        tops, lefts = (np.linspace(0, side - self.size, self.places).astype(int) for side in made.shape[2:])
        for picture, square, top, left in zip(made, squares[which], tops[row], lefts[column], strict=True):
            picture[:, top : top + self.size, left : left + self.size] = square
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class RareValues:
    """Values that a few columns of a table take together.

    Args:
        columns: their places.
        values: one each.
    """

    columns: tuple[int, ...]
    values: tuple[float, ...]
    name: str = "rare-values"

    def __call__(self, x: Array) -> NDArray[np.float32]:
        """The rows with those values."""
        made = np.array(x, dtype=np.float32)
        for column, value in zip(self.columns, self.values, strict=True):
            made[:, column] = value
        return made


def _pictures(x: Array) -> NDArray[np.float32]:
    """A copy that a trigger is put on.

    Raises:
        InputError: inputs are no pictures.
    """
    made = np.array(x, dtype=np.float32, order="C")
    if made.ndim != 4:  # noqa: PLR2004 -- rows of channels, rows and columns
        raise InputError(f"inputs of shape {made.shape} are no pictures", remedy="give (n, channels, rows, columns)")
    return made
