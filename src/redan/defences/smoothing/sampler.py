"""Labels of noisy copies of one input; noise by counting, so that none depends on the batch or on other inputs."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.attacks.evasion import draws
from redan.attacks.evasion.network import Network
from redan.errors import InputError

_CHUNK = 250  # noisy copies of one input that the network sees at once
_STREAM = 7


class Sampler(NamedTuple):
    """Inputs and what answers for them.

    Args:
        network: asked in chunks of one shape.
        x: shape (n, ...).
        keys: shape (n,), of the noise.
        sigma: standard deviation of the noise.
        classes: how many the network knows.
    """

    network: Network
    x: Tensor
    keys: Tensor
    sigma: float
    classes: int

    def labels(self, row: int, step: int, size: int) -> Tensor:
        """Labels of the noisy copies of one input at one step, shape (size,), at most a chunk."""
        x = self.x[row]
        counter = torch.tensor([step], dtype=torch.int64, device=x.device)
        noise = draws.normal(self.keys[row : row + 1], counter, _STREAM, size * x.numel())
        return self.network.logits(x[None] + self.sigma * noise.reshape(size, *x.shape)).argmax(dim=1)

    def counts(self, row: int, first: int, copies: int) -> NDArray[np.int64]:
        """How often each class is the label of a copy, shape (classes,).

        Args:
            row: of the input.
            first: step of the first chunk.
            copies: how many.
        """
        found = torch.zeros(self.classes, dtype=torch.int64, device=self.x.device)
        for number, start in enumerate(range(0, copies, self.network.chunk)):
            told = self.labels(row, first + number, min(self.network.chunk, copies - start))
            found += torch.bincount(told, minlength=self.classes)
        return np.asarray(found.cpu().numpy(), dtype=np.int64)


def sampler(model: nn.Module | Network, x: Any, sigma: float, seed: int) -> Sampler:  # noqa: ANN401 -- an array or a tensor
    """What answers for inputs under noise.

    Raises:
        InputError: the noise has no size, an input is no number, or the model cannot be asked.
    """
    if not 0.0 < sigma < float("inf"):
        raise InputError(f"noise of standard deviation {sigma}", remedy="give a number above 0")
    network = model if isinstance(model, Network) else Network(model, chunk=_CHUNK)
    inputs = torch.as_tensor(x).to(device=network.device, dtype=torch.float32)
    if not len(inputs):
        raise InputError("there are no inputs", remedy="give one or more")
    if not bool(torch.isfinite(inputs).all()):
        raise InputError("an input holds values that are no numbers", remedy="clean the data first")
    keys = torch.as_tensor(draws.keys(inputs.cpu().numpy(), "smoothing", seed), device=network.device)
    return Sampler(network, inputs, keys, sigma, network.logits(inputs[:1]).shape[1])
