"""Means and deviations of shadows with and without each sample, for each target."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.errors import InputError


class Side(NamedTuple):
    """Shadows that were trained on a sample, or that were not.

    Args:
        number: of them, shape (samples,).
        mean: of their scores, shape (samples,); without any, the mean over all samples.
        squares: sum of squared deviations from that mean, shape (samples,); 0 below two.
    """

    number: NDArray[np.int64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def pooled(self) -> float:
        """Variance within samples over all of them, degrees of freedom subtracted; 0 where there are none."""
        free = int(np.maximum(self.number - 1, 0).sum())
        return float(self.squares.sum() / free) if free else 0.0


def sides(matrix: ScoreMatrix) -> Iterator[tuple[int, tuple[Side, Side]]]:
    """Each target with its shadows' (with, without) the sample; computed once where all targets share them.

    Where every model is a target, the target itself is taken out of the sums, which costs no pass over the others.

    Raises:
        InputError: there is no shadow.
    """
    rows = matrix.shadows
    if len(rows):
        both = _side(matrix.phi[rows], matrix.inside[rows]), _side(matrix.phi[rows], ~matrix.inside[rows])
        yield from ((target, both) for target in matrix.targets)
        return
    if matrix.models < 2:  # noqa: PLR2004 -- itself and another
        raise InputError("there is no shadow", remedy="give rows of models that are no targets")
    whole = _side(matrix.phi, matrix.inside), _side(matrix.phi, ~matrix.inside)
    for target in matrix.targets:
        own, there = matrix.phi[target], matrix.inside[target]
        yield target, (_without(whole[0], own, there), _without(whole[1], own, ~there))


def _side(phi: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Side:
    count = chosen.sum(axis=0)
    mean = np.where(chosen, phi, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(chosen, (phi - mean) ** 2, 0.0).sum(axis=0)
    return _filled(count, mean, squares)


def _without(whole: Side, own: NDArray[np.float64], there: NDArray[np.bool_]) -> Side:
    """A side without one of its models, by the update of Welford turned round."""
    count = whole.number - there
    left = np.maximum(count, 1)
    mean = np.where(there, whole.mean + (whole.mean - own) / left, whole.mean)
    squares = np.where(there, whole.squares - (own - whole.mean) * (own - mean), whole.squares)
    return _filled(count, mean, np.where(count > 1, np.maximum(squares, 0.0), 0.0))


def _filled(number: NDArray[np.int64], mean: NDArray[np.float64], squares: NDArray[np.float64]) -> Side:
    known = number > 0
    centre = float(mean[known].mean()) if known.any() else 0.0
    return Side(number, np.where(known, mean, centre), squares)
