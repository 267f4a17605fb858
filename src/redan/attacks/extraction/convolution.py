"""A copy for pictures: two convolutions and two linear layers, learnt by Adam; needs the extra `torch`."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.copies import shares
from redan.attacks.extraction.domain import Domain

Array: TypeAlias = NDArray[Any]
_BATCH = 64
_ASKED = 500


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A network of PyTorch over pictures.

    Args:
        domain: of the inputs.
        net: reads them scaled to [-1, 1].
    """

    domain: Domain
    net: Any

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Logits, shape (n, classes)."""
        import torch

        with torch.no_grad():
            told = [self.net(tensor(self.domain, x[start : start + _ASKED])) for start in range(0, len(x), _ASKED)]
        return np.asarray(torch.cat(told).numpy(), dtype=np.float64)

    def slope(self, x: Array, classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Gradient of each one's log-probability of its class, shape (n, width)."""
        import torch

        given = tensor(self.domain, x).requires_grad_(True)
        logs = torch.log_softmax(self.net(given), dim=1)
        (found,) = torch.autograd.grad(logs[torch.arange(len(x)), torch.as_tensor(classes)].sum(), given)
        return np.asarray(found.reshape(len(x), -1).numpy(), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ConvolutionRecipe:
    """Cross-entropy with answers taken as probabilities.

    Args:
        steps: of Adam.
        rate: of learning at its start; it falls to nothing.
        name: of the kind.
    """

    steps: int = 400
    rate: float = 2e-3
    name: str = "convolutional network"

    def fitted(self, domain: Domain, x: Array, y: NDArray[np.float64], seed: int) -> Convolution:
        """Learns it from first weights and an order that the seed draws."""
        import torch

        pictures, wanted = tensor(domain, x), torch.as_tensor(shares(y), dtype=torch.float32)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = network(tuple(pictures.shape[1:]), y.shape[1])
        order = np.random.default_rng(seed)
        adam = torch.optim.Adam(net.parameters(), lr=self.rate, weight_decay=1e-4)
        falling = torch.optim.lr_scheduler.OneCycleLR(adam, max_lr=self.rate, total_steps=self.steps)
        for _ in range(self.steps):
            some = torch.as_tensor(order.integers(len(x), size=min(_BATCH, len(x))))
            loss = -(wanted[some] * torch.log_softmax(net(pictures[some]), dim=1)).sum(dim=1).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            falling.step()
        return Convolution(domain, net.eval())


def network(shape: tuple[int, ...], classes: int) -> Any:  # noqa: ANN401 -- a module of PyTorch
    """Fresh weights.

    Args:
        shape: channels, rows, columns.
        classes: how many.
    """
    from torch import nn

    wide = 32 * -(-shape[1] // 4) * -(-shape[2] // 4)
    return nn.Sequential(
        nn.Conv2d(shape[0], 16, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(wide, 64),
        nn.ReLU(),
        nn.Linear(64, classes),
    )


def planes(domain: Domain) -> tuple[int, int, int]:
    """Channels, rows and columns of pictures; grey ones may have no axis of channels."""
    channels, rows, columns = domain.shape if len(domain.shape) > 2 else (1, *domain.shape)  # noqa: PLR2004 -- grey
    return channels, rows, columns


def tensor(domain: Domain, x: Array) -> Any:  # noqa: ANN401 -- a tensor
    """Pictures scaled to [-1, 1], shape (n, channels, rows, columns)."""
    import torch

    return torch.as_tensor(domain.features(x), dtype=torch.float32).reshape(len(x), *planes(domain))
