"""Patches on trial: each in a fresh view of a picture, judged."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from redan.attacks.evasion import draws
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.patching import Making, noise
from redan.attacks.evasion.views import placed, posed
from redan.attacks.masks import judge_patch

ANY = -1
_BLOCK = 256


class Given(NamedTuple):
    """Pictures that the network gets right, and what is wanted of it; -1 for any wrong class."""

    network: Network
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    target: int
    seed: int


class Trial(NamedTuple):
    """Patched pictures, where the patches lie, what the judge calls broken, and how many it refused."""

    x_adv: NDArray[np.float32]
    masks: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    outside: int


def tried(given: Given, making: Making, patches: Tensor | None) -> Trial:
    """Lays patches into pictures, one view each that nothing was made on, and has them judged.

    Args:
        given: pictures and network.
        making: area and views.
        patches: one for all, or one for each picture; noise, another for each, when None.
    """
    network, x, y, target, seed = given
    threat, size = making.threat, (x.shape[2], x.shape[3])
    keys = torch.as_tensor(draws.keys(x, "patch in a fresh view", seed), device=network.device)
    parts = []
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        clean, key = torch.as_tensor(x[rows], device=network.device), keys[rows]
        if patches is None:
            own = noise(key, x.shape[1:], threat)
        else:
            own = patches.expand(len(clean), -1, -1, -1) if len(patches) == 1 else patches[rows]
        laid = placed(own, clean, posed(making.views, key, torch.zeros_like(key), size, threat), threat)
        x_adv, masks = laid.x.cpu().numpy(), laid.mask.cpu().numpy()
        aim = None if target == ANY else target
        judged = judge_patch(network.labels, x[rows], y[rows], x_adv, masks=masks, threat=threat, target=aim)
        parts.append((x_adv, masks, judged.broken, judged.outside))
    x_adv, masks, broken, outside = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Trial(x_adv, masks, broken, int(outside.sum()))
