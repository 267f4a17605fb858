"""GeoDA: near an input the boundary is nearly flat, so its normal leads to the closest wrong point.

Source: Rahmati, Moosavi-Dezfooli, Frossard, Dai, GeoDA, CVPR 2020 (arXiv 2003.06468), algorithm 1: votes of smooth
noise give the normal; the number of votes grows from round to round by the factor of equation 15.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from redan.attacks.evasion.frequencies import smooth
from redan.attacks.evasion.starts import boundary, first
from redan.attacks.evasion.walks import Points, Sample, Walk, Wrong
from redan.attacks.threat import Norm

_BLOCK = 128
_STRETCHES = 4


@dataclass(frozen=True, slots=True)
class GeoDa:
    """The normal at the boundary, then the boundary along the normal from the input; and again.

    Args:
        votes: of the first round.
        growth: of the votes from round to round; the paper's 0.6 to the power of -2/3.
        radius: of the votes, as a share of the distance.
        share: of the frequencies of a side that noise has.
    """

    votes: int = 60
    growth: float = 0.6 ** (-2 / 3)
    radius: float = 0.02
    share: float = 1 / 3
    name: str = "geoda"
    norms: tuple[Norm, ...] = ("l2", "linf")

    def walk(self, sample: Sample) -> Walk:
        """Rounds without end; where a normal leads nowhere better, its votes are kept and more are taken."""
        point = yield from first(sample)
        if point is None:
            return
        # A vote moves by its radius over the root of d across the boundary; the point must lie nearer to it than that.
        near = self.radius / (4 * math.sqrt(len(point)))
        point = yield from boundary(sample, point, near)
        number, kept = float(self.votes), np.zeros_like(point)
        while True:
            kept += yield from self._votes(sample, point, int(number))
            number *= self.growth
            way = np.sign(kept) if sample.norm == "linf" else kept / (np.linalg.norm(kept) + 1e-12)
            moved = yield from _outwards(sample, way.astype(np.float32), sample.size(point))
            if moved is None:
                continue
            moved = yield from boundary(sample, moved, near)
            if sample.size(moved) < sample.size(point):
                point, kept = moved, np.zeros_like(point)

    def _votes(self, sample: Sample, point: Points, number: int) -> Generator[Points, Wrong, Points]:
        radius = self.radius * float(np.linalg.norm(point - sample.x0))
        sums, wrongs = np.zeros((2, len(point)), dtype=np.float32), 0
        for start in range(0, number, _BLOCK):
            noise = smooth(sample, min(_BLOCK, number - start), self.share)
            noise *= (radius / np.sqrt(np.einsum("ij,ij->i", noise, noise) + 1e-12)).astype(np.float32)[:, None]
            noise += point
            asked = sample.clipped(noise)
            wrong = yield asked
            asked -= point
            sums += np.stack([wrong, np.ones(len(wrong))]).astype(np.float32) @ asked
            wrongs += int(wrong.sum())
        # The mean vote is taken off, as in HopSkipJump; where all agree there is none.
        share = wrongs / number if 0 < wrongs < number else 0.5
        return np.asarray(sums[0] - np.float32(share) * sums[1])


def _outwards(sample: Sample, way: Points, length: float) -> Generator[Points, Wrong, Points | None]:
    for _ in range(_STRETCHES):
        asked = sample.clipped(sample.x0 + np.float32(length) * way)
        wrong = yield asked[None]
        if wrong[0]:
            return asked
        length *= 1.25
    return None
