"""A network whose gradient is averaged over a small neighbourhood: what a landscape of many small cliffs hides."""

import torch
from torch import Tensor

from redan.attacks.evasion.draws import derived, normal
from redan.attacks.evasion.network import Gradient, Loss, Network

DRAWS = 10


class Smoothed(Network):
    """Asks another network for gradients at several points around each input; labels are those at the input itself.

    Source: Athalye et al., Obfuscated Gradients, ICML 2018 (arXiv 1802.00420), section 5.3.1, expectation over
    transformations, here over Gaussian noise, against networks that are not random but shattered.
    """

    def __init__(self, network: Network, key: Tensor, sigma: float, draws: int = DRAWS) -> None:
        """Takes over what the other network is.

        Args:
            network: the one that is asked.
            key: shape (n,), seeds of the samples that will be asked about, always all of them.
            sigma: of the noise, in the unit of the inputs.
            draws: points around each input.
        """
        super().__init__(network.module, preprocess=network.preprocess, device=str(network.device), chunk=network.chunk)
        self.inner, self.meter = network, network.meter
        self.key, self.sigma, self.draws = key, sigma, draws
        self.asked = 0

    def logits(self, x: Tensor) -> Tensor:
        """As the other network."""
        return self.inner.logits(x)

    def narrow(self, kept: Tensor) -> None:
        """Only some of the samples are asked about from now on."""
        self.key = self.key[kept]

    def gradient(self, x: Tensor, loss: Loss) -> Gradient:
        """Logits and loss at the input, the gradient averaged around it."""
        told, n = self.inner.gradient(x, loss), len(x)
        self.asked += 1
        step = torch.full((n,), self.asked, dtype=torch.int64, device=x.device)
        around = []
        for place in range(self.draws):
            key = derived(self.key, torch.full_like(step, place))
            noise = normal(key, step, 0, x[0].numel()).reshape(x.shape).to(x.dtype)
            around.append(x + self.sigma * noise)
        whose = torch.arange(n, device=x.device).repeat(self.draws)
        there = self.inner.gradient(torch.cat(around), lambda logits, at: loss(logits, whose[at])).gradient
        total = told.gradient + there.reshape(self.draws, *x.shape).sum(dim=0)
        return Gradient(told.logits, told.loss, total / (self.draws + 1))
