"""The patch attack as a notebook calls it: made on some pictures, tried on others, beside a patch of noise."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.attacks.cost import Cost
from redan.attacks.evasion import draws
from redan.attacks.evasion.assault import Samples, clean_logits, network_of, samples_of, slots_for
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.patching import Making, OwnPatch, Shown, for_all
from redan.attacks.evasion.pool import Course, Tasks, run
from redan.attacks.evasion.trials import ANY, Given, tried
from redan.attacks.evasion.views import Views
from redan.attacks.masks import PatchThreat
from redan.attacks.threat import L0
from redan.errors import IncompleteError, InputError
from redan.measures.robustness import Paired, Rate, paired, rate

_PICTURES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchResult:
    """What a patch does to pictures that it was not made on, or in views that it was not made on.

    Args:
        patch: shape (1, channels, side, side), or (pictures tried, channels, side, side) with one for each.
        made_on: places in the data of the pictures that the patch was made on.
        tried_on: places of the pictures that it was tried on; the same for patches of their own. All of both the
            model gets right by itself, and none has the target as its class.
        x_adv: shape (pictures tried, channels, rows, columns), each in a fresh view.
        masks: shape (pictures tried, rows, columns), where the patches lie.
        broken: shape (pictures tried,), where the judge found the patch successful.
        by_noise: shape (pictures tried,), where a patch of uniform noise was, in the same view.
        success: share of pictures, one fresh view each, with its exact interval.
        noise: the same for noise: what covering pixels does by itself.
        beyond_noise: how much more than that, picture by picture, with its interval.
        outside: patched pictures that the judge refused, which count as not broken.
        cost: of making and trying.
    """

    patch: NDArray[np.float32]
    made_on: NDArray[np.int64]
    tried_on: NDArray[np.int64]
    x_adv: NDArray[np.float32]
    masks: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    by_noise: NDArray[np.bool_]
    success: Rate
    noise: Rate
    beyond_noise: Paired
    outside: int
    cost: Cost


def patch(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: PatchThreat,
    target: int | None = None,
    universal: bool = True,
    views: Views | None = None,
    steps: int = 200,
    held_out: float = 0.5,
    seed: int = 0,
    slots: int | None = None,
) -> PatchResult:
    """A patch that works wherever it lies: turned, scaled, brighter or darker.

    Source: Brown et al., arXiv 1712.09665; Athalye et al., ICML 2018 (arXiv 1707.07397).

    Args:
        model: a module in evaluation mode, from pictures to logits, or a network.
        x: shape (n, channels, rows, columns), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: the share of pixels that the patch may cover, and the box.
        target: the class that the attacker wants; any wrong one when None.
        universal: one patch for all pictures, tried on pictures that were held out; else one for each picture, tried on
            the same picture in a fresh view.
        views: transformations; those of `Views()` when None.
        steps: of each patch.
        held_out: share of the pictures that a universal patch is not made on; equal pictures stay together.
        seed: of the draws.
        slots: patches in flight; no result depends on it.

    Raises:
        InputError: model, pictures, labels, target or settings are not fit for an attack.
        IncompleteError: no picture that the model gets right is left to make the patch on, or to try it on.
    """
    if not 0 < held_out < 1:
        raise InputError(f"{held_out:g} of the pictures held out", remedy="give a share between 0 and 1")
    network, making = network_of(model), Making(threat=threat, views=views or Views(), steps=steps)
    before, began = network.meter.read(), time.monotonic()
    given, usable = _usable(network, x, y, threat, target)
    made_on, tried_on = _split(given.x, usable, held_out if universal else None, seed)
    material = given._replace(x=given.x[made_on], y=given.y[made_on], seed=seed)
    found = _universal(material, making) if universal else _own(material, making, slots)
    trial = given._replace(x=given.x[tried_on], y=given.y[tried_on], seed=seed)
    own, by_noise = tried(trial, making, found), tried(trial, making, None)
    return PatchResult(
        patch=found.cpu().numpy(),
        made_on=made_on,
        tried_on=tried_on,
        x_adv=own.x_adv,
        masks=own.masks,
        broken=own.broken,
        by_noise=by_noise.broken,
        success=rate(own.broken),
        noise=rate(by_noise.broken),
        beyond_noise=paired(by_noise.broken, own.broken),
        outside=own.outside,
        cost=network.meter.since(before, time.monotonic() - began),
    )


def _usable(
    network: Network, x: Samples, y: Samples, threat: PatchThreat, target: int | None
) -> tuple[Given, NDArray[np.int64]]:
    """The pictures, checked, and the places of those that the network gets right and that are not of the target."""
    inputs, truth = samples_of(x, y, L0(0.0, threat.low, threat.high))
    if inputs.ndim != _PICTURES:
        raise InputError(f"inputs of shape {inputs.shape} are no pictures", remedy="give (n, channels, rows, columns)")
    logits = clean_logits(network, inputs, truth)
    if target is not None and not 0 <= target < logits.shape[1]:
        raise InputError(f"there is no class {target}", remedy=f"give one from 0 to {logits.shape[1] - 1}")
    usable = (logits.argmax(dim=1).cpu().numpy() == truth) & (truth != target)
    return Given(network, inputs, truth, ANY if target is None else target, 0), np.flatnonzero(usable)


def _split(
    x: NDArray[np.float32], usable: NDArray[np.int64], held_out: float | None, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the pictures to make a patch on, and of those held out, by their content; equal ones stay together.

    Args:
        x: shape (n, ...).
        usable: places of those that may be used.
        held_out: share of them; where None, all are made on and tried on.
        seed: of the choice.
    """
    keys = draws.keys(x[usable], "held out of a patch", seed)
    each = np.sort(np.unique(keys).astype(np.uint64))
    out = np.isin(keys, each[: round((held_out or 0.0) * len(each))].astype(np.int64))
    made_on, tried_on = usable[~out], usable if held_out is None else usable[out]
    if not len(made_on) or not len(tried_on):
        raise IncompleteError(
            f"{len(usable)} pictures that the model gets right are too few to make a patch and try it",
            remedy="give more pictures",
        )
    return made_on, tried_on


def _universal(given: Given, making: Making) -> Tensor:
    network, device = given.network, given.network.device
    order = np.lexsort((given.y, draws.keys(given.x, "patch", given.seed)))
    x, y = torch.as_tensor(given.x[order], device=device), torch.as_tensor(given.y[order], device=device)
    key = torch.as_tensor(draws.keys(np.zeros((1, 1)), "patch for all", given.seed), device=device)
    return for_all(network, Shown(x, y, torch.full_like(y, given.target)), key, making)


def _own(given: Given, making: Making, slots: int | None) -> Tensor:
    network, x, device = given.network, given.x, given.network.device
    y = torch.as_tensor(given.y, device=device)
    tasks = Tasks(
        torch.as_tensor(x, device=device),
        y,
        torch.zeros(len(x), device=device),
        torch.as_tensor(draws.keys(x, "patch", given.seed), device=device),
        torch.full((len(x), 1), given.target, device=device),
    )
    threat = L0(0.0, making.threat.low, making.threat.high)
    seats = slots or max(1, slots_for(x, None) // making.draws)
    ended = list(run(Course(OwnPatch(making), network, tasks, threat, seats)))
    found = torch.cat([each.found for each in ended])
    order = np.concatenate([each.samples for each in ended]).argsort()
    return found[torch.as_tensor(order, device=device)]
