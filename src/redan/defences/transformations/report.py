"""A transformation beside an attacker who knows it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from redan.attacks.evasion.assault import Samples, samples_of
from redan.attacks.evasion.black_box import square
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.white_box import apgd
from redan.attacks.failure.diagnosis import unconstrained
from redan.attacks.failure.signs import Sign
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.defences.beside import Attack, Beside, Left
from redan.defences.passes import passes
from redan.defences.transformations.base import Known, Transformation
from redan.measures.robustness import paired, rate

_LATER = 1000  # numbers of draws that judge begin here, those of the attacker at 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard the attackers try.

    Args:
        steps: of each run of Auto-PGD.
        targets: classes that its targeted run goes for.
        queries: of the attack that asks for scores only, for each sample; 0 to leave it out.
        draws: over which the attacker averages a transformation that draws.
        votes: further draws whose majority is the answer of a transformation that draws.
    """

    steps: int = 100
    targets: int = 3
    queries: int = 1000
    draws: int = 16
    votes: int = 25


def beside(
    transformation: Transformation,
    module: nn.Module,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    effort: Effort | None = None,
    seed: int = 0,
) -> Beside:
    """Robust accuracy with a transformation, under inputs made without it and by attackers who know it.

    Those who know it try the inputs made without it, then Auto-PGD through the substitute (BPDA), averaged over draws
    where it draws (EoT), on cross-entropy and towards classes, then Square Attack, which needs no gradient.

    Args:
        transformation: before the network.
        module: from inputs to logits, in evaluation mode.
        x: shape (n, ...), in the box.
        y: shape (n,), classes.
        threat: linf, l2 or l1.
        effort: of the attackers; the default one when None.
        seed: of the attacks.

    Raises:
        InputError: network, inputs or labels are not fit to be attacked.
    """
    tried = effort or Effort()
    inputs, truth = samples_of(x, y, threat)
    with passes(module) as cost:
        bare, answers = Network(module), Network(Deployed(transformation, module, tried.votes))
        right = bare.labels(inputs) == truth
        without = Left(bare.labels, inputs, truth, threat, right.copy())
        without.tried(_white_box(module, tried, seed))
        clean = answers.labels(inputs) == truth
        left = Left(answers.labels, inputs, truth, threat, clean.copy())
        for name, x_adv in without.made:
            left.under(f"{name} without it", x_adv)
        unaware = left.robust.copy()
        known = Known(transformation, module, tried.draws)
        left.tried(_white_box(known, tried, seed))
        if tried.queries:
            left.tried([_scores(known, tried.queries, seed)])
        spent = cost()
    return Beside(
        defence=type(transformation).__name__.lower(),
        threat=threat,
        clean=rate(clean),
        clean_without=rate(right),
        without=rate(without.robust),
        unaware=rate(unaware),
        aware=rate(left.robust),
        false_alarms=None,
        first_breaker=left.broken,
        cost=spent,
        robustness=paired(~left.robust, ~without.robust),
        accuracy=paired(~clean, ~right),
    )


def without_limit(
    transformation: Transformation, module: nn.Module, x: Samples, y: Samples, *, threat: Threat, seed: int = 0
) -> Sign:
    """Whether an attacker who knows the transformation, and may change everything, leaves samples as they were.

    Then what holds in the ball holds for the attacker's reasons, and says nothing of the transformation.

    Args:
        transformation: before the network.
        module: from inputs to logits.
        x: shape (n, ...), in the box.
        y: shape (n,).
        threat: whose norm and box are taken.
        seed: of the attack.
    """
    inputs, truth = samples_of(x, y, threat)
    side, size = threat.high - threat.low, inputs[0].size
    radius = side * {"linf": 1.0, "l2": size**0.5, "l1": float(size)}.get(threat.norm, float(size))
    whole = type(threat)(radius, threat.low, threat.high)
    known = Known(transformation, module)
    right = Network(known).labels(inputs) == truth
    fell = np.zeros(len(inputs), dtype=np.bool_)
    if right.any():
        rows = np.flatnonzero(right)
        fell[rows] = apgd(known, inputs[rows], truth[rows], threat=whole, seed=seed, loss="dlr").broken
    return unconstrained(fell[right])


class Deployed(nn.Module):  # type: ignore[misc]
    """The defended network as the judge asks it; where the transformation draws, by the majority of further draws."""

    def __init__(self, transformation: Transformation, module: nn.Module, votes: int) -> None:
        """Votes of a transformation without chance are one."""
        super().__init__()
        self.transformation, self.module = transformation, module
        self.votes = votes if transformation.random else 1
        self.train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, or the number of votes for each class."""
        if self.votes == 1:
            return self.module(self.transformation.at(x, 0))
        told = [self.module(self.transformation.at(x, _LATER + number)) for number in range(self.votes)]
        votes = [functional.one_hot(logits.argmax(1), logits.shape[1]) for logits in told]
        return torch.stack(votes).sum(0).float()


def _white_box(module: nn.Module, effort: Effort, seed: int) -> list[Attack]:
    def entropy(x: NDArray[np.float32], y: NDArray[np.int64], threat: Threat) -> Result:
        return apgd(module, x, y, threat=threat, seed=seed, steps=effort.steps)

    def targeted(x: NDArray[np.float32], y: NDArray[np.int64], threat: Threat) -> Result:
        return apgd(
            module, x, y, threat=threat, seed=seed, steps=effort.steps, loss="dlr-targeted", targets=effort.targets
        )

    return [entropy, targeted]


def _scores(module: nn.Module, queries: int, seed: int) -> Attack:
    def asked(x: NDArray[np.float32], y: NDArray[np.int64], threat: Threat) -> Result:
        return square(module, x, y, threat=threat, queries=queries, seed=seed)

    return asked
