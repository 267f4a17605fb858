"""RayS: the shortest ray along a direction of signs, found by flipping blocks of signs.

Source: Chen, Gu, RayS, KDD 2020 (arXiv 2006.12792), algorithms 1 and 3: blocks are halved from the whole input down; a
flip is tried at the best radius first, and only a success is bisected.
"""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from redan.attacks.evasion.walks import Points, Sample, Walk, Wrong
from redan.attacks.threat import Norm


@dataclass(frozen=True, slots=True)
class RayS:
    """Flips without end: when blocks are single values, it begins again with the whole.

    Args:
        tolerance: of the radius, as a share of the box.
        share: of the radius that it is told to at least.
    """

    tolerance: float = 1e-3
    share: float = 0.01
    name: str = "rays"
    norms: tuple[Norm, ...] = ("linf",)

    def walk(self, sample: Sample) -> Walk:
        """A block a turn."""
        d = len(sample.x0)
        signs, wide = np.ones(d, dtype=np.float32), sample.high - sample.low
        radius, found = wide, False
        blocks = 1
        while True:
            cuts = np.linspace(0, d, blocks + 1).round().astype(int)
            for start, stop in pairwise(cuts.tolist()):
                tried = signs.copy()
                tried[start:stop] *= -1
                wrong = yield _at(sample, tried, radius)[None]
                if wrong[0]:
                    signs, found = tried, True
                    radius = yield from self._bisected(sample, tried, radius)
            if blocks >= d and not found:
                signs = np.where(sample.rng.random(d) < 0.5, -1, 1).astype(np.float32)  # noqa: PLR2004 -- a coin
            blocks = min(2 * blocks, d) if blocks < d else 1

    def _bisected(self, sample: Sample, signs: Points, high: float) -> Generator[Points, Wrong, float]:
        low, box = 0.0, sample.high - sample.low
        while high - low > min(self.tolerance * box, self.share * high):
            middle = (low + high) / 2
            wrong = yield _at(sample, signs, middle)[None]
            low, high = (low, middle) if wrong[0] else (middle, high)
        return high


def _at(sample: Sample, signs: Points, radius: float) -> Points:
    return sample.clipped(sample.x0 + np.float32(radius) * signs)
