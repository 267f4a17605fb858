"""Linear networks on the planted task: what they rest on is written down, nothing is trained."""

import numpy as np
import torch
from torch import nn

from redan.controls.planted_networks import task


def net(weights):
    """A module that multiplies with weights, shape (columns, classes)."""
    layer = nn.Linear(*weights.shape, bias=False)
    layer.weight.data = torch.as_tensor(np.ascontiguousarray(weights.T))
    layer.requires_grad_(requires_grad=False)
    return layer.eval()


def resting(weights, place, parts):
    """On one part in several of the columns of each class: small moves against it are not seen by the others."""
    classes = weights.shape[1]
    kept = np.arange(len(weights)) // classes % parts == place
    return net(np.where(kept[:, None], parts * weights, 0.0).astype(np.float32))


def planted(n=24, columns=36):
    """Samples, the three frail networks that rest on different columns, and a firm one."""
    made = task(n, columns=columns, seed=11)
    apart = {f"part {place}": resting(made.frail, place, 3) for place in range(3)}
    return made, apart, net(made.firm)
