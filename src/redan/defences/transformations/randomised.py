"""Transformations that draw anew for each input."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion import draws
from redan.defences.transformations.base import Transformation
from redan.errors import InputError

_STREAM = 9
_FRESH = 2**20  # steps of draws as deployed, apart from those an attacker averages over


class _Drawing(Transformation):
    random = True

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.asked = 0
        self.known: dict[tuple[int, ...], Tensor] = {}
        key = draws.keys(np.zeros((1, 1)), "transformation", seed)
        self.register_buffer("key", torch.as_tensor(key), persistent=False)

    def counter(self, step: int) -> Tensor:
        return torch.tensor([step], dtype=torch.int64, device=self.key.device)

    def fresh(self) -> Tensor:
        self.asked += 1
        return self.counter(_FRESH + self.asked)


class Noise(_Drawing):
    """Gaussian noise on each value."""

    def __init__(self, sigma: float, seed: int = 0) -> None:
        """Refuses noise of no size.

        Raises:
            InputError: sigma is not positive.
        """
        super().__init__(seed)
        if not sigma > 0.0:
            raise InputError(f"noise of standard deviation {sigma}", remedy="give more than 0")
        self.sigma = sigma

    def forward(self, x: Tensor) -> Tensor:
        """Other noise for each row and call."""
        return x + self.sigma * draws.normal(self.key, self.fresh(), _STREAM, x.numel()).reshape(x.shape)

    def at(self, x: Tensor, number: int) -> Tensor:
        """One noise for all rows."""
        name = (number, *x.shape[1:])
        if name not in self.known:
            drawn = draws.normal(self.key, self.counter(number), _STREAM, x[0].numel())
            self.known[name] = self.sigma * drawn.reshape(1, *x.shape[1:])
        return x + self.known[name]


class Shift(_Drawing):
    """Pictures moved by up to some pixels in both directions, what is left empty being zero.

    Source: the padding of Xie et al., Mitigating Adversarial Effects Through Randomization, ICLR 2018 (arXiv
    1711.01991), section 3, without the change of size, which would change the shape.
    """

    def __init__(self, pixels: int, seed: int = 0) -> None:
        """Refuses no shift.

        Raises:
            InputError: not 1 pixel or more.
        """
        super().__init__(seed)
        if pixels < 1:
            raise InputError(f"a shift of {pixels} pixels", remedy="give 1 or more")
        self.pixels = pixels

    def forward(self, x: Tensor) -> Tensor:
        """Another shift for each row and call."""
        down, right = self._drawn(self.fresh(), len(x))
        return torch.cat([self._moved(x[i : i + 1], int(down[i]), int(right[i])) for i in range(len(x))])

    def at(self, x: Tensor, number: int) -> Tensor:
        """One shift for all rows."""
        if (number,) not in self.known:
            self.known[(number,)] = torch.stack(self._drawn(self.counter(number), 1))[:, 0]
        down, right = self.known[(number,)].tolist()
        return self._moved(x, down, right)

    def substitute(self, x: Tensor, number: int) -> Tensor:
        """The same shift: a shift is linear."""
        return self.at(x, number)

    def _drawn(self, step: Tensor, size: int) -> tuple[Tensor, Tensor]:
        drawn = draws.uniform(self.key, step, _STREAM, 2 * size).reshape(2, size)
        down, right = (drawn * (2 * self.pixels + 1)).long()
        return down, right

    def _moved(self, x: Tensor, down: int, right: int) -> Tensor:
        rows, columns = x.shape[2:]
        padded = functional.pad(x, (self.pixels,) * 4)
        return padded[:, :, down : down + rows, right : right + columns]
