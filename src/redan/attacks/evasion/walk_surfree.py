"""SurFree: the closest wrong point on circles through random planes; no gradient is estimated.

Source: Maho, Furon, Le Merrer, SurFree, CVPR 2021 (arXiv 2011.12807), algorithm 1 and section 4: a plane is spanned by
the way to the wrong point and a smooth random direction that is orthogonal to it and to those that were tried before;
signs are tried on growing angles, then the best angle is bisected.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from redan.attacks.evasion.frequencies import smooth
from redan.attacks.evasion.starts import boundary, first
from redan.attacks.evasion.walks import Points, Sample, Walk, Wrong
from redan.attacks.threat import Norm

_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class SurFree:
    """Planes without end.

    Args:
        angle: largest angle tried at first, in degrees.
        kappa: by how much the largest angle follows success and failure.
        tries: angles of each sign in a plane.
        halvings: of the best angle.
        memory: directions to which a new one is orthogonal.
        share: of the frequencies of a side that directions have.
    """

    angle: float = 30.0
    kappa: float = 0.02
    tries: int = 2
    halvings: int = 6
    memory: int = 100
    share: float = 0.5
    name: str = "surfree"
    norms: tuple[Norm, ...] = ("l2",)

    def walk(self, sample: Sample) -> Walk:
        """A plane a turn."""
        point = yield from first(sample)
        if point is None:
            return
        point = yield from boundary(sample, point, _TOLERANCE)
        most, used = self.angle, np.empty((0, len(point)), dtype=np.float32)
        while True:
            moved = point - sample.x0
            far = float(np.linalg.norm(moved))
            ahead = moved / np.float32(far + 1e-12)
            aside = _orthogonal(smooth(sample, 1, self.share)[0], ahead, used)
            room = min(self.memory, len(point) // 2)
            used = np.concatenate([used, aside[None]])[-room:] if room else used
            found = yield from self._sign(sample, (ahead, aside), far, most)
            if found is None:
                most *= 1 - self.kappa
                continue
            most = min(most / (1 - self.kappa), 90.0)
            point = yield from self._halved(sample, (ahead, aside), far, found)

    def _sign(
        self, sample: Sample, plane: tuple[Points, Points], far: float, most: float
    ) -> Generator[Points, Wrong, float | None]:
        for turn in range(self.tries, 0, -1):
            for sign in (1.0, -1.0):
                angle = sign * most * turn / self.tries
                wrong = yield _on(sample, plane, far, angle)[None]
                if wrong[0]:
                    return angle
        return None

    def _halved(
        self, sample: Sample, plane: tuple[Points, Points], far: float, angle: float
    ) -> Generator[Points, Wrong, Points]:
        best, low, high = _on(sample, plane, far, angle), angle, math.copysign(min(abs(angle) * 2, 90.0), angle)
        for _ in range(self.halvings):
            middle = (low + high) / 2
            asked = _on(sample, plane, far, middle)
            wrong = yield asked[None]
            if wrong[0]:
                best, low = asked, middle
            else:
                high = middle
        return best


def _on(sample: Sample, plane: tuple[Points, Points], far: float, degrees: float) -> Points:
    """The point of the circle over the way at an angle: the further the angle, the nearer to the input."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    ahead, aside = plane
    way = np.float32(far * cosine * cosine) * ahead + np.float32(far * cosine * sine) * aside
    return sample.clipped(sample.x0 + way)


def _orthogonal(way: Points, ahead: Points, used: Points) -> Points:
    for _ in range(2):
        way = way - used.T @ (used @ way)
        way = way - ahead * (ahead @ way)
        way = way / np.float32(float(np.linalg.norm(way)) + 1e-12)
    return np.asarray(way)
