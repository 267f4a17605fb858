"""Smooth noise: pictures from the low frequencies of a discrete cosine transform."""

import math

import numpy as np
from numpy.typing import NDArray

from redan.attacks.evasion.walks import Points, Sample

_PLANES = 2
_SMALL = 16  # sides below which all frequencies are kept


def smooth(sample: Sample, rows: int, share: float) -> Points:
    """Normal noise in the low frequencies of both sides of a picture; plain noise for what is none.

    Args:
        sample: whose shape and random numbers count.
        rows: how many.
        share: of the frequencies of each side that are kept.

    Returns:
        Shape (rows, d), not of length one.
    """
    shape = sample.shape
    if len(shape) <= _PLANES or min(shape[-2:]) < _SMALL:
        return sample.noise(rows)
    down, along = (cosines(side, max(math.ceil(share * side), 1)) for side in shape[-2:])
    size = (rows * math.prod(shape[:-2]), len(down), len(along))
    noise = sample.rng.standard_normal(size, dtype=np.float32)
    return np.asarray(down.T @ noise @ along, dtype=np.float32).reshape(rows, -1)


def cosines(side: int, count: int) -> NDArray[np.float32]:
    """The first rows of the orthonormal transform DCT-II, shape (count, side)."""
    turns = np.pi / side * (np.arange(side) + 0.5) * np.arange(count)[:, None]
    found = np.sqrt(2 / side) * np.cos(turns)
    found[0] /= np.sqrt(2)
    return np.asarray(found, dtype=np.float32)
