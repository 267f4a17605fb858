"""A campaign that looks for the nearest adversarial input of each sample, and so for the curve at every radius."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.parts import Part
from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.evasion.min_norm import ddn, fmn
from redan.attacks.evasion.network import Network
from redan.attacks.failure.diagnosis import Evaluated, diagnose
from redan.attacks.threat import Threat
from redan.errors import UsageError
from redan.measures.robustness import curve_of_sizes

SUITE = "minimum"
_TARGETS = 3
_POINTS = 21  # of the curve, to twice the radius


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumCampaign:
    """FMN towards three classes, and DDN beside it for l2: what is nearest of all counts.

    Args:
        network: what is attacked.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), places of the true classes.
        threat: the threat model.
        radii: further radii of the curve.
        seed: of every draw.
        watched: samples of the failure checks.
        notes: what a reader has to know.
    """

    network: Network
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    threat: Threat
    radii: tuple[float, ...] = ()
    seed: int = 0
    watched: int = 64
    notes: tuple[str, ...] = ()

    def parts(self) -> tuple[Part, ...]:
        """All samples at once, as one run gives every radius."""
        return (Part(0, 0, len(self.x), self.threat.eps),)

    def attempt(self, part: Part, work: Path | None) -> Tried:
        """Looks for the nearest adversarial input of each sample.

        Raises:
            UsageError: a work file is asked for, which these attacks do not keep.
            InputError: network, inputs or labels are not fit to be attacked.
        """
        del part
        if work is not None:
            raise UsageError("minimum-norm attacks keep no work file", remedy="leave out --work, or use another suite")
        before = self.network.labels(self.x)
        runs = [fmn(self.network, self.x, self.y, threat=self.threat, seed=self.seed, targets=_TARGETS)]
        if self.threat.norm == "l2":
            runs.append(ddn(self.network, self.x, self.y, threat=self.threat, seed=self.seed))
        sizes = np.stack([run.distance for run in runs])
        first, size, right = sizes.argmin(axis=0), sizes.min(axis=0), runs[0].right
        fell = right & (size <= self.threat.radii(len(self.x)))
        points = np.stack([run.x_adv for run in runs])[first, np.arange(len(self.x))]
        x_adv = np.where(fell.reshape(-1, *[1] * (self.x.ndim - 1)), points, self.x)
        after = self.network.labels(x_adv)
        told = int(max(before.max(), self.y.max(), after.max())) + 1
        return Tried(
            threat=str(self.threat),
            suite=SUITE,
            attacker="knows the model and its weights",
            attacks=tuple(run.attack for run in runs),
            classes=tuple(str(place) for place in range(told)),
            y=self.y,
            before=before,
            after=after,
            breaker=np.where(fell, first, -1),
            size=np.where(fell, size, 0.0),
            x=self.x,
            x_adv=x_adv,
            cost=sum((run.cost for run in runs), Cost()),
            curve=curve_of_sizes(size, right, self._points()),
            notes=(*self.notes, *_median(size[right])),
        )

    def joined(self, tried: Sequence[Tried]) -> Tried:
        """The one part, with the failure checks."""
        whole = tried[0]
        mark, began = self.network.meter.read(), time.monotonic()
        trust = diagnose(
            self.network,
            self.x,
            self.y,
            threat=self.threat,
            found=Evaluated(broken=whole.broken, losses=("dlr", "ce")[: len(whole.attacks)]),
            n=self.watched,
            seed=self.seed,
        )
        return replace(whole, trust=trust, cost=whole.cost + self.network.meter.since(mark, time.monotonic() - began))

    def _points(self) -> list[float]:
        own = self.threat.eps
        most = max(own) if isinstance(own, tuple) else own
        further = () if isinstance(own, tuple) else (own, *self.radii)
        return sorted({*np.linspace(0.0, 2.0 * most, _POINTS).tolist(), *further})


def _median(size: NDArray[np.float64]) -> tuple[str, ...]:
    if not len(size):
        return ()
    middle = float(np.median(size))
    if not np.isfinite(middle):
        return ("Of more than half of the samples that the model gets right, no adversarial input was found.",)
    return (f"The median distance to the nearest adversarial input that was found is {middle:.4g}.",)
