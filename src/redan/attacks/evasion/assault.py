"""One attack on an array of samples: what is asked is checked, run in the pool and handed back as arrays."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.attacks.evasion import draws
from redan.attacks.evasion.network import Network, chunk_for
from redan.attacks.evasion.pool import Attack, Course, Ended, Tasks, run
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.errors import InputError

Samples: TypeAlias = NDArray[Any] | Tensor
_VALUES = 4_000_000  # of one state tensor, so that memory does not grow with pictures
_MOST = 512
_BOX = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a sample is tried again after a run that failed.

    Args:
        attack: what moves samples.
        targets: how many classes are gone for, from the second most likely on; 0 for none in particular.
        restarts: runs for each.
    """

    attack: Attack
    targets: int = 0
    restarts: int = 1


def network_of(model: nn.Module | Network, x: Samples | None = None) -> Network:
    """A module as attacks ask it, in batches for samples of that size; a network as it is.

    Args:
        model: a module in evaluation mode, or a network.
        x: shape (n, ...), what will be asked; small samples when None.

    Raises:
        InputError: it is in training mode, or a weight is no number.
    """
    if isinstance(model, Network):
        return model
    return Network(model, chunk=None if x is None else chunk_for(math.prod(x.shape[1:])))


def samples_of(x: Samples, y: Samples, threat: Threat) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Inputs and labels as arrays, checked.

    Args:
        x: shape (n, ...).
        y: shape (n,), whole numbers from 0.
        threat: whose box the inputs are to lie in.

    Raises:
        InputError: there is no sample, a value is no number or out of the box, labels are no whole numbers, or there
            are as many radii as other samples.
    """
    inputs = np.asarray(x.detach().cpu().numpy() if isinstance(x, Tensor) else x)
    labels = np.asarray(y.detach().cpu().numpy() if isinstance(y, Tensor) else y)
    if not len(inputs) or labels.shape != (len(inputs),):
        raise InputError(f"labels of shape {labels.shape} for inputs of shape {inputs.shape}", remedy="give one each")
    if not (np.issubdtype(labels.dtype, np.integer) or labels.dtype == np.bool_):
        raise InputError(f"labels are {labels.dtype}", remedy="give the number of the class, from 0")
    threat.radii(len(inputs))
    if labels.min() < 0:
        raise InputError("a label is negative", remedy="give the number of the class, from 0")
    values = np.ascontiguousarray(inputs, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError("an input holds values that are no numbers", remedy="clean the inputs first")
    if low < threat.low - _BOX or high > threat.high + _BOX:
        raise InputError(
            f"inputs lie between {low:g} and {high:g}, the box is from {threat.low:g} to {threat.high:g}",
            remedy="give inputs before normalisation, with Preprocess(mean, std), or the box that they have",
        )
    if low < threat.low or high > threat.high:
        values = values.clip(threat.low, threat.high)
    return values, labels.astype(np.int64)


def slots_for(x: NDArray[np.float32], slots: int | None) -> int:
    """Samples in flight: as asked, or as memory allows; no result depends on it."""
    return slots or max(16, min(_MOST, _VALUES // max(1, x[0].size) // 32 * 32))


def clean_logits(network: Network, x: NDArray[np.float32], y: NDArray[np.int64]) -> Tensor:
    """What the network says of the inputs themselves, shape (n, classes), on its device.

    Raises:
        InputError: there is one class, or a label that the network does not have.
    """
    told = torch.cat([network.logits(_tensor(network, part)) for part in _blocks(x)])
    classes = told.shape[1]
    if classes < 2:  # noqa: PLR2004 -- a choice needs two
        raise InputError("the model has one output", remedy="wrap it so that it gives one logit per class")
    if y.max() >= classes:
        raise InputError(f"label {y.max()} of a model of {classes} classes", remedy="number classes as the model does")
    return told


def attempts(
    network: Network,
    plan: Plan,
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    *,
    logits: Tensor,
    threat: Threat,
    seed: int = 0,
    slots: int | None = None,
) -> Iterator[Ended]:
    """Runs an attack on samples that the network gets right.

    Args:
        network: what is attacked.
        plan: the attack, its targets and restarts.
        x: shape (n, ...).
        y: shape (n,).
        logits: shape (n, classes), of the inputs themselves.
        threat: with one radius for all, or one for each of these samples.
        seed: of the draws.
        slots: samples in flight.

    Returns:
        Groups of samples, in the order in which they end.
    """
    device = network.device
    truth = torch.as_tensor(y, device=device)
    tasks = Tasks(
        _tensor(network, x),
        truth,
        torch.as_tensor(threat.radii(len(x)), device=device),
        torch.as_tensor(draws.keys(x, plan.attack.name, seed), device=device),
        stages_of(plan, logits, truth),
    )
    return run(Course(plan.attack, network, tasks, threat, slots_for(x, slots)))


def assault(
    model: nn.Module | Network,
    plan: Plan,
    x: Samples,
    y: Samples,
    threat: Threat,
    *,
    seed: int = 0,
    slots: int | None = None,
) -> Result:
    """One attack on every sample; those that the model gets wrong by itself are broken at step 0 as they are.

    Args:
        model: a module in evaluation mode, or a network.
        plan: the attack, its targets and restarts.
        x: shape (n, ...).
        y: shape (n,).
        threat: the threat model.
        seed: of the draws.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    network = network_of(model, x)
    inputs, truth = samples_of(x, y, threat)
    before, began = network.meter.read(), time.monotonic()
    logits = clean_logits(network, inputs, truth)
    broken = (logits.argmax(dim=1).cpu().numpy() != truth).copy()
    found, step = inputs.copy(), np.where(broken, 0, -1).astype(np.int64)
    left = np.flatnonzero(~broken)
    radii = threat.radii(len(inputs))

    if len(left):
        own = type(threat)(tuple(float(r) for r in radii[left]), threat.low, threat.high)
        chosen = logits[torch.as_tensor(left, device=logits.device)]
        for ended in attempts(
            network, plan, inputs[left], truth[left], logits=chosen, threat=own, seed=seed, slots=slots
        ):
            into = left[ended.samples]
            broken[into], step[into] = ended.broken, ended.step
            found[into[ended.broken]] = ended.found.cpu().numpy()[ended.broken]
    cost = network.meter.since(before, time.monotonic() - began)
    return Result(attack=plan.attack.name, x_adv=found, broken=broken, step=step, cost=cost)


def stages_of(plan: Plan, logits: Tensor, y: Tensor) -> Tensor:
    """The class to reach at each stage, shape (n, stages): targets by their clean logits, each with its restarts."""
    if not plan.targets:
        return torch.full((len(y), plan.restarts), -1, dtype=torch.int64, device=y.device)
    others = logits.scatter(1, y[:, None], -torch.inf)
    ranked = others.argsort(dim=1, descending=True, stable=True)[:, : min(plan.targets, logits.shape[1] - 1)]
    return ranked.repeat_interleave(plan.restarts, dim=1)


def _tensor(network: Network, x: NDArray[np.float32]) -> Tensor:
    return torch.as_tensor(x, device=network.device)


def _blocks(x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [x[start : start + 1024] for start in range(0, len(x), 1024)]
