"""A campaign by somebody who has the model: a suite with gradients, and the failure checks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.parts import SIZE, Part, cut, together
from redan.attacks.campaign.radii import curve_of, radii_of
from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.evasion.assault import clean_logits, samples_of
from redan.attacks.evasion.evaluation import Evaluation, evaluate
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.suites import suite_of
from redan.attacks.failure.diagnosis import Evaluated, diagnose
from redan.attacks.progress import Progress
from redan.attacks.threat import Threat

_BLACK = "square"
_LOSSES = {"apgd-ce": "ce", "pgd": "ce", "fgsm": "ce", "apgd-dlr": "dlr", "apgd-t": "dlr"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCampaign:
    """A suite on a network.

    Args:
        network: what is attacked.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), places of the true classes.
        threat: the threat model.
        suite: name of the attacks.
        radii: further radii for the curve, with the same suite.
        seed: of every draw.
        progress: is told how far a part is.
        watched: samples of the failure checks.
        size: samples of a part.
        slots: samples in flight; no result depends on it.
        notes: what a reader has to know.
    """

    network: Network
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    threat: Threat
    suite: str = "standard"
    radii: tuple[float, ...] = ()
    seed: int = 0
    progress: Callable[[Progress], None] | None = None
    watched: int = 64
    size: int = SIZE
    slots: int | None = None
    notes: tuple[str, ...] = ()

    def parts(self) -> tuple[Part, ...]:
        """Parts of the samples; each is attacked at every radius.

        Raises:
            InputError: inputs, labels or suite are not fit to be attacked; told before anything is.
        """
        suite_of(self.suite, self.threat.norm)
        inputs, labels = samples_of(self.x, self.y, self.threat)
        most = int(labels.argmax())
        clean_logits(self.network, inputs[most : most + 1], labels[most : most + 1])
        return cut(len(inputs), (self.threat.eps,), self.size)

    def attempt(self, part: Part, work: Path | None) -> Tried:
        """Evaluates the network on one part.

        Raises:
            InputError: network, inputs or labels are not fit to be attacked.
            IncompleteError: the network raised an error; what was done until then is in the work file.
        """
        x, y = self.x[part.start : part.stop], self.y[part.start : part.stop]
        made = self._evaluated_at(part.eps, x, y, work)
        fell, spent = self._further(made, x, y, work)
        found = self._tried(made, x, y)
        return replace(found, further=fell, cost=found.cost + spent)

    def _evaluated_at(
        self, eps: float | tuple[float, ...], x: NDArray[np.float32], y: NDArray[np.int64], work: Path | None
    ) -> Evaluation:
        return evaluate(
            self.network,
            x,
            y,
            threat=type(self.threat)(eps, self.threat.low, self.threat.high),
            suite=self.suite,
            seed=self.seed,
            state=work,
            progress=self.progress,
            slots=self.slots,
            probe=self.x[: self.network.chunk],
        )

    def _further(
        self, made: Evaluation, x: NDArray[np.float32], y: NDArray[np.int64], work: Path | None
    ) -> tuple[tuple[NDArray[np.bool_], ...], Cost]:
        """What fell at each further radius, and what that cost.

        Only what can change is attacked: what a smaller ball broke is broken in each that holds it, and what a larger
        one left had every point of a smaller one to fall by.
        """
        own, *further = radii_of(self.threat, self.radii)
        fell, spent = {own: made.breaker >= 0}, Cost()
        for radius, last in _outwards(float(np.max(own)), [float(np.max(one)) for one in further]):
            inner = radius < last
            tried = fell[last] if inner else made.clean & ~fell[last]
            fell[radius], rows = np.zeros(len(x), dtype=np.bool_), np.flatnonzero(tried)
            if len(rows):
                kept = None if work is None else work.with_name(f"{work.name}@{radius:g}")
                at = self._evaluated_at(radius, x[rows], y[rows], kept)
                fell[radius][rows] = at.breaker >= 0
                spent += at.cost
            if not inner:
                fell[radius] |= fell[last]
        return tuple(fell[radius] for radius in further), spent

    def joined(self, tried: Sequence[Tried]) -> Tried:
        """One campaign, with its curve and the failure checks."""
        whole = together(tried)
        mark, began = self.network.meter.read(), time.monotonic()
        trust = diagnose(
            self.network,
            self.x,
            self.y,
            threat=self.threat,
            found=self._evaluated(whole),
            n=self.watched,
            seed=self.seed,
        )
        checked = self.network.meter.since(mark, time.monotonic() - began)
        fell = (whole.broken, *whole.further)
        drawn = curve_of(radii_of(self.threat, self.radii), whole.clean, fell)
        return replace(whole, threat=str(self.threat), trust=trust, cost=whole.cost + checked, curve=drawn)

    def _tried(self, made: Evaluation, x: NDArray[np.float32], y: NDArray[np.int64]) -> Tried:
        before = np.where(made.breaker >= 0, y, made.answers)  # only what was right is ever attacked
        told = int(max(before.max(), y.max(), made.answers.max())) + 1
        return Tried(
            threat=str(made.threat),
            suite=made.suite,
            attacker="knows the model and its weights",
            attacks=made.attacks,
            classes=tuple(str(place) for place in range(told)),
            y=y,
            before=before,
            after=made.answers,
            breaker=made.breaker,
            size=made.size,
            x=x,
            x_adv=made.x_adv,
            cost=made.cost,
            notes=self.notes,
        )

    def _evaluated(self, whole: Tried) -> Evaluated:
        """A black box is compared only where it came last and tried what gradients had left."""
        last = whole.attacks[-1] == _BLACK
        black = whole.breaker == whole.attacks.index(_BLACK) if last else np.zeros(len(self.x), dtype=np.bool_)
        return Evaluated(
            broken=whole.broken,
            white=whole.broken & ~black if last else None,
            black=black if last else None,
            averaged=self.suite == "rand",
            losses=tuple(dict.fromkeys(_LOSSES[name] for name in whole.attacks if name in _LOSSES)),
        )


def _outwards(own: float, further: Sequence[float]) -> list[tuple[float, float]]:
    """Each further radius with the one that is looked at before it: first inwards from the own, then outwards."""
    inwards = sorted((radius for radius in further if radius < own), reverse=True)
    outwards = sorted(radius for radius in further if radius > own)
    return [*zip(inwards, [own, *inwards], strict=False), *zip(outwards, [own, *outwards], strict=False)]
