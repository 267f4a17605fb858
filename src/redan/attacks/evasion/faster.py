"""A network in a layout that runs faster; it may only propose, since it rounds otherwise."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from redan.attacks.evasion.network import Network

_NEAR = 1e-3
_PICTURES = 4


def faster(network: Network, x: NDArray[np.float32]) -> Network:
    """The same weights with batch normalisation folded in and channels last, when that gives the same logits.

    Args:
        network: of which a copy is made.
        x: shape (n, ...); the first of them are asked of both.

    Returns:
        The network itself where it has no convolution, cannot be copied, draws random numbers, or where
        logits or gradients differ by more than a thousandth of their size.
    """
    if x.ndim != _PICTURES or not any(isinstance(part, nn.Conv2d) for part in network.module.modules()):
        return network
    try:
        module = copy.deepcopy(network.module).requires_grad_(requires_grad=False)
    except (RuntimeError, TypeError, ValueError):
        return network
    module = _folded(module).to(memory_format=torch.channels_last).eval()
    found = Network(module, preprocess=network.preprocess, device=str(network.device), chunk=network.chunk)
    probe = torch.as_tensor(x[: network.chunk], device=network.device)
    told = [each.gradient(probe, lambda logits, _: logits.logsumexp(dim=1)) for each in (network, found, network)]
    same = all(
        bool((one - other).abs().max() <= _NEAR * (one.abs().max() + _NEAR))
        for one, other in ((told[0].logits, told[1].logits), (told[0].gradient, told[1].gradient))
    )
    return found if same and torch.equal(told[0].logits, told[2].logits) else network


def _folded(module: nn.Module) -> nn.Module:
    """Neighbours in a sequence, a convolution and its batch normalisation, as one convolution."""
    for part in module.modules():
        if isinstance(part, nn.Sequential):
            for place in range(len(part) - 1):
                first, second = part[place], part[place + 1]
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    part[place], part[place + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return module
