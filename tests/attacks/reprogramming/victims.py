"""Two services of small pictures, one that reprogramming bends and one that it does not, written down rather than trained."""

import numpy as np

from redan.attacks.reprogramming.victims import Victim
from redan.attacks.sources import FunctionSource

SIDE, CLASSES = 16, 4


def weights(looked, sharp):
    """Of a model that tells four levels of brightness of the pixels that it looks at: matrix and offset."""
    share = looked.reshape(-1) / looked.sum()
    at = np.arange(CLASSES) / (CLASSES - 1)
    return (2 * sharp * share[:, None] * at[None, :]).astype(np.float32), (-sharp * at**2).astype(np.float32)


def middle():
    """A mask of the middle half of each side."""
    found = np.zeros((SIDE, SIDE))
    found[4:12, 4:12] = 1.0
    return found


def weak():
    """Looks at the middle, and a little at everything."""
    return weights(middle() + 0.05, 400.0)


def border():
    """A mask of what a foreign picture leaves free: it takes nine pixels of a side."""
    found = np.ones((SIDE, SIDE))
    found[3:13, 3:13] = 0.0
    return found


def hardened():
    """Does not look where a foreign picture lies."""
    return weights(border(), 400.0)


def own(rows=400, seed=1):
    """Its own data: bright squares on a dark ground."""
    rng = np.random.default_rng(seed)
    level = rng.integers(0, CLASSES, rows)[:, None] / (CLASSES - 1)
    bright = 0.8 * level + 0.2 * rng.random((rows, SIDE * SIDE))
    return np.where(middle().reshape(-1) > 0, bright, 0.05 * rng.random(bright.shape)).astype(np.float32)


def answering(made):
    """A function from inputs to logits."""
    matrix, offset = made
    return lambda x: x.reshape(len(x), -1) @ matrix + offset


def victim(made, *, network=None, rows=400, source=None):
    """A service with its own data."""
    size = SIDE * SIDE
    return Victim(
        x=own(rows),
        low=np.zeros(size),
        high=np.ones(size),
        columns=np.arange(size),
        whole=np.zeros(0, np.int64),
        table=False,
        source=source or (lambda: FunctionSource(answering(made), chunk=64)),
        network=network,
        remote=False,
    )


def module(made):
    """The same as a network with gradients."""
    import torch

    from redan.attacks.evasion.network import Network

    matrix, offset = made
    layer = torch.nn.Linear(*matrix.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(matrix.T.copy()))
        layer.bias.copy_(torch.from_numpy(offset))
    return Network(torch.nn.Sequential(torch.nn.Flatten(), layer).eval(), chunk=16)
