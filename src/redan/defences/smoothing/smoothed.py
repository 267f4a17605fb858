"""The smoothed network as an attacker sees it who knows it: the mean answer over noise, with its gradient."""

import numpy as np
import torch
from torch import Tensor, nn

from redan.attacks.evasion import draws

_STREAM = 8


class Smoothed(nn.Module):  # type: ignore[misc]
    """Logarithm of the mean probabilities over noisy copies, the same noise for every input and every call.

    An attack on it is one on the smoothed network by expectation over transformations; what it finds is verified by
    `predict` with other noise.

    Source: Salman et al., Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers, NeurIPS 2019
    (arXiv 1906.04584), equation 6.
    """

    def __init__(self, module: nn.Module, sigma: float, copies: int = 16, seed: int = 0) -> None:
        """What is smoothed.

        Args:
            module: from inputs to logits.
            sigma: standard deviation of the noise.
            copies: of each input.
            seed: of the noise.
        """
        super().__init__()
        self.module, self.sigma, self.copies = module, sigma, copies
        self.register_buffer("key", torch.as_tensor(draws.keys(np.zeros((1, 1)), "smoothed", seed)), persistent=False)
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the smoothed network, shape (n, classes)."""
        step = torch.zeros(1, dtype=torch.int64, device=x.device)
        noise = draws.normal(self.key.to(x.device), step, _STREAM, self.copies * x[0].numel()).reshape(
            self.copies, *x.shape[1:]
        )
        logits = [self.module(x + self.sigma * one).float().log_softmax(1) for one in noise]
        return torch.stack(logits).logsumexp(0) - torch.tensor(float(self.copies)).log()
