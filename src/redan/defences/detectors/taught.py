"""A network that was taught to tell adversarial inputs from clean ones; it knows those of one attack.

Source: Gong, Wang and Ku, Adversarial and Clean Data Are Not Twins, 2017 (arXiv 1704.04960).
"""

from typing import Any

import torch
from torch import Tensor, nn

from redan.attacks.evasion.assault import samples_of
from redan.attacks.evasion.ball import project, rows
from redan.attacks.evasion.losses import cross_entropy
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pgd import steepest
from redan.attacks.threat import Threat
from redan.defences.detectors.base import Detector
from redan.defences.training import recipes
from redan.defences.training.plan import Plan


class Learned(Detector):
    """The second logit of a network of two classes, less the first."""

    def __init__(self, module: nn.Module) -> None:
        """From inputs to two logits: clean, adversarial."""
        super().__init__()
        self.module = module
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Scores, shape (n,)."""
        told = self.module(x)
        return told[:, 1] - told[:, 0]


def learned(
    module: nn.Module,
    untrained: nn.Module,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    y: Any,  # noqa: ANN401
    *,
    threat: Threat,
    plan: Plan | None = None,
    seed: int = 0,
) -> Learned:
    """A detector of one-step inputs: trained on clean inputs and on those that FGSM makes of them.

    Args:
        module: that is to be guarded.
        untrained: of two classes; it stays as it was.
        x: shape (n, ...), clean.
        y: shape (n,), their classes.
        threat: of the inputs it learns from.
        plan: of training; the default one when None.
        seed: of training.

    Raises:
        InputError: network, inputs or labels are not fit for it.
    """
    clean, truth = samples_of(x, y, threat)
    moved = _one_step(Network(module), torch.as_tensor(clean), torch.as_tensor(truth), threat)
    both = torch.cat([torch.as_tensor(clean), moved])
    which = torch.arange(2).repeat_interleave(len(clean))
    done = recipes.plain(untrained, both, which, threat=threat, plan=plan, seed=seed)
    return Learned(done.module)


def _one_step(network: Network, x: Tensor, y: Tensor, threat: Threat) -> Tensor:
    there, truth = x.to(network.device), y.to(network.device)
    told = network.gradient(there, lambda logits, at: cross_entropy(logits, truth[at]))
    eps = torch.as_tensor(threat.radii(len(x)), device=network.device)
    moved = there + rows(eps, there) * steepest(told.gradient, threat)
    return project(moved, there, eps, threat).cpu()
