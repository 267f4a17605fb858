"""The loss of JPEG: cosine transform of blocks of 8 x 8, rounded by the tables of the standard; the rest is lossless.

Sources: ITU-T T.81 (1992), annexes A.3 and K.1, tables K.1 and K.2; the scale of the tables by quality is that of the
Independent JPEG Group's library; colours by JFIF (ITU-T T.871), full resolution of both.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from redan.defences.transformations.base import Transformation, through
from redan.errors import InputError

_LIGHT = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_COLOUR = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99, 99, 99, 99, 99, 99, 99, 99),) * 4,
)
_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_SIDE, _GREY, _RGB = 8, 1, 3
_MOST, _MIDDLE = 255.0, 128.0


class Jpeg(Transformation):
    """JPEG at a quality, for grey and RGB pictures in [0, 1]; the attacker passes the gradient by the rounding."""

    def __init__(self, quality: int = 75) -> None:
        """Refuses what is no quality.

        Raises:
            InputError: not 1 to 100.
        """
        super().__init__()
        if not 1 <= quality <= 100:  # noqa: PLR2004 -- the library's scale
            raise InputError(f"a quality of {quality}", remedy="give 1 to 100")
        scale = 5000 // quality if quality < 50 else 200 - 2 * quality  # noqa: PLR2004 -- the library's rule
        tables = torch.tensor([_LIGHT, _COLOUR, _COLOUR])
        self.register_buffer("tables", ((tables * scale + 50) // 100).clamp(1, 255).float(), persistent=False)
        self.register_buffer("cosine", _cosine(), persistent=False)
        self.register_buffer("colours", torch.tensor(_YCC), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, 1 or 3, rows, columns), as `x`."""
        return self._passed(x, gradient=False)

    def substitute(self, x: Tensor, number: int) -> Tensor:  # noqa: ARG002 -- it draws nothing
        """The same with a gradient of one at every rounding."""
        return self._passed(x, gradient=True)

    def _passed(self, x: Tensor, *, gradient: bool) -> Tensor:
        if x.ndim != 4 or x.shape[1] not in {_GREY, _RGB}:  # noqa: PLR2004 -- sample, channel, row, column
            raise InputError(f"inputs of shape {tuple(x.shape[1:])}", remedy="give pictures, grey or in three colours")
        rows, columns = x.shape[2:]
        values = _round(x.clamp(0.0, 1.0) * _MOST, gradient=gradient)
        planes = values if x.shape[1] == _GREY else self._to_planes(values)
        if x.shape[1] == _RGB:
            planes = _round(planes, gradient=gradient)
        padded = functional.pad(planes - _MIDDLE, (0, -columns % _SIDE, 0, -rows % _SIDE), mode="replicate")
        kept = self._blocks(padded, gradient=gradient)[:, :, :rows, :columns] + _MIDDLE
        kept = _round(kept.clamp(0.0, _MOST), gradient=gradient)
        back = kept if x.shape[1] == _GREY else self._from_planes(kept)
        return _round(back.clamp(0.0, _MOST), gradient=gradient) / _MOST

    def _blocks(self, planes: Tensor, *, gradient: bool) -> Tensor:
        n, channels, rows, columns = planes.shape
        blocks = planes.reshape(n, channels, rows // _SIDE, _SIDE, columns // _SIDE, _SIDE).transpose(3, 4)
        table = self.tables[:channels, None, None]
        told = self.cosine @ blocks @ self.cosine.T
        kept = _round(told / table, gradient=gradient) * table
        return (self.cosine.T @ kept @ self.cosine).transpose(3, 4).reshape(planes.shape)

    def _to_planes(self, values: Tensor) -> Tensor:
        planes = torch.einsum("ij,njrc->nirc", self.colours, values)
        return planes + torch.tensor([0.0, _MIDDLE, _MIDDLE], device=values.device).reshape(1, 3, 1, 1)

    def _from_planes(self, planes: Tensor) -> Tensor:
        centred = planes - torch.tensor([0.0, _MIDDLE, _MIDDLE], device=planes.device).reshape(1, 3, 1, 1)
        return torch.einsum("ij,njrc->nirc", torch.linalg.inv(self.colours), centred)


def _round(values: Tensor, *, gradient: bool) -> Tensor:
    return through(values.detach().round(), values) if gradient else values.round()


def _cosine() -> Tensor:
    places = torch.arange(_SIDE, dtype=torch.float64)
    table = torch.cos((2 * places[None] + 1) * places[:, None] * math.pi / (2 * _SIDE)) * 0.5
    table[0] *= math.sqrt(0.5)
    return table.float()
