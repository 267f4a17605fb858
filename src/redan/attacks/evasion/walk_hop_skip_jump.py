"""HopSkipJump: the direction away from the boundary is estimated from votes on it.

Source: Chen, Jordan, Wainwright, HopSkipJumpAttack, IEEE S&P 2020 (arXiv 1904.02144), algorithms 1 and 2 with the
constants of section IV.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass
from itertools import count

import numpy as np

from redan.attacks.evasion.starts import boundary, first
from redan.attacks.evasion.walks import Points, Sample, Walk, Wrong
from redan.attacks.threat import Norm

_BLOCK = 128
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class HopSkipJump:
    """Boundary, votes, a step along their mean, halved until it is wrong; and again.

    Args:
        votes: of the first round; round t takes its root of t as many.
        most: votes of a round.
        wide: radius of the first votes, as a share of the box.
    """

    votes: int = 100
    most: int = 10_000
    wide: float = 0.1
    name: str = "hop_skip_jump"
    norms: tuple[Norm, ...] = ("l2", "linf")

    def walk(self, sample: Sample) -> Walk:
        """Rounds without end."""
        point = yield from first(sample)
        if point is None:
            return
        d = len(sample.x0)
        share = d**-1.5 if sample.norm == "l2" else d**-2.0
        radius = self.wide * (sample.high - sample.low)
        far = sample.size(point)
        point = yield from boundary(sample, point, _share(share, far, sample))
        for turn in count(1):
            if turn > 1:
                radius = far * share * (math.sqrt(d) if sample.norm == "l2" else d)
            number = min(int(self.votes * math.sqrt(turn)), self.most)
            way = yield from voted(sample, point, radius, number)
            way = np.sign(way) if sample.norm == "linf" else way
            moved = yield from _stepped(sample, point, way, sample.size(point) / math.sqrt(turn))
            if moved is None:
                continue
            far = sample.size(moved)
            point = yield from boundary(sample, moved, _share(share, far, sample))


def voted(sample: Sample, point: Points, radius: float, number: int) -> Generator[Points, Wrong, Points]:
    """The direction into what is wrong, from votes around a point of the boundary.

    Source: equations 9 and 16: the mean vote is taken off, which lowers the variance.

    Args:
        sample: of the walk.
        point: on the boundary, shape (d,).
        radius: of the votes, in l2.
        number: of votes.

    Returns:
        Shape (d,), of length one.
    """
    sums, wrongs = np.zeros((2, len(point)), dtype=np.float32), 0
    for start in range(0, number, _BLOCK):
        rows = min(_BLOCK, number - start)
        noise = _noise(sample, rows)
        noise *= (radius / np.sqrt(np.einsum("ij,ij->i", noise, noise) + 1e-12)).astype(np.float32)[:, None]
        noise += point
        asked = sample.clipped(noise)
        wrong = yield asked
        asked -= point
        sums += np.stack([wrong, np.ones(rows)]).astype(np.float32) @ asked
        wrongs += int(wrong.sum())
    mean = 2 * wrongs / number - 1
    ups, alls = sums
    way = (2 * ups - alls) - np.float32(mean if abs(mean) < 1 else 0.0) * alls
    return np.asarray(way / (np.linalg.norm(way) + 1e-12), dtype=np.float32)


def _share(share: float, far: float, sample: Sample) -> float:
    # For linf the paper bisects the radius itself, to the smaller of theta and theta times the distance.
    return share if sample.norm == "l2" else share * min(1.0, 1.0 / max(far, 1e-12))


def _noise(sample: Sample, rows: int) -> Points:
    if sample.norm == "linf":
        return 2 * sample.rng.random((rows, len(sample.x0)), dtype=np.float32) - 1
    return sample.noise(rows)


def _stepped(sample: Sample, point: Points, way: Points, length: float) -> Generator[Points, Wrong, Points | None]:
    for _ in range(_HALVINGS):
        asked = sample.clipped(point + np.float32(length) * way)
        wrong = yield asked[None]
        if wrong[0]:
            return asked
        length /= 2
    return None
