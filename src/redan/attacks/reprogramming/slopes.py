"""Slopes of a program with full knowledge of the network.

Source: Elsayed, Goodfellow and Sohl-Dickstein, ICLR 2019, equation 4: -log P(h(y) | X_adv).
"""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.form import Shown
from redan.attacks.reprogramming.frame import Frame
from redan.attacks.reprogramming.label_maps import Map
from redan.attacks.reprogramming.learning import Slope

if TYPE_CHECKING:
    from torch import Tensor

    from redan.attacks.evasion.network import Network

Array: TypeAlias = NDArray[Any]
_LEAST = 1e-12
_ROUNDED = 1e-3


class Slopes:
    """Follows gradients of a `redan.attacks.evasion.Network`."""

    def __init__(self, network: "Network", frame: Frame) -> None:
        """Nothing is asked yet.

        Args:
            network: of logits or probabilities.
            frame: where input and program lie.
        """
        self.network = network
        self.frame = frame
        self._before: int = network.meter.forward

    @property
    def spent(self) -> int:
        """Inputs that went through the network."""
        return int(self.network.meter.forward) - self._before

    def shares(self, theta: Array, x: Array) -> NDArray[np.float64]:
        """Probabilities, shape (n, classes)."""
        return self.answers(self.frame.inputs(x, theta))

    def answers(self, inputs: Array) -> NDArray[np.float64]:
        """Probabilities for inputs of the victim, shape (n, classes)."""
        import torch

        told = self.network.logits(torch.as_tensor(inputs, device=self.network.device))
        return Shown().of(told.cpu().numpy())

    def slope(self, theta: Array, batch: tuple[Array, Array], mapped: Map, rng: np.random.Generator) -> Slope:  # noqa: ARG002 -- as without gradients
        """One pass forward and one backward."""
        import torch

        x, y = batch
        given = torch.as_tensor(self.frame.inputs(x, theta), device=self.network.device)
        wanted = torch.as_tensor(np.log(np.maximum(mapped.T[y], _LEAST)), dtype=torch.float32, device=given.device)

        def loss(told: "Tensor", rows: "slice | Tensor") -> "Tensor":
            return -(_logs(told) + wanted[rows]).logsumexp(dim=1)

        found = self.network.gradient(given, loss)
        whole = found.gradient.reshape(len(x), -1).sum(dim=0).double().cpu().numpy() / len(x)
        return Slope(self.frame.slope(theta, whole), Shown().of(found.logits.cpu().numpy()))


def _logs(told: "Tensor") -> "Tensor":
    """Logarithms of shares, whichever of logits and probabilities the network gives."""
    detached = told.detach()
    if bool((detached >= 0).all()) and bool(((detached.sum(dim=1) - 1).abs() < _ROUNDED).all()):
        return told.clamp_min(_LEAST).log()
    return told.log_softmax(dim=1)
