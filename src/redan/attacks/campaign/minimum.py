"""A campaign that looks for the nearest adversarial input of each sample, and so for the curve at every radius."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.evasion.min_norm import ddn, fmn
from redan.attacks.evasion.network import Network
from redan.attacks.failure.diagnosis import Evaluated, diagnose
from redan.errors import UsageError
from redan.measures.robustness import curve_of_sizes

if TYPE_CHECKING:
    from redan.attacks.campaign.white_box import Campaign

SUITE = "minimum"
_TARGETS = 3
_POINTS = 21  # of the curve, to twice the radius


def attack_minimum(
    network: Network, x: NDArray[np.float32], y: NDArray[np.int64], wanted: "Campaign", *, classes: Sequence[str] = ()
) -> Tried:
    """FMN towards three classes, and DDN beside it for l2: what is nearest of all counts.

    Args:
        network: what is attacked.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), places of the true classes.
        wanted: threat model, further radii of the curve, and seed.
        classes: their names; their places when empty.

    Raises:
        UsageError: a work file is asked for, which these attacks do not keep.
        InputError: network, inputs or labels are not fit to be attacked.
    """
    if wanted.state is not None:
        raise UsageError("minimum-norm attacks keep no work file", remedy="leave out --work, or use another suite")
    threat, seed, before = wanted.threat, wanted.seed, network.labels(x)
    runs = [fmn(network, x, y, threat=threat, seed=seed, targets=_TARGETS)]
    runs += [ddn(network, x, y, threat=threat, seed=seed)] if threat.norm == "l2" else []
    sizes = np.stack([run.distance for run in runs])
    first, size, right = sizes.argmin(axis=0), sizes.min(axis=0), runs[0].right
    fell = right & (size <= threat.radii(len(x)))
    points = np.stack([run.x_adv for run in runs])[first, np.arange(len(x))]
    x_adv = np.where(fell.reshape(-1, *[1] * (x.ndim - 1)), points, x)
    after = network.labels(x_adv)
    mark, began = network.meter.read(), time.monotonic()
    losses = ("dlr", "ce")[: len(runs)]
    trusted = diagnose(
        network, x, y, threat=threat, found=Evaluated(broken=fell, losses=losses), n=wanted.watched, seed=seed
    )
    told = max(int(max(before.max(), y.max(), after.max())) + 1, len(classes))
    return Tried(
        threat=str(threat),
        suite=SUITE,
        attacker="knows the model and its weights",
        attacks=tuple(run.attack for run in runs),
        classes=tuple(classes) if len(classes) == told else tuple(str(place) for place in range(told)),
        y=y,
        before=before,
        after=after,
        breaker=np.where(fell, first, -1),
        size=np.where(fell, size, 0.0),
        x=x,
        x_adv=x_adv,
        cost=sum((run.cost for run in runs), Cost()) + network.meter.since(mark, time.monotonic() - began),
        trust=trusted,
        curve=curve_of_sizes(size, right, _radii(wanted)),
        notes=_median(size[right]),
    )


def _radii(wanted: "Campaign") -> list[float]:
    own = wanted.threat.eps
    most = max(own) if isinstance(own, tuple) else own
    further = () if isinstance(own, tuple) else (own, *wanted.radii)
    return sorted({*np.linspace(0.0, 2.0 * most, _POINTS).tolist(), *further})


def _median(size: NDArray[np.float64]) -> tuple[str, ...]:
    if not len(size):
        return ()
    middle = float(np.median(size))
    if not np.isfinite(middle):
        return ("Of more than half of the samples that the model gets right, no adversarial input was found.",)
    return (f"The median distance to the nearest adversarial input that was found is {middle:.4g}.",)
