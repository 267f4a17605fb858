"""Boundary Attack: a random walk along the boundary that is pulled to the input.

Source: Brendel, Rauber, Bethge, Decision-based adversarial attacks, ICLR 2018 (arXiv 1712.04248), algorithm 1 and
section 2.2: both step lengths follow how often such steps succeed.
"""

from dataclasses import dataclass

import numpy as np

from redan.attacks.evasion.starts import boundary, first
from redan.attacks.evasion.walks import Sample, Walk
from redan.attacks.threat import Norm

_TOLERANCE = 1e-3


@dataclass(slots=True)
class _Pace:
    """A step length that grows where more than `good` of the steps succeed, and shrinks below `bad`."""

    length: float
    good: float
    bad: float
    window: int
    tried: int = 0
    done: int = 0

    def count(self, *, success: bool) -> None:
        self.tried += 1
        self.done += success
        if self.tried < self.window:
            return
        share, self.tried, self.done = self.done / self.tried, 0, 0
        self.length *= 1.5 if share > self.good else 1 / 1.5 if share < self.bad else 1.0


@dataclass(frozen=True, slots=True)
class BoundaryWalk:
    """A step on the sphere around the input, then one towards it.

    Args:
        around: first length on the sphere, as a share of the distance.
        towards: first length towards the input, as a share of the distance.
        check: how often the step on the sphere is asked by itself, to set its length.
    """

    around: float = 0.1
    towards: float = 0.1
    check: int = 5
    name: str = "boundary"
    norms: tuple[Norm, ...] = ("l2",)

    def walk(self, sample: Sample) -> Walk:
        """Steps without end."""
        point = yield from first(sample)
        if point is None:
            return
        point = yield from boundary(sample, point, _TOLERANCE)
        turning = _Pace(self.around, 0.5, 0.2, 6)
        pulling = _Pace(self.towards, 0.25, 0.1, 20)
        turn = 0
        while True:
            turn += 1
            moved = point - sample.x0
            far = float(np.linalg.norm(moved))
            noise = sample.noise(1)[0]
            noise -= moved * np.float32((noise @ moved) / (far**2 + 1e-12))
            noise *= np.float32(turning.length * far / (float(np.linalg.norm(noise)) + 1e-12))
            turned = (moved + noise) * np.float32(1 / np.sqrt(1 + turning.length**2))
            around = sample.clipped(sample.x0 + turned)
            if turn % self.check == 0:
                wrong = yield around[None]
                turning.count(success=bool(wrong[0]))
                if not wrong[0]:
                    continue
            back = around - sample.x0
            least = min(far * (1 - pulling.length), float(np.linalg.norm(back)))
            near = sample.clipped(sample.x0 + back * np.float32(least / (float(np.linalg.norm(back)) + 1e-12)))
            wrong = yield near[None]
            pulling.count(success=bool(wrong[0]))
            if wrong[0]:
                point = near
