"""What was tried on a model, sample by sample, as the judge has it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.failure.signs import Trust
from redan.errors import InputError
from redan.measures.robustness import Bounds, Curve, Robustness, bounds, robustness

_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A campaign that is over.

    Args:
        threat: as the command line writes it.
        suite: name of it.
        attacker: what the attacker knows, as the end of a sentence.
        attacks: names, in the order in which they ran.
        classes: names, by place.
        y: shape (n,), place of the true class.
        before: shape (n,), place of the class that the model gives without an attack.
        after: shape (n,), the same for the judged inputs.
        breaker: shape (n,), place of the attack that broke a sample first; -1 for none.
        size: shape (n,), norm of the perturbation.
        x: shape (n, ...), inputs.
        x_adv: shape (n, ...), judged inputs; the input itself where nothing broke it.
        cost: of everything.
        trust: whether what is left may be taken for robustness; None when nothing was asked.
        curve: over further radii, if there are any.
        notes: what a reader has to know.
        columns: names of a table's columns; empty for pictures and signals.
        certified: shape (n,), right, and proved to stay right within the threat model; None where nothing was proved.
        proof: what proved it, as the end of a sentence.
        beside: certified, true and empirical robust accuracy at each radius, by its name.
        further: shape (n,) for each further radius, what is broken there.
    """

    threat: str
    suite: str
    attacker: str
    attacks: tuple[str, ...]
    classes: tuple[str, ...]
    y: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    breaker: NDArray[np.int64]
    size: NDArray[np.float64]
    x: NDArray[Any] = field(repr=False)
    x_adv: NDArray[Any] = field(repr=False)
    cost: Cost
    trust: Trust | None = None
    curve: Curve | None = None
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    certified: NDArray[np.bool_] | None = None
    proof: str = ""
    beside: tuple[tuple[str, Bounds], ...] = ()
    further: tuple[NDArray[np.bool_], ...] = ()

    def called(self, names: Sequence[str]) -> "Tried":
        """The same with names of classes instead of their places.

        Args:
            names: of the classes, by place.

        Returns:
            Itself where there are no names, or the data brought names of its own.

        Raises:
            InputError: there are fewer names than classes were seen.
        """
        if not names or self.classes != tuple(str(place) for place in range(len(self.classes))):
            return self
        if len(names) < len(self.classes):
            raise InputError(
                f"{len(names)} names for {len(self.classes)} classes", remedy="name each class, in the model's order"
            )
        return replace(self, classes=tuple(name[:_NAME] for name in names))

    @property
    def clean(self) -> NDArray[np.bool_]:
        """Where the model is right without an attack, shape (n,)."""
        return np.asarray(self.before == self.y)

    @property
    def broken(self) -> NDArray[np.bool_]:
        """What an attack broke, shape (n,)."""
        return np.asarray(self.breaker >= 0)

    @property
    def bounds(self) -> Bounds | None:
        """What is proved beside what survived; None where nothing was proved."""
        if self.certified is None or not len(self.y):
            return None
        return bounds(self.certified, self.clean & ~self.broken)

    def rates(self, confidence: float = 0.95) -> Robustness:
        """Clean and robust accuracy with exact intervals."""
        return robustness(self.clean, self.broken, confidence)
