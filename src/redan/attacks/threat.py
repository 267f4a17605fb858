"""Threat models: how far an attacker may move an input, and where inputs end."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

Norm: TypeAlias = Literal["linf", "l2", "l1", "l0"]
_ORDERS: dict[Norm, float] = {"linf": math.inf, "l2": 2.0, "l1": 1.0, "l0": 0.0}
_TEXT = re.compile(r"(linf|l2|l1|l0):([0-9.eE+-]+)(?:/([0-9.eE+-]+))?")


@dataclass(frozen=True, slots=True)
class Threat:
    """A ball around each input, cut by the box of valid inputs.

    Args:
        eps: radius, in the unit of the inputs; one for all, or one per sample.
        low: least valid value.
        high: largest valid value.

    Raises:
        InputError: a radius is negative or no number, or the box is empty.
    """

    norm: ClassVar[Norm]
    eps: float | tuple[float, ...]
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        """Refuses what is no ball."""
        if not self.low < self.high:
            raise InputError(f"the box from {self.low} to {self.high} is empty", remedy="give low below high")
        radii = self.eps if isinstance(self.eps, tuple) else (self.eps,)
        if not radii or not all(math.isfinite(r) and r >= 0 for r in radii):
            raise InputError("a radius is negative or no number", remedy="give 0 or more")

    def radii(self, n: int) -> NDArray[np.float32]:
        """The radius of each of n samples, shape (n,).

        Raises:
            InputError: there are as many radii as other samples.
        """
        if isinstance(self.eps, tuple) and len(self.eps) != n:
            raise InputError(f"{len(self.eps)} radii for {n} samples", remedy="give one radius per sample, or one")
        return np.broadcast_to(np.asarray(self.eps, dtype=np.float32), (n,)).copy()

    def sizes(self, moved: NDArray[np.floating]) -> NDArray[np.float64]:
        """The norm of each perturbation, shape (n,).

        Args:
            moved: shape (n, ...); for l0, a pixel counts once over its channels, as axis 1 of four.
        """
        flat = moved.reshape(len(moved), -1).astype(np.float64)
        if self.norm != "l0":
            return np.asarray(np.linalg.norm(flat, ord=_ORDERS[self.norm], axis=1))
        changed = moved != 0
        if moved.ndim == 4:  # noqa: PLR2004 -- pictures: sample, channel, row, column
            changed = changed.any(axis=1)
        return np.asarray(changed.reshape(len(moved), -1).sum(axis=1), dtype=np.float64)

    def __str__(self) -> str:
        """As the command line takes it, `linf:0.03`."""
        if isinstance(self.eps, tuple):
            return f"{self.norm}:per-sample"
        return f"{self.norm}:{self.eps:g}"


class Linf(Threat):
    """No value moves by more than eps."""

    __slots__ = ()
    norm = "linf"


class L2(Threat):
    """The Euclidean length of the perturbation is at most eps."""

    __slots__ = ()
    norm = "l2"


class L1(Threat):
    """The absolute changes sum to eps at most."""

    __slots__ = ()
    norm = "l1"


class L0(Threat):
    """At most eps values, or pixels of a picture, change."""

    __slots__ = ()
    norm = "l0"


KINDS: dict[Norm, type[Threat]] = {"linf": Linf, "l2": L2, "l1": L1, "l0": L0}


def parse(text: str, box: Sequence[float] = (0.0, 1.0)) -> Threat:
    """A threat model as the command line writes it: `linf:0.03`, `linf:8/255`, `l2:0.5`.

    Args:
        text: norm and radius.
        box: least and largest valid value.

    Raises:
        InputError: it is not of that form.
    """
    found = _TEXT.fullmatch(text.strip().lower())
    eps = None if found is None else _ratio(found[2], found[3])
    if found is None or eps is None:
        raise InputError(
            f"{text!r} is no threat model", remedy="write a norm and a radius, such as linf:8/255 or l2:0.5"
        )
    low, high = box
    return next(kind for name, kind in KINDS.items() if name == found[1])(eps, low, high)


def _ratio(above: str, below: str | None) -> float | None:
    try:
        return float(above) / (float(below) if below else 1.0)
    except (ValueError, ZeroDivisionError):
        return None
