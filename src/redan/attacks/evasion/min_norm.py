"""Minimum-norm attacks as a notebook calls them: the smallest adversarial input of each sample that they find.

The radius of the threat model only says whom the result calls broken: distances are told beyond it as well, and
`Nearest.curve` reads the robust accuracy at any radius from the one run.
"""

import math

from torch import nn

from redan.attacks.evasion.assault import Samples
from redan.attacks.evasion.cw import Cw
from redan.attacks.evasion.ddn import Ddn
from redan.attacks.evasion.fmn import Fmn
from redan.attacks.evasion.nearest import nearest
from redan.attacks.evasion.network import Network
from redan.attacks.result import Nearest
from redan.attacks.threat import Threat
from redan.errors import InputError


def fmn(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    steps: int = 100,
    size: float = 1.0,
    targets: int = 0,
    slots: int | None = None,
) -> Nearest:
    """Fast minimum-norm attack, which looks for the smallest ball that holds an adversarial input.

    Source: Pintor et al., NeurIPS 2021 (arXiv 2102.12827).

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: linf, l2, l1 or l0.
        seed: of the draws.
        steps: passes for each sample.
        size: Euclidean length of the first step, as a share of the width of the box.
        targets: classes gone for, from the second most likely on, each in a run of its own; 0 for one run that goes for
            the class that is nearest at the time. Three find clearly smaller distances than one.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: a setting is 0 or less, or model, inputs or labels are not fit to be attacked.
    """
    _positive(steps=steps, size=size)
    return nearest(model, Fmn(steps=steps, size=size), x, y, threat, targets=targets, seed=seed, slots=slots)


def ddn(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    steps: int = 100,
    radius: float = 1.0,
    slots: int | None = None,
) -> Nearest:
    """Decoupled direction and norm, for l2.

    Source: Rony et al., CVPR 2019 (arXiv 1811.09600).

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: l2.
        seed: of the draws.
        steps: passes for each sample.
        radius: the first one, as a share of the width of the box.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: the norm is another, a setting is 0 or less, or model, inputs or labels are not fit to be attacked.
    """
    _only_l2(threat, "ddn")
    _positive(steps=steps, radius=radius)
    return nearest(model, Ddn(steps=steps, radius=radius), x, y, threat, seed=seed, slots=slots)


def cw(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    steps: int = 1000,
    searches: int = 9,
    weight: float = 1e-3,
    rate: float = 0.01,
    confidence: float = 0.0,
    slots: int | None = None,
) -> Nearest:
    """Carlini and Wagner's attack, for l2.

    Source: Carlini and Wagner, IEEE S&P 2017 (arXiv 1608.04644).

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: l2.
        seed: of the draws.
        steps: of each round, at most.
        searches: rounds, each with another weight of the margin.
        weight: of the margin in the first round; ten times as much in the next while nothing was found.
        rate: of Adam.
        confidence: margin, in logits, that rounds aim for; points with a smaller one count as well.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: the norm is another, a setting is 0 or less, or model, inputs or labels are not fit to be attacked.
    """
    _only_l2(threat, "cw")
    _positive(steps=steps, searches=searches, weight=weight, rate=rate)
    attack = Cw(steps=steps, searches=searches, weight=weight, rate=rate, confidence=confidence)
    return nearest(model, attack, x, y, threat, seed=seed, slots=slots)


def _only_l2(threat: Threat, name: str) -> None:
    if threat.norm != "l2":
        raise InputError(f"{name} is an attack for l2, not {threat.norm}", remedy="use fmn, or an l2 threat model")


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise InputError(f"{name} is {number}", remedy="give a number of more than 0")
