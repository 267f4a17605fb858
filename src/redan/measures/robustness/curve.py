"""Robust accuracy over the radius of the attack."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from redan.errors import InputError
from redan.findings.attack_pictures import Band, RobustCurve
from redan.measures.robustness.accuracy import Rate, rate
from redan.measures.robustness.arrays import flags, one_each


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One radius.

    Args:
        eps: the radius.
        robust: the share that is right and broken at no radius up to this one.
        slipped: samples that were broken at a smaller radius and not at this one: the larger ball holds the smaller, so
            an attack that misses them is not as strong as it could be.
    """

    eps: float
    robust: Rate
    slipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Robust accuracy at growing radii; it never rises, by construction.

    Args:
        points: by radius.
    """

    points: tuple[CurvePoint, ...]

    @property
    def slipped(self) -> int:
        """Samples over all radii that a larger ball lost."""
        return sum(point.slipped for point in self.points)

    def picture(self, title: str, norm: str, name: str = "robust accuracy") -> RobustCurve:
        """As a finding carries it."""
        line = Band(
            name=name,
            values=tuple(point.robust.value for point in self.points),
            intervals=tuple(point.robust.interval for point in self.points),
        )
        return RobustCurve(title=title, norm=norm, eps=tuple(point.eps for point in self.points), lines=(line,))


def curve(eps: Sequence[float], right: ArrayLike, broken: Sequence[ArrayLike], confidence: float = 0.95) -> Curve:
    """The curve of attacks that were run at several radii on the same samples.

    Args:
        eps: radii, in any order.
        right: shape (n,), where the model is right without an attack.
        broken: for each radius shape (n,), where the judge found an attack successful.
        confidence: level of each point's interval by itself; they do not hold together at it.

    Raises:
        InputError: radii and arrays differ in number, a radius is negative or there twice, or these are no flags.
    """
    _radii(eps, len(broken))
    clean = flags(right, "right")
    before = np.zeros(len(clean), dtype=np.bool_)
    points = []
    for place in np.argsort(eps, kind="stable"):
        fell = flags(broken[place], f"broken at {eps[place]:g}", len(clean)) & clean
        slipped = int((before & ~fell).sum())
        before |= fell
        points.append(CurvePoint(eps=float(eps[place]), robust=rate(clean & ~before, confidence), slipped=slipped))
    return Curve(points=tuple(points))


def curve_of_sizes(sizes: ArrayLike, right: ArrayLike, eps: Sequence[float], confidence: float = 0.95) -> Curve:
    """The curve of an attack that looks for the smallest perturbation of each sample.

    Args:
        sizes: shape (n,), norm of the smallest perturbation that the judge found successful; infinite where none was.
        right: shape (n,), where the model is right without an attack.
        eps: radii to read the curve at.
        confidence: level of each point's interval by itself.

    Raises:
        InputError: a size is negative or no number, or these are no flags.
    """
    found = one_each(sizes, "sizes")
    if found.dtype.kind not in "iuf" or np.isnan(found).any() or (found < 0).any():
        raise InputError("a size is negative or no number", remedy="give infinity where nothing was found")
    return curve(eps, right, [found <= radius for radius in eps], confidence)


def _radii(eps: Sequence[float], arrays: int) -> None:
    values = np.asarray(eps, dtype=np.float64)
    if len(values) != arrays:
        raise InputError(f"{len(values)} radii for {arrays} attacks", remedy="give one for each")
    if not np.isfinite(values).all() or (values < 0).any() or len(np.unique(values)) < len(values):
        raise InputError("a radius is negative, no number or there twice", remedy="give each radius once")
