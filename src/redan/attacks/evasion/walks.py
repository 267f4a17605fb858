"""Attacks that see labels only: each sample walks by itself, and all walks are asked in one batch.

A walk is a generator: it yields points and is told which of them the model gets wrong. It knows its own sample, its own
random numbers and its own answers, so that its result cannot depend on who else is asked. The caller keeps the book: it
counts queries, keeps the closest wrong point, and ends a walk that is inside of the ball or has spent its queries.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.queries import Queries
from redan.attacks.threat import Norm, Threat

Points: TypeAlias = NDArray[np.float32]
Wrong: TypeAlias = NDArray[np.bool_]
Walk: TypeAlias = Generator[Points, Wrong, None]
_LEVELS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a walk knows.

    Args:
        x0: shape (d,), where it starts.
        shape: of the sample, such as (channels, rows, columns).
        norm: of the threat model.
        low: least valid value.
        high: largest valid value.
        rng: its own.
        starts: shape (m, d), inputs that may be wrong for it, the nearest first.
    """

    x0: Points
    shape: tuple[int, ...]
    norm: Norm
    low: float
    high: float
    rng: np.random.Generator
    starts: Points

    def clipped(self, points: Points) -> Points:
        """Points in the box, in place."""
        return np.clip(points, self.low, self.high, out=points)

    def noise(self, rows: int) -> Points:
        """Normal noise of 256 levels, shape (rows, d): for directions, at a fifth of the price."""
        levels = np.frombuffer(self.rng.bytes(rows * len(self.x0)), dtype=np.uint8)
        return np.take(_normal(), levels, mode="clip").reshape(rows, -1)

    def size(self, point: Points) -> float:
        """Distance from where it starts, in linf or l2."""
        moved = (point - self.x0).astype(np.float64)
        return float(np.abs(moved).max() if self.norm == "linf" else np.sqrt(moved @ moved))


@cache
def _normal() -> Points:
    """Normal numbers at 256 equal steps of probability, of spread one."""
    found = np.array([NormalDist().inv_cdf((level + 0.5) / _LEVELS) for level in range(_LEVELS)])
    return np.asarray(found / found.std(), dtype=np.float32)


class Decision(Protocol):
    """An attack by labels."""

    @property
    def name(self) -> str:
        """As its paper has it."""
        ...

    @property
    def norms(self) -> tuple[Norm, ...]:
        """Those that it can make small."""
        ...

    def walk(self, sample: Sample) -> Walk:
        """The walk of one sample; it may go on without end."""
        ...


@dataclass(slots=True, kw_only=True)
class Going:
    """The book of one walk.

    Args:
        row: of the samples.
        y: index of the true class.
        x0: shape (d,).
        radius: within which it has succeeded.
        walk: what yields points.
        left: queries that it may still make.
        asked: queries that it made.
        first: queries that it had made when it first was within the radius, -1 before.
        best: the closest wrong point so far, shape (d,).
        size: its distance.
        points: what it asks next, shape (m, d).
    """

    row: int
    y: int
    x0: Points
    radius: float
    walk: Walk
    left: int
    asked: int = 1
    first: int = -1
    best: Points | None = None
    size: float = np.inf
    points: Points | None = None

    def begin(self) -> None:
        """The first points."""
        self._ask(next(self.walk, None))

    def told(self, wrong: Wrong, threat: Threat, *, shrink: bool) -> None:
        """Takes the answers, and the next points; none when it is over.

        Args:
            wrong: for each point.
            threat: whose norm counts.
            shrink: whether it goes on inside of the ball.
        """
        asked = self.points
        if asked is None:
            return
        self.asked += len(asked)
        self.left -= len(asked)
        if wrong.any():
            nearest = _nearest(asked, wrong, self.x0, threat)
            size = float(threat.sizes((asked[nearest] - self.x0)[None])[0])
            if size < self.size:
                self.size, self.best = size, asked[nearest].copy()
            if self.first < 0 and self.size <= self.radius:
                self.first = self.asked
        if self.left <= 0 or (self.size <= self.radius and not shrink):
            self.points = None
            self.walk.close()
            return
        try:
            self._ask(self.walk.send(wrong))
        except StopIteration:
            self.points = None

    def _ask(self, points: Points | None) -> None:
        self.points = None if points is None or self.left < 1 else points[: self.left]


def run(
    waiting: Iterator[Going], queries: Queries, shape: tuple[int, ...], threat: Threat, *, slots: int, shrink: bool
) -> Iterator[Going]:
    """Walks, as many at the same time as there are slots.

    Args:
        waiting: walks that have not begun.
        queries: what is asked, one batch for all.
        shape: of a sample.
        threat: whose norm counts.
        slots: walks at the same time.
        shrink: whether a walk goes on inside of the ball.

    Returns:
        Each walk, when it is over.
    """
    going: list[Going] = []
    while True:
        while len(going) < slots and (new := next(waiting, None)) is not None:
            new.begin()
            going.append(new)
        if not going:
            return
        batch = [one.points for one in going if one.points is not None]
        if batch:
            told = queries.labels(np.concatenate(batch).reshape(-1, *shape))
            at = 0
            for one in going:
                size = 0 if one.points is None else len(one.points)
                one.told(told[at : at + size] != one.y, threat, shrink=shrink)
                at += size
        yield from (one for one in going if one.points is None)
        going = [one for one in going if one.points is not None]


def _nearest(points: Points, wrong: Wrong, x0: Points, threat: Threat) -> int:
    """Which of the points that are wrong is nearest, by norms of single precision."""
    if len(points) == 1:
        return 0
    rows = np.flatnonzero(wrong)
    moved = points[rows] - x0
    if threat.norm == "l2":
        return int(rows[np.einsum("ij,ij->i", moved, moved).argmin()])
    if threat.norm == "linf":
        return int(rows[np.abs(moved, out=moved).max(axis=1).argmin()])
    return int(rows[threat.sizes(moved).argmin()])
