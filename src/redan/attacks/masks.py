"""The threat model of a patch: some connected pixels may take any value, all others stay; and its judge."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.judge import TOLERANCE, Judged, Labels
from redan.errors import InputError

_PICTURES = 4


@dataclass(frozen=True, slots=True)
class PatchThreat:
    """One connected patch, wherever it lies.

    Args:
        area: largest share of the pixels that it covers.
        low: least valid value.
        high: largest valid value.

    Raises:
        InputError: the share is not between 0 and 1, or the box is empty.
    """

    area: float
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        """Refuses what is no patch."""
        if not 0 < self.area < 1:
            raise InputError(f"a patch of {self.area:g} of the picture", remedy="give a share between 0 and 1")
        if not (self.low < self.high and math.isfinite(self.high - self.low)):
            raise InputError(f"the box from {self.low} to {self.high} is empty", remedy="give low below high")

    def pixels(self, height: int, width: int) -> int:
        """How many pixels of a picture it covers at most.

        Raises:
            InputError: it is smaller than a pixel.
        """
        most = int(self.area * height * width + TOLERANCE)
        if not most:
            raise InputError(
                f"a share of {self.area:g} of {height} x {width} pixels is less than one", remedy="give a larger share"
            )
        return most

    def __str__(self) -> str:
        """As findings name it."""
        return f"patch:{self.area:g}"


def judge_patch(
    labels: Labels,
    x: NDArray[Any],
    y: NDArray[np.int64],
    x_adv: NDArray[Any],
    *,
    masks: NDArray[np.bool_],
    threat: PatchThreat,
    target: int | None = None,
) -> Judged:
    """Verifies of each patched picture that only pixels under its mask changed, the mask, the box and the label.

    Args:
        labels: the model's label per row of an array of float32, eager, in full precision, in evaluation mode.
        x: shape (n, channels, rows, columns), the pictures themselves.
        y: shape (n,), the truth.
        x_adv: shape of `x`, patched.
        masks: shape (n, rows, columns), where each patch lies.
        threat: how much a patch may cover.
        target: the label that the attacker wants; any wrong one when None.

    Returns:
        `outside` is true of a change beside the mask, a mask that is too large, in pieces or empty, and a value out of
        the box; `size` is the share of pixels that changed.

    Raises:
        InputError: the shapes differ, or these are no pictures.
    """
    if x.ndim != _PICTURES or x.shape != x_adv.shape or len(y) != len(x) or masks.shape != (len(x), *x.shape[2:]):
        raise InputError(
            f"patched pictures of shape {x_adv.shape} and masks of shape {masks.shape} for pictures of shape {x.shape}",
            remedy="give one of each for each picture",
        )
    proposed, given = np.asarray(x_adv, dtype=np.float32), np.asarray(x, dtype=np.float32)
    mask = np.asarray(masks, dtype=np.bool_)
    changed = ~(proposed == given).all(axis=1)  # what is no number has changed
    most = threat.pixels(*x.shape[2:])
    inside = ~(changed & ~mask).any(axis=(1, 2)) & (mask.sum(axis=(1, 2)) <= most)
    inside &= np.array([_in_one_piece(each) for each in mask], dtype=np.bool_)
    within = (proposed >= threat.low - TOLERANCE) & (proposed <= threat.high + TOLERANCE)
    inside &= within.all(axis=(1, 2, 3))
    told = labels(np.where(inside[:, None, None, None], proposed, given))
    hit = told != y if target is None else told == target
    return Judged(broken=inside & hit, outside=~inside, answers=told, size=changed.mean(axis=(1, 2)))


def _in_one_piece(mask: NDArray[np.bool_]) -> bool:
    """Whether the pixels of a mask touch one another, at least by their corners."""
    from scipy.ndimage import label

    _, pieces = label(mask, structure=np.ones((3, 3)))
    return bool(pieces == 1)
