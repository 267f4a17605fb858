"""A model that shows scores only, where the pool expects a network."""

import torch
from torch import Tensor

from redan.attacks.cost import Meter
from redan.attacks.evasion.network import Gradient, Loss, Network
from redan.attacks.queries import Queries, log_scores
from redan.attacks.sources import NetworkSource
from redan.errors import IncompleteError


class Asked(Network):
    """Scores through `Queries`, which counts them; there is no gradient."""

    def __init__(self, queries: Queries) -> None:
        """Asks nothing yet; a network behind it stays on its device."""
        source = queries.source
        self.queries = queries
        self.meter = Meter()
        self.device = torch.device(source.network.device if isinstance(source, NetworkSource) else "cpu")

    def logits(self, x: Tensor) -> Tensor:
        """Scores, shape (n, classes); probabilities as their logarithms."""
        source = self.queries.source
        if isinstance(source, NetworkSource) and self.queries.memory is None:
            self.queries.spend(len(x))
            told = source.logits(x)
        else:
            told = self.queries.scores(x.cpu().numpy())
        return torch.as_tensor(log_scores(told), device=self.device)

    def gradient(self, x: Tensor, loss: Loss) -> Gradient:  # noqa: ARG002 -- as a network has it
        """Refuses.

        Raises:
            IncompleteError: always.
        """
        raise IncompleteError("the model shows no gradient", remedy="use an attack by queries")
