"""One minimum-norm attack on an array of samples: the pool looks at any distance, the judge measures what it finds."""

import math
import time
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.attacks.evasion import draws
from redan.attacks.evasion.assault import (
    Plan,
    Samples,
    clean_logits,
    network_of,
    samples_of,
    slots_for,
    stages_of,
)
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import Attack, Course, Tasks, run
from redan.attacks.judge import judge
from redan.attacks.result import Nearest
from redan.attacks.threat import Threat

_BLOCK = 1024


class _Given(NamedTuple):
    """Some samples that the network gets right, what it says of them, and their keys."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    logits: Tensor
    keys: NDArray[np.int64]


class _Found(NamedTuple):
    """The nearest points of some samples, and the steps of the runs that found them; -1 where none did."""

    points: NDArray[np.float32]
    steps: NDArray[np.int64]


def nearest(
    model: nn.Module | Network,
    attack: Attack,
    x: Samples,
    y: Samples,
    threat: Threat,
    *,
    targets: int = 0,
    seed: int = 0,
    slots: int | None = None,
) -> Nearest:
    """The nearest adversarial input of each sample, wherever it lies in the box.

    Args:
        model: a module in evaluation mode, or a network.
        attack: one of minimum norm.
        x: shape (n, ...).
        y: shape (n,).
        threat: norm and box; its radius says which samples count as broken.
        targets: classes gone for, from the second most likely on, each in a run of its own; 0 for none in particular.
        seed: of the draws.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    network = network_of(model)
    inputs, truth = samples_of(x, y, threat)
    radii = threat.radii(len(inputs))
    whole = type(threat)(widest(inputs, threat), threat.low, threat.high)
    plan, before, began = Plan(attack=attack, targets=targets), network.meter.read(), time.monotonic()
    logits = clean_logits(network, inputs, truth)
    right = np.asarray(logits.argmax(dim=1).cpu().numpy() == truth)
    x_adv, distance, step = inputs.copy(), np.where(right, np.inf, 0.0), np.zeros(len(inputs), dtype=np.int64)
    for rows in _parts(np.flatnonzero(right), max(1, _BLOCK // max(1, targets))):
        told = logits[torch.as_tensor(rows, device=logits.device)]
        given = _Given(inputs[rows], truth[rows], told, draws.keys(inputs[rows], attack.name, seed))
        found = _nearest(network, plan, given, whole, slots)
        judged = judge(network.labels, inputs[rows], truth[rows], found.points, whole)
        x_adv[rows[judged.broken]] = found.points[judged.broken]
        distance[rows] = np.where(judged.broken, judged.size, np.inf)
        step[rows] = found.steps
    broken = distance <= radii
    return Nearest(
        attack=attack.name,
        x_adv=x_adv,
        broken=broken,
        step=np.where(broken, step, -1),
        cost=network.meter.since(before, time.monotonic() - began),
        distance=distance,
        right=right,
    )


def widest(x: NDArray[np.float32], threat: Threat) -> float:
    """A radius that no two points of the box are apart by more than."""
    width, values = threat.high - threat.low, x[0].size
    pixels = values // x.shape[1] if x.ndim == 4 else values  # noqa: PLR2004 -- pictures
    sizes = {"linf": width, "l2": width * math.sqrt(values), "l1": width * values, "l0": float(pixels)}
    return float(sizes[threat.norm] * (1.0 + 1e-6))


def _nearest(network: Network, plan: Plan, given: _Given, whole: Threat, slots: int | None) -> _Found:
    """Runs for every class in turn are tasks of their own, of which the first of the smallest counts."""
    device, x = network.device, given.x
    truth = torch.as_tensor(given.y, device=device)
    classes = stages_of(plan, given.logits, truth)
    each = classes.shape[1]
    tasks = Tasks(
        torch.as_tensor(x, device=device).repeat_interleave(each, dim=0),
        truth.repeat_interleave(each),
        torch.as_tensor(whole.radii(len(x) * each), device=device),
        torch.as_tensor(given.keys, device=device).repeat_interleave(each),
        classes.reshape(-1, 1),
    )
    starts = np.repeat(x, each, axis=0)
    points, steps = starts.copy(), np.full(len(starts), -1, dtype=np.int64)
    for ended in run(Course(plan.attack, network, tasks, whole, slots_for(x, slots))):
        hits = ended.samples[ended.broken]
        points[hits] = ended.found.cpu().numpy()[ended.broken]
        steps[ended.samples] = ended.step
    sizes = np.where(steps >= 0, whole.sizes(points - starts), np.inf).reshape(-1, each)
    best = sizes.argmin(axis=1) + np.arange(len(x)) * each
    return _Found(points[best], steps[best])


def _parts(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
