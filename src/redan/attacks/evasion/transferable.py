"""Attacks for inputs that are to fool other models than the one at hand, as a notebook calls them."""

from torch import nn

from redan.attacks.evasion.assault import Plan, Samples, assault
from redan.attacks.evasion.momentum import Momentum
from redan.attacks.evasion.network import Network
from redan.attacks.result import Result
from redan.attacks.threat import Threat


def mi_fgsm(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    steps: int = 10,
    decay: float = 1.0,
    slots: int | None = None,
) -> Result:
    """Steps along the sum of all gradients so far, to the end, whether or not the model erred on the way.

    Source: Dong et al., Boosting Adversarial Attacks with Momentum, CVPR 2018 (arXiv 1710.06081), algorithm 1.

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: linf or l2.
        seed: of the run; nothing is drawn.
        steps: each goes the radius divided by them.
        decay: of the sum.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    return assault(model, Plan(attack=Momentum(steps=steps, decay=decay)), x, y, threat, seed=seed, slots=slots)


def di_fgsm(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    steps: int = 10,
    decay: float = 0.0,
    probability: float = 0.5,
    slots: int | None = None,
) -> Result:
    """Steps along gradients of pictures that were shrunk at random; with a decay, along their sum.

    Source: Xie et al., Improving Transferability with Input Diversity, CVPR 2019 (arXiv 1803.06978), algorithm 1;
        the paper calls it M-DI2-FGSM with a decay.

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, channels, rows, columns), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: linf or l2.
        seed: of the draws.
        steps: each goes the radius divided by them.
        decay: of the sum; 0 for none.
        probability: that a picture is shrunk.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: inputs are no pictures, or model, inputs or labels are not fit to be attacked.
    """
    return assault(model, Plan(attack=diverse(steps, decay, probability)), x, y, threat, seed=seed, slots=slots)


def diverse(steps: int = 10, decay: float = 1.0, probability: float = 0.5) -> Momentum:
    """Momentum with input diversity, under the name that the paper gives it."""
    name = "m-di-fgsm" if decay else "di-fgsm"
    return Momentum(steps=steps, decay=decay, probability=probability, name=name)
