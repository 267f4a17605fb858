"""What a defence leaves to an attacker who does not know it, and to one who does; the first is worth nothing alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.judge import Labels, judge
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.measures.robustness import Paired, Rate

Flags: TypeAlias = NDArray[np.bool_]
Attack: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.int64], Threat], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A defence beside an attacker who knows it: there is no such record without one.

    Each share is of all samples; robust are those that were right, and that nothing broke.

    Args:
        defence: name.
        threat: the threat model.
        clean: accuracy with the defence; an input that is refused is not answered rightly.
        clean_without: accuracy of the network alone.
        without: robust accuracy of the network alone.
        unaware: robust accuracy with the defence, under the inputs that were made for the network alone.
        aware: the same, under an attacker who knows the defence, as well; an upper bound, for attacks that failed prove
            nothing.
        false_alarms: share of clean inputs that a detector refuses; None where there is no detector.
        refused: of the inputs with which an attack breaks the network alone, the share that a detector refuses, for
            each attack; last, for who knows it, the share of those samples that it saves. Empty without a detector.
        first_breaker: by which of the attacks how many samples were broken first.
        cost: of all attacks and their judging, as passes of the network below the defence.
        robustness: robust accuracy with the defence, under who knows it, less that of the network alone, sample by
            sample; None where it was not compared.
        accuracy: the same of accuracy without an attack.
    """

    defence: str
    threat: Threat
    clean: Rate
    clean_without: Rate
    without: Rate
    unaware: Rate
    aware: Rate
    false_alarms: Rate | None
    first_breaker: tuple[tuple[str, int], ...]
    cost: Cost
    refused: tuple[tuple[str, Rate], ...] = ()
    robustness: Paired | None = None
    accuracy: Paired | None = None

    @property
    def gained(self) -> float:
        """Robust accuracy that the defence adds against an attacker who knows it; below zero when it takes some."""
        return (self.aware.value or 0.0) - (self.without.value or 0.0)


@dataclass(slots=True)
class Left:
    """Samples that are still robust, while one attack after the other is tried on them.

    Args:
        labels: of the defended network, as the judge asks; row by row those of `x`.
        x: shape (n, ...).
        y: shape (n,).
        threat: the threat model.
        robust: shape (n,), changed by `under` and `tried`.
        broken: names of attacks with how many samples they broke first.
        made: what each attack proposed, with its name.
    """

    labels: Labels
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    threat: Threat
    robust: Flags
    broken: tuple[tuple[str, int], ...] = ()
    made: list[tuple[str, NDArray[np.float32]]] = field(default_factory=list)

    def under(self, name: str, x_adv: NDArray[Any]) -> None:
        """Takes away what the judge finds broken by inputs that are already there."""
        fallen = self.robust & judge(self.labels, self.x, self.y, x_adv, self.threat).broken
        self.robust = self.robust & ~fallen
        self.broken += ((name, int(fallen.sum())),)

    def tried(self, attacks: Sequence[Attack]) -> None:
        """Tries attacks in their order, each on what the ones before left."""
        for attack in attacks:
            rows = np.flatnonzero(self.robust)
            if not len(rows):
                return
            result = attack(self.x[rows], self.y[rows], part(self.threat, rows, len(self.x)))
            x_adv = self.x.copy()
            x_adv[rows] = result.x_adv
            self.made.append((result.attack, x_adv))
            self.under(result.attack, x_adv)


def part(threat: Threat, rows: NDArray[np.int64], n: int) -> Threat:
    """The threat model of some of n samples."""
    if not isinstance(threat.eps, tuple):
        return threat
    return type(threat)(tuple(float(r) for r in threat.radii(n)[rows]), threat.low, threat.high)
