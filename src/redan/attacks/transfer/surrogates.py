"""A model of the attacker's own: small, trained on his own samples of the task, nothing known of the target."""

import torch
from torch import Tensor, nn

from redan.attacks.evasion.assault import Samples, samples_of
from redan.attacks.threat import Linf
from redan.errors import InputError

_WIDTH = 128
_RATE = 3e-3
_BATCH = 64
_EPOCHS = 30


def surrogate(
    x: Samples, y: Samples, *, classes: int, box: tuple[float, float] = (0.0, 1.0), seed: int = 0, epochs: int = _EPOCHS
) -> nn.Sequential:
    """Two layers, trained on the attacker's samples.

    Args:
        x: shape (n, ...), in the box.
        y: shape (n,), their classes.
        classes: how many there are.
        box: least and largest valid value.
        seed: of weights and order.
        epochs: passes over the samples.

    Returns:
        In evaluation mode, from inputs to logits; on inputs centred by their own mean and spread.

    Raises:
        InputError: samples are not fit, or a label is no class.
    """
    inputs, labels = samples_of(x, y, Linf(0.0, *box))
    if labels.max() >= classes:
        raise InputError(f"label {labels.max()} of {classes} classes", remedy="number classes from 0")
    given, truth = torch.as_tensor(inputs).flatten(1), torch.as_tensor(labels)
    mean, spread = given.mean(dim=0), given.std(dim=0, unbiased=False) + 0.01 * (box[1] - box[0])
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Flatten(),
            Centred(mean, spread),
            nn.Linear(given.shape[1], _WIDTH),
            nn.ReLU(),
            nn.Linear(_WIDTH, classes),
        )
        steps = torch.optim.Adam(net.parameters(), _RATE)
        for _ in range(epochs):
            for part in torch.randperm(len(given)).split(_BATCH):
                steps.zero_grad()
                nn.functional.cross_entropy(net(given[part]), truth[part]).backward()
                steps.step()
    net.requires_grad_(requires_grad=False)
    return net.eval()


class Centred(nn.Module):  # type: ignore[misc]
    """Inputs less their mean, in units of their spread."""

    def __init__(self, mean: Tensor, spread: Tensor) -> None:
        """Keeps both; they are not trained."""
        super().__init__()
        self.mean, self.spread = mean, spread

    def forward(self, x: Tensor) -> Tensor:
        """The centred inputs."""
        return (x - self.mean) / self.spread
