"""Where a walk that sees labels only starts: a point that the model gets wrong, and the boundary before it."""

from collections.abc import Generator, Iterator

import numpy as np

from redan.attacks.evasion.walks import Points, Sample, Wrong

_TRIES = 100
_COARSE = 4  # sides of the blocks of coarse noise, in parts of the picture
_PLANES = 2


def first(sample: Sample) -> Generator[Points, Wrong, Points | None]:
    """A point that the model gets wrong, however far.

    Returns:
        None when 100 points were right: the nearest inputs of the attacker's own, the negative, noise, noise of coarse
        blocks, and black and white noise in turn.
    """
    for points in _candidates(sample):
        wrong = yield points
        if wrong[0]:
            return np.asarray(points[0])
    return None


def boundary(sample: Sample, point: Points, tolerance: float, low: float = 0.0) -> Generator[Points, Wrong, Points]:
    """The wrong side of the boundary between an input and a wrong point, by bisection.

    For l2 along the line between both; for linf the wrong point is cut by smaller and smaller boxes around the input.

    Args:
        sample: of the walk.
        point: wrong, shape (d,).
        tolerance: of the share of the way, where it stops.
        low: share of the way that is known to be right.
    """
    high, best = 1.0, point
    reach = sample.size(point)
    while high - low > tolerance:
        middle = (low + high) / 2
        asked = between(sample, point, middle, reach)
        wrong = yield asked[None]
        if wrong[0]:
            high, best = middle, asked
        else:
            low = middle
    return best


def between(sample: Sample, point: Points, share: float, reach: float) -> Points:
    """A point at a share of the way from the input, shape (d,)."""
    if sample.norm == "linf":
        near = np.float32(share * reach)
        return np.asarray(np.minimum(np.maximum(point, sample.x0 - near), sample.x0 + near))
    return np.asarray(sample.x0 + np.float32(share) * (point - sample.x0))


def _candidates(sample: Sample) -> Iterator[Points]:
    yield from (start[None].copy() for start in sample.starts[:_TRIES])
    low, wide = np.float32(sample.low), np.float32(sample.high - sample.low)
    yield (sample.high + low - sample.x0)[None].astype(np.float32)
    for turn in range(_TRIES - len(sample.starts[:_TRIES]) - 1):
        noise = _blocks(sample) if turn % 3 == 1 else sample.rng.random((1, len(sample.x0)), dtype=np.float32)
        if turn % 3 == 2:  # noqa: PLR2004 -- the third kind
            noise = np.round(noise)
        yield low + wide * noise


def _blocks(sample: Sample) -> Points:
    shape = sample.shape
    if len(shape) <= _PLANES or min(shape[-2:]) < _COARSE:
        level = sample.rng.random(dtype=np.float32)
        return np.full((1, len(sample.x0)), level, dtype=np.float32)
    rows, columns = shape[-2:]
    small = sample.rng.random((*shape[:-2], _COARSE, _COARSE), dtype=np.float32)
    down, right = np.arange(rows) * _COARSE // rows, np.arange(columns) * _COARSE // columns
    return small[..., down[:, None], right].reshape(1, -1)
