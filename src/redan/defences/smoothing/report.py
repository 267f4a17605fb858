"""Smoothing between its two bounds: what is certified, and what an attacker who knows the smoothing leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from redan.attacks.cost import Cost
from redan.attacks.evasion.assault import Samples, samples_of
from redan.attacks.evasion.white_box import apgd
from redan.attacks.judge import judge
from redan.attacks.threat import L2
from redan.defences.passes import passes
from redan.defences.smoothing.certificates import Certificates
from redan.defences.smoothing.smoothed import Smoothed
from redan.defences.smoothing.votes import ALPHA, COPIES, FIRST, certify, predict
from redan.errors import InputError
from redan.measures.robustness import Bounds, bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is sampled, and how hard the attacker tries.

    Args:
        first: noisy copies from which an answer is guessed.
        copies: from which its share is bounded.
        alpha: probability of a wrong certificate, at most.
        steps: of Auto-PGD at each radius.
        draws: copies over which the attacker takes the mean.
        votes: copies by which the judge tells the smoothed network's answer.
    """

    first: int = FIRST
    copies: int = COPIES
    alpha: float = ALPHA
    steps: int = 50
    draws: int = 16
    votes: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """A smoothed network at several radii.

    Args:
        radii: in l2.
        bounds: certified, true and empirical robust accuracy at each of them.
        certificates: of the inputs.
        cost: of certificates, attacks and judging.
    """

    radii: tuple[float, ...]
    bounds: tuple[Bounds, ...]
    certificates: Certificates
    cost: Cost


def beside(
    module: nn.Module,
    x: Samples,
    y: Samples,
    *,
    sigma: float,
    radii: Sequence[float],
    box: tuple[float, float] = (0.0, 1.0),
    effort: Effort | None = None,
    certificates: Certificates | None = None,
    seed: int = 0,
) -> Smoothing:
    """Certified accuracy of a smoothed network, with what an attacker who knows the smoothing leaves beside it.

    The attacker runs Auto-PGD on the mean over noise (Salman et al.). The judge samples other noise; an input is broken
    where the majority is another class for certain, so where the smoothed network abstains, it has survived.

    Args:
        module: below the smoothing, in evaluation mode.
        x: shape (n, ...), in the box.
        y: shape (n,), classes.
        sigma: standard deviation of the noise.
        radii: in l2, each above 0.
        box: valid inputs, to which the attacker keeps; certificates hold outside of it as well.
        effort: of sampling and attack; the default one when None.
        certificates: of these inputs under this noise, where there are some already; they are sampled when None.
        seed: of all noise.

    Raises:
        InputError: network, inputs, labels or numbers are not fit for it.
    """
    tried = effort or Effort()
    threats = [L2(float(radius), *box) for radius in radii]
    inputs, truth = samples_of(x, y, L2(0.0, *box))
    if certificates is not None and (len(certificates.answers), certificates.sigma) != (len(inputs), sigma):
        raise InputError(
            f"{len(certificates.answers)} certificates at noise of {certificates.sigma:g} for {len(inputs)} inputs",
            remedy="give one for each input, at the same noise",
        )

    def labels(values: NDArray[np.float32]) -> NDArray[np.int64]:
        told = predict(module, values, sigma=sigma, copies=tried.votes, alpha=tried.alpha, seed=seed + 1)
        return np.where(told < 0, truth, told)

    with passes(module) as cost:
        found = certificates or certify(
            module, inputs, sigma=sigma, first=tried.first, copies=tried.copies, alpha=tried.alpha, seed=seed
        )
        seen, wrong, parts = Smoothed(module, sigma, tried.draws, seed), labels(inputs) != truth, []
        for threat in threats:
            made = apgd(seen, inputs, truth, threat=threat, steps=tried.steps, seed=seed)
            broken = judge(labels, inputs, truth, made.x_adv, threat).broken
            parts.append(bounds(found.certified(truth, float(threat.radii(1)[0])), ~(broken | wrong)))
        spent = cost()
    return Smoothing(radii=tuple(float(r) for r in radii), bounds=tuple(parts), certificates=found, cost=spent)
