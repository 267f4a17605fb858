"""Inputs made on a model that the attacker has, for one that he has not; and noise, for one who has none."""

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from redan.attacks.evasion import draws
from redan.attacks.evasion.assault import Plan, Samples, attempts, clean_logits, network_of, samples_of
from redan.attacks.evasion.ball import length, project, rows
from redan.attacks.evasion.diversity import PICTURE
from redan.attacks.evasion.momentum import Momentum
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import Attack
from redan.attacks.evasion.transferable import diverse
from redan.attacks.threat import Threat
from redan.errors import InputError

Array: TypeAlias = NDArray[np.float32]
_LARGE = 64


def carrying(x: NDArray[np.floating]) -> Momentum:
    """The attack for inputs of this kind: momentum, with input diversity for pictures of 64 pixels and more.

    On smaller ones diversity carries no further: 0.64 against 0.66 on average between networks on Fashion-MNIST at
    linf 0.1 (`bench/bench_transfer.py`).

    Args:
        x: shape (n, ...).
    """
    picture = x.ndim == PICTURE and min(x.shape[2:]) >= _LARGE
    return diverse() if picture else Momentum()


def crafted(
    model: nn.Module | Network,
    x: Samples,
    y: Samples | None,
    *,
    threat: Threat,
    attack: Attack | None = None,
    seed: int = 0,
) -> Array:
    """Inputs that go against a model as far as an attack goes, also where it stays right or was never right.

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network: the source.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes; None for the source's own answers, where it has other classes.
        threat: linf or l2.
        attack: `carrying` when None.
        seed: of the draws.

    Returns:
        Shape of `x`: what is sent to targets.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    network = network_of(model)
    inputs, truth = samples_of(x, np.zeros(len(x), dtype=np.int64) if y is None else y, threat)
    truth = network.labels(inputs) if y is None else truth
    logits = clean_logits(network, inputs, truth)
    plan = Plan(attack=carrying(inputs) if attack is None else attack)
    found = inputs.copy()
    for ended in attempts(network, plan, inputs, truth, logits=logits, threat=threat, seed=seed):
        found[ended.samples] = ended.found.cpu().numpy()
    return found


def noise(x: Samples, *, threat: Threat, seed: int = 0) -> Array:
    """Inputs moved as far as allowed in a random direction: what somebody sends who knows nothing at all.

    Args:
        x: shape (n, ...), in the box of the threat model.
        threat: linf, where each value goes up or down by the whole radius, or l2.
        seed: of the draws.

    Raises:
        InputError: the norm is another, or inputs are not fit.
    """
    if threat.norm not in {"linf", "l2"}:
        raise InputError(f"there is no noise of a size in {threat.norm}", remedy="use linf or l2")
    inputs, _ = samples_of(x, np.zeros(len(x), dtype=np.int64), threat)
    given = torch.as_tensor(inputs)
    key = torch.as_tensor(draws.keys(inputs, "noise", seed))
    moved = draws.normal(key, torch.zeros_like(key), 0, inputs[0].size).reshape(given.shape)
    moved = moved.sign() if threat.norm == "linf" else moved / rows(length(moved, "l2"), moved)
    eps = torch.as_tensor(threat.radii(len(inputs)))
    found: Array = project(given + rows(eps, given) * moved, given, eps, threat).numpy()
    return found
