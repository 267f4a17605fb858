"""Whether shadows are like the target: an attack that learnt from others says little by finding nothing.

Source: Carlini et al. (2022), section VI-C, for what a mismatch costs; training-set size, accuracy on either side, and
the scores of records that were not trained on are compared.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.matrix import ScoreMatrix

_SIZE = 1.5
_WIDE = 4.0
_ACCURACY = 0.05
_SCORE = 0.25


class Likeness(NamedTuple):
    """What of the target lies outside of what shadows have.

    Args:
        unlike: each with both figures, in words; empty where they are alike.
        compared: how many figures were compared.
    """

    unlike: tuple[str, ...]
    compared: int

    @property
    def alike(self) -> bool:
        """Whether nothing differs."""
        return not self.unlike


def likeness(matrix: ScoreMatrix, trained_on: int | None = None) -> Likeness:
    """Compares the first target with its shadows.

    A figure differs when it lies four deviations of the shadows and a margin from their mean: five points of accuracy,
    or a quarter of the spread of scores.

    Args:
        matrix: with shadows.
        trained_on: records that the target was trained on; how many of the samples are its members by default.
    """
    rows = matrix.shadows if len(matrix.shadows) else np.setdiff1d(np.arange(matrix.models), matrix.targets[:1])
    target = matrix.targets[0]
    unlike = []
    size = float(matrix.inside[target].sum()) if trained_on is None else float(trained_on)
    sizes = matrix.inside[rows].sum(axis=1)
    learnt = sizes[sizes > 0]
    if len(learnt) and not 1 / _SIZE <= size / learnt.mean() <= _SIZE:
        unlike.append(f"it was trained on {size:,.0f} records, they on {learnt.mean():,.0f}")
    compared = 1
    spread = float(matrix.phi[rows].std())
    for name, chosen in (("not trained on", ~matrix.inside), ("trained on", matrix.inside)):
        for what, found, margin in (
            ("sure of", _means((matrix.phi > 0).astype(np.float64), chosen, rows, target), _ACCURACY),
            ("of mean score on", _means(matrix.phi, chosen, rows, target), _SCORE * spread),
        ):
            if found is None:
                continue
            compared += 1
            own, theirs = found
            if abs(own - theirs.mean()) > margin + _WIDE * theirs.std():
                unit = (
                    (f"{own:.0%}", f"{theirs.mean():.0%}")
                    if what == "sure of"
                    else (f"{own:.2f}", f"{theirs.mean():.2f}")
                )
                unlike.append(
                    f"it is {what} {unit[0]} of records {name}, they {unit[1]}"
                    if what == "sure of"
                    else f"its mean score on records {name} is {unit[0]}, theirs {unit[1]}"
                )
    return Likeness(tuple(unlike), compared)


def _means(
    values: NDArray[np.float64], chosen: NDArray[np.bool_], rows: NDArray[np.int64], target: int
) -> tuple[float, NDArray[np.float64]] | None:
    """The target's mean and the shadows' over chosen samples; None where one side has none."""
    kept = [row for row in rows if chosen[row].any()]
    if not kept or not chosen[target].any():
        return None
    return float(values[target][chosen[target]].mean()), np.array([values[row][chosen[row]].mean() for row in kept])
