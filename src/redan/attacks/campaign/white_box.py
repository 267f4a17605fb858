"""A campaign by somebody who has the model: a suite with gradients, and the failure checks."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.evasion.evaluation import Evaluation, evaluate
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.running import Progress
from redan.attacks.failure.diagnosis import Evaluated, diagnose
from redan.attacks.failure.signs import Trust
from redan.attacks.threat import Threat
from redan.measures.robustness import Curve, curve

_BLACK = "square"
_LOSSES = {"apgd-ce": "ce", "pgd": "ce", "fgsm": "ce", "apgd-dlr": "dlr", "apgd-t": "dlr"}


class Campaign(NamedTuple):
    """What is wanted of one.

    Args:
        threat: the threat model.
        suite: name of the attacks.
        radii: further radii for the curve, with the same suite.
        seed: of every draw.
        state: work file of the evaluation at the radius of the threat model.
        progress: is told how far it is.
        watched: samples of the failure checks.
    """

    threat: Threat
    suite: str = "standard"
    radii: tuple[float, ...] = ()
    seed: int = 0
    state: Path | None = None
    progress: Callable[[Progress], None] | None = None
    watched: int = 64


def attack_network(
    network: Network, x: NDArray[np.float32], y: NDArray[np.int64], wanted: Campaign, *, classes: Sequence[str] = ()
) -> Tried:
    """Evaluates a network, and looks for signs that the attacks failed by themselves.

    Args:
        network: what is attacked.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), places of the true classes.
        wanted: threat model, suite and seed.
        classes: their names; their places when empty.

    Raises:
        InputError: network, inputs or labels are not fit to be attacked.
        IncompleteError: the network raised an error; what was done until then is in the work file.
    """
    before = network.labels(x)
    made = evaluate(
        network,
        x,
        y,
        threat=wanted.threat,
        suite=wanted.suite,
        seed=wanted.seed,
        state=wanted.state,
        progress=wanted.progress,
    )
    told = max(int(max(before.max(), y.max(), made.answers.max())) + 1, len(classes))
    drawn, spent = _curve(network, x, y, wanted, made)
    mark, began = network.meter.read(), time.monotonic()
    trusted = _trust(network, x, y, wanted, made)
    checked = network.meter.since(mark, time.monotonic() - began)
    return Tried(
        threat=str(wanted.threat),
        suite=made.suite,
        attacker="knows the model and its weights",
        attacks=made.attacks,
        classes=tuple(classes) if len(classes) == told else tuple(str(place) for place in range(told)),
        y=y,
        before=before,
        after=made.answers,
        breaker=made.breaker,
        size=made.size,
        x=x,
        x_adv=made.x_adv,
        cost=made.cost + spent + checked,
        trust=trusted,
        curve=drawn,
    )


def _trust(network: Network, x: NDArray[np.float32], y: NDArray[np.int64], wanted: Campaign, made: Evaluation) -> Trust:
    """All failure checks; a black box is compared only where it came last and tried what gradients had left."""
    by, last = made.broken_by(), made.attacks[-1] == _BLACK
    black = by.get(_BLACK, np.zeros(len(x), dtype=np.bool_))
    broken = made.breaker >= 0
    found = Evaluated(
        broken=broken,
        white=broken & ~black if last else None,
        black=black if last else None,
        averaged=wanted.suite == "rand",
        losses=tuple(dict.fromkeys(_LOSSES[name] for name in made.attacks if name in _LOSSES)),
    )
    return diagnose(network, x, y, threat=wanted.threat, found=found, n=wanted.watched, seed=wanted.seed)


def _curve(
    network: Network, x: NDArray[np.float32], y: NDArray[np.int64], wanted: Campaign, made: Evaluation
) -> tuple[Curve | None, Cost]:
    """The curve from no attack to the largest radius, and what the further radii cost.

    Only what can change is attacked: what a smaller ball broke is broken in each that holds it, and what a larger one
    left had every point of a smaller one to fall by.
    """
    own, spent = wanted.threat.eps, Cost()
    further = tuple(dict.fromkeys(radius for radius in wanted.radii if radius not in (own, 0.0)))
    if not further or isinstance(own, tuple):
        return None, spent
    fell = {0.0: np.zeros(len(x), dtype=np.bool_), own: made.breaker >= 0}

    def broken_at(radius: float, tried: NDArray[np.bool_]) -> Cost:
        fell[radius], rows = np.zeros(len(x), dtype=np.bool_), np.flatnonzero(tried)
        if not len(rows):
            return Cost()
        threat = type(wanted.threat)(radius, wanted.threat.low, wanted.threat.high)
        suite, seed, told = wanted.suite, wanted.seed, wanted.progress
        at = evaluate(network, x[rows], y[rows], threat=threat, suite=suite, seed=seed, progress=told)
        fell[radius][rows] = at.breaker >= 0
        return at.cost

    inwards = sorted((radius for radius in further if radius < own), reverse=True)
    outwards = sorted(radius for radius in further if radius > own)
    for radius, last in zip(inwards, [own, *inwards], strict=False):
        spent += broken_at(radius, fell[last])
    for radius, last in zip(outwards, [own, *outwards], strict=False):
        spent += broken_at(radius, made.clean & ~fell[last])
        fell[radius] |= fell[last]
    radii = (0.0, own, *further)
    return curve(radii, made.clean, [fell[radius] for radius in radii]), spent
