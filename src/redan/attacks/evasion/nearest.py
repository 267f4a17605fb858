"""One minimum-norm attack on an array of samples: the pool looks at any distance, the judge measures what it finds."""

import math
import time

import numpy as np
from numpy.typing import NDArray
from torch import nn

from redan.attacks.evasion.assault import Plan, Samples, assault, network_of, samples_of
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import Attack
from redan.attacks.judge import judge
from redan.attacks.result import Nearest
from redan.attacks.threat import Threat

_JUDGED = 1024


def nearest(
    model: nn.Module | Network,
    attack: Attack,
    x: Samples,
    y: Samples,
    threat: Threat,
    *,
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
        seed: of the draws.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    network = network_of(model)
    inputs, truth = samples_of(x, y, threat)
    radii = threat.radii(len(inputs))
    whole = type(threat)(widest(inputs, threat), threat.low, threat.high)
    before, began = network.meter.read(), time.monotonic()
    found = assault(network, Plan(attack=attack), inputs, truth, whole, seed=seed, slots=slots)
    distance = _measured(network, inputs, truth, found.x_adv, whole)
    broken = distance <= radii
    return Nearest(
        attack=found.attack,
        x_adv=found.x_adv,
        broken=broken,
        step=np.where(broken, found.step, -1),
        cost=network.meter.since(before, time.monotonic() - began),
        distance=distance,
        right=found.step != 0,
    )


def widest(x: NDArray[np.float32], threat: Threat) -> float:
    """A radius that no two points of the box are apart by more than."""
    width, values = threat.high - threat.low, x[0].size
    pixels = values // x.shape[1] if x.ndim == 4 else values  # noqa: PLR2004 -- pictures
    sizes = {"linf": width, "l2": width * math.sqrt(values), "l1": width * values, "l0": float(pixels)}
    return float(sizes[threat.norm] * (1.0 + 1e-6))


def _measured(
    network: Network, x: NDArray[np.float32], y: NDArray[np.int64], x_adv: NDArray[np.float32], whole: Threat
) -> NDArray[np.float64]:
    parts = []
    for start in range(0, len(x), _JUDGED):
        rows = slice(start, start + _JUDGED)
        judged = judge(network.labels, x[rows], y[rows], x_adv[rows], whole)
        parts.append(np.where(judged.broken, judged.size, np.inf))
    return np.concatenate(parts)
