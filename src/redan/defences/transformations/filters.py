"""Transformations without chance: fewer levels, and smoothing over neighbours.

Source: Xu et al., Feature Squeezing, NDSS 2018 (arXiv 1704.01155), section II.
"""

import torch
from torch import Tensor
from torch.nn import functional

from redan.defences.transformations.base import Transformation
from redan.errors import InputError

_BITS = 16


class BitDepth(Transformation):
    """Values on 2 ** bits levels of [0, 1]; its gradient is zero, and the attacker takes the identity's."""

    def __init__(self, bits: int) -> None:
        """Refuses what is no depth.

        Raises:
            InputError: not 1 to 16 bits.
        """
        super().__init__()
        if not 1 <= bits <= _BITS:
            raise InputError(f"a depth of {bits} bits", remedy=f"give 1 to {_BITS}")
        self.levels = 2**bits - 1

    def forward(self, x: Tensor) -> Tensor:
        """The nearest level of each value."""
        return torch.round(x.clamp(0.0, 1.0) * self.levels) / self.levels


class Median(Transformation):
    """The median of a square around each pixel, pictures mirrored at their edge; it has a gradient of its own."""

    def __init__(self, size: int = 3) -> None:
        """Refuses a square without a middle.

        Raises:
            InputError: the size is even, or below 3.
        """
        super().__init__()
        _odd(size)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, channels, rows, columns), as `x`."""
        around = _padded(x, self.size).unfold(2, self.size, 1).unfold(3, self.size, 1)
        return around.flatten(4).median(dim=4).values

    def substitute(self, x: Tensor, number: int) -> Tensor:  # noqa: ARG002 -- it draws nothing
        """Itself."""
        return self.forward(x)


class Gaussian(Transformation):
    """A weighted mean of a square around each pixel, pictures mirrored at their edge; it is linear."""

    def __init__(self, sigma: float = 1.0, size: int = 5) -> None:
        """Refuses what is no filter.

        Raises:
            InputError: the size is even or below 3, or the width is not positive.
        """
        super().__init__()
        _odd(size)
        if not sigma > 0.0:
            raise InputError(f"a filter of width {sigma}", remedy="give more than 0")
        places = torch.arange(size, dtype=torch.float64) - size // 2
        line = torch.exp(-0.5 * (places / sigma) ** 2)
        self.size = size
        self.register_buffer("line", (line / line.sum()).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, channels, rows, columns), as `x`."""
        channels = x.shape[1]
        kernel = torch.outer(self.line, self.line).expand(channels, 1, self.size, self.size)
        return functional.conv2d(_padded(x, self.size), kernel, groups=channels)

    def substitute(self, x: Tensor, number: int) -> Tensor:  # noqa: ARG002 -- it draws nothing
        """Itself."""
        return self.forward(x)


def _odd(size: int) -> None:
    if size < 3 or size % 2 == 0:  # noqa: PLR2004 -- the least square with a middle
        raise InputError(f"a square of {size} pixels", remedy="give an odd number, 3 or more")


def _padded(x: Tensor, size: int) -> Tensor:
    if x.ndim != 4 or min(x.shape[2:]) <= size // 2:  # noqa: PLR2004 -- sample, channel, row, column
        raise InputError(
            f"inputs of shape {tuple(x.shape[1:])} for a square of {size} pixels",
            remedy="give pictures of shape (n, channels, rows, columns), larger than that",
        )
    return functional.pad(x, (size // 2,) * 4, mode="reflect")
