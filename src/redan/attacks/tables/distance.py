"""How far a row of a table was moved: per part, in the scale of its column, so that years and euros can be compared.

A number counts by its change in units of its scale, another choice by its cost (Gower's dissimilarity when scales are
left at the width of the bounds and costs at 1). Gower, A General Coefficient of Similarity, Biometrics 27 (1971).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.space import Space
from redan.attacks.threat import Norm, Threat


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaled(Threat):
    """A ball in units of the columns' scales; bounds are among the rules.

    Args:
        space: whose scales and costs.
    """

    space: Space

    def sizes(self, moved: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The norm over parts of each change, shape (n,)."""
        return norms(moves(self.space, moved), self.norm, changed(self.space, moved))


class ScaledLinf(Scaled):
    """No part changes by more than eps."""

    __slots__ = ()
    norm = "linf"


class ScaledL2(Scaled):
    """The Euclidean length over parts is at most eps."""

    __slots__ = ()
    norm = "l2"


class ScaledL1(Scaled):
    """The changes of all parts sum to eps at most."""

    __slots__ = ()
    norm = "l1"


class ScaledL0(Scaled):
    """At most eps parts change."""

    __slots__ = ()
    norm = "l0"


_KINDS: Mapping[Norm, type[Scaled]] = {"linf": ScaledLinf, "l2": ScaledL2, "l1": ScaledL1, "l0": ScaledL0}


def scaled(threat: Threat, space: Space) -> Scaled:
    """The threat model in units of a table's scales.

    Args:
        threat: norm and radius; its box is left aside, since bounds are per column.
        space: the rules.
    """
    if isinstance(threat, Scaled):
        return threat
    return _KINDS[threat.norm](threat.eps, -np.inf, np.inf, space=space)


def moves(space: Space, moved: NDArray[Any]) -> NDArray[np.float64]:
    """The change of each part, shape (n, parts), from differences of shape (n, columns)."""
    size = np.where(space.choice, (moved != 0) * space.cost, np.abs(moved.astype(np.float64)) / space.scale)
    return _by_part(space, size)


def changed(space: Space, moved: NDArray[Any]) -> NDArray[np.bool_]:
    """Which parts changed at all, shape (n, parts)."""
    return _by_part(space, moved != 0) > 0


def norms(size: NDArray[np.float64], norm: Norm, change: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The norm over parts, shape (n,)."""
    if norm == "l0":
        return np.asarray(change.sum(axis=1), dtype=np.float64)
    if norm == "linf":
        return np.asarray(size.max(axis=1, initial=0.0))
    return np.asarray(np.linalg.norm(size, ord=1 if norm == "l1" else 2, axis=1))


def _by_part(space: Space, values: NDArray[Any]) -> NDArray[np.float64]:
    whole = [values[:, space.single], *(values[:, group].max(axis=1, keepdims=True) for group in space.groups)]
    return np.concatenate(whole, axis=1).astype(np.float64)
