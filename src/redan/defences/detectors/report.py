"""A detector beside an attacker who knows it."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from redan.attacks.evasion.assault import Plan, Samples, attempts, samples_of
from redan.attacks.evasion.joint import Joint, accepted
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.white_box import apgd, fgsm
from redan.attacks.judge import Labels
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.defences.beside import Attack, Beside, Flags, Left
from redan.defences.detectors.base import Detector, Guarded
from redan.defences.passes import passes
from redan.measures.robustness import rate

WAYS = 3  # of the joint attack, which take turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard the attackers try.

    Args:
        steps: of each run.
        targets: classes that the joint attack goes for, each in three ways.
    """

    steps: int = 100
    targets: int = 3


def beside(
    detector: Detector,
    limit: float,
    module: nn.Module,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    effort: Effort | None = None,
    seed: int = 0,
) -> Beside:
    """Robust accuracy and refusals with a detector, under inputs made without it and by an attacker who knows it.

    An input that is refused breaks nothing; a clean one that is refused is not answered rightly. Who knows the detector
    tries the inputs that were made without it, then the joint attack on both.

    Args:
        detector: scores inputs; it was fitted on others than these.
        limit: above which an input is refused; see `limit_of`.
        module: from inputs to logits, in evaluation mode.
        x: shape (n, ...), in the box.
        y: shape (n,), classes.
        threat: linf or l2.
        effort: of the attackers; the default one when None.
        seed: of the attacks.

    Raises:
        InputError: network, detector, inputs or labels are not fit to be attacked.
    """
    tried = effort or Effort()
    inputs, truth = samples_of(x, y, threat)
    with passes(module) as cost:
        bare, both = Network(module), Network(Guarded(module, detector, limit).eval())
        right = bare.labels(inputs) == truth
        without = Left(bare.labels, inputs, truth, threat, right.copy())
        made = _made(without, _unaware(bare, tried, seed))
        alarms = _refused(both, inputs)
        clean = right & ~alarms
        left = Left(_accepted(both, truth), inputs, truth, threat, clean.copy())
        for name, x_adv, _ in made:
            left.under(f"{name} without it", x_adv)
        unaware = left.robust.copy()
        left.tried([_joint(both, tried, seed)])
        saved = [(name, rate(_refused(both, x_adv)[broken])) for name, x_adv, broken in made]
        spent = cost()
    known = clean & ~without.robust
    return Beside(
        defence=type(detector).__name__.lower(),
        threat=threat,
        clean=rate(clean),
        clean_without=rate(right),
        without=rate(without.robust),
        unaware=rate(unaware),
        aware=rate(left.robust),
        false_alarms=rate(alarms),
        first_breaker=left.broken,
        cost=spent,
        refused=(*saved, ("who knows it", rate(left.robust[known]))),
    )


def _accepted(both: Network, truth: NDArray[np.int64]) -> Labels:
    def labels(values: NDArray[np.float32]) -> NDArray[np.int64]:
        told = both.logits(torch.as_tensor(values, device=both.device))
        answers = accepted(told, torch.as_tensor(truth, device=both.device)).argmax(dim=1)
        return np.asarray(answers.cpu().numpy(), dtype=np.int64)

    return labels


def _unaware(bare: Network, effort: Effort, seed: int) -> list[Attack]:
    def single(x: NDArray[np.float32], y: NDArray[np.int64], threat: Threat) -> Result:
        return fgsm(bare, x, y, threat=threat, seed=seed)

    def entropy(x: NDArray[np.float32], y: NDArray[np.int64], threat: Threat) -> Result:
        return apgd(bare, x, y, threat=threat, seed=seed, steps=effort.steps)

    return [single, entropy]


def _made(left: Left, attacks: list[Attack]) -> list[tuple[str, NDArray[np.float32], Flags]]:
    """What each attack makes of every sample that is right, and what of it breaks the network alone."""
    right, found = left.robust.copy(), []
    for attack in attacks:
        one = Left(left.labels, left.x, left.y, left.threat, right.copy())
        one.tried([attack])
        left.robust &= one.robust
        found += [(name, x_adv, right & ~one.robust) for name, x_adv in one.made]
    return found


def _refused(both: Network, values: NDArray[np.float32]) -> Flags:
    told = both.logits(torch.as_tensor(values, device=both.device))
    return np.asarray((told[:, -1] > 0.0).cpu().numpy(), dtype=np.bool_)


def _joint(both: Network, effort: Effort, seed: int) -> Attack:
    def tried(x: NDArray[np.float32], y: NDArray[np.int64], threat: Threat) -> Result:
        began, before = time.monotonic(), both.meter.read()
        told = both.logits(torch.as_tensor(x, device=both.device))[:, :-1]
        plan = Plan(attack=Joint(steps=effort.steps), targets=effort.targets, restarts=WAYS)
        found, broken, step = x.copy(), np.zeros(len(x), dtype=np.bool_), np.full(len(x), -1, dtype=np.int64)
        for ended in attempts(both, plan, x, y, logits=told, threat=threat, seed=seed):
            broken[ended.samples], step[ended.samples] = ended.broken, ended.step
            found[ended.samples] = ended.found.cpu().numpy()
        cost = both.meter.since(before, time.monotonic() - began)
        return Result(attack="joint", x_adv=found, broken=broken, step=step, cost=cost)

    return tried
