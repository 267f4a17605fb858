"""Functionally equivalent extraction of networks with one hidden layer of rectified linear units.

Such a network is linear but for kinks, and the kinks of one unit lie on one plane. Along random lines kinks are found
where two straight pieces meet; by how much the slope along each axis differs before and behind shows how much the unit
weighs that input, up to a sign of all. No sign is needed: the unit turned round is the unit less a linear function, and
the linear function is found with everything else by least squares.

Source: Jagielski et al., High Accuracy and High Fidelity Extraction of Neural Networks, USENIX Security 2020
(arXiv 1909.01838), section 5; Carlini, Jagielski and Mironov, Cryptanalytic Extraction of Neural Network Models,
CRYPTO 2020 (arXiv 2003.04884), sections 4.1 and 4.2.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.copies import Copy
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle

Array: TypeAlias = NDArray[Any]
_INNER = 0.9  # lines stay so far inside the box, so that steps about a kink do as well
_GRID = 257
_STEPS = (0.05, 0.005)  # about a straight piece, where the box is 2 wide; the second where something bends in the first
_REST = 0.02
_NEAR = 2e-3
_TURNS = 9
_TRIES = 3
_ACROSS = 0.02
_NOISE = 2e-6  # of single precision, beside the largest answer
_ALIKE = 0.995
_IDLE = 30  # lines without a new unit, after which random inputs are asked between them
_TINY = float(np.finfo(np.float32).tiny)


class Unit(NamedTuple):
    """One hidden unit, up to its sign and scale.

    Args:
        weights: of the features, shape (width,), of length 1.
        shift: its constant.
    """

    weights: NDArray[np.float64]
    shift: float


class Kink(NamedTuple):
    """Where a line bends, in features.

    Args:
        point: shape (width,).
        before: in the middle of the straight piece that ends there.
        after: in the middle of the one that begins there.
    """

    point: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ReluNetwork:
    """Units, a linear function beside them, and what both weigh.

    Args:
        domain: of the inputs.
        units: in the order in which they were found.
        outer: shape (units + width + 1, classes).
    """

    domain: Domain
    units: tuple[Unit, ...]
    outer: NDArray[np.float64]

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Logits, shape (n, classes)."""
        return np.asarray(_design(self.domain.features(x), self.units) @ self.outer)


@dataclass(frozen=True, slots=True)
class FunctionallyEquivalent:
    """Unit by unit; of networks of another form, only what is linear.

    Args:
        most: units that are looked for.
        name: of the attack.
    """

    most: int = 512
    name: str = "functionally equivalent"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark; nothing for inputs with categories."""
        domain, rng = known.domain, known.rng(5)
        if len(domain.numeric) < domain.size or not marks:
            return
        units: list[Unit] = []
        ahead, idle = list(marks), 0
        while ahead and oracle.ended is None:
            before = len(units)
            if len(units) < self.most:
                self._search(oracle, known, rng, units, ahead[-1])
            idle = 0 if len(units) > before else idle + 1
            if idle > _IDLE:  # little is left to find; more equations make what was found sharper
                oracle.ask(domain.uniform(max(1, min(ahead[0] - oracle.asked, _GRID)), rng))
            while ahead and oracle.asked >= ahead[0]:
                yield assembled(oracle, domain, units)
                ahead = [mark for mark in ahead if mark > oracle.asked]
        if ahead and oracle.asked:
            yield assembled(oracle, domain, units)

    def _search(self, oracle: Oracle, known: Known, rng: np.random.Generator, units: list[Unit], until: int) -> None:
        """Adds the units that one more line meets."""
        for kink in _kinks(oracle, known.domain, _line(known, rng)):
            if oracle.asked >= until:
                return
            if any(abs(one.weights @ kink.point + one.shift) < _NEAR for one in units):
                continue
            unit = _unit(oracle, known.domain, kink)
            if unit is None or any(_alike(unit, one) for one in units):
                continue
            if _bends_elsewhere(oracle, known.domain, unit, kink.point, rng):
                units.append(unit)


def assembled(oracle: Oracle, domain: Domain, units: Sequence[Unit]) -> ReluNetwork:
    """What units and a linear function weigh in all answers so far, by least squares."""
    x, y = oracle.held
    values = logits(y)
    design = _design(domain.features(x), units)
    return ReluNetwork(domain, tuple(units), np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], np.float64))


def logits(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answers as logits less that of the first class; shape (n, classes)."""
    probable = bool((y >= 0).all() and np.allclose(y.sum(axis=1), 1.0, atol=1e-3))
    values = np.log(np.maximum(y, _TINY)) if probable else y
    return np.asarray(values - values[:, :1])


def _line(known: Known, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From one end to another, in features, each a natural input, a corner of the box, or a corner in long runs."""
    one, two = (_end(known, rng) for _ in range(2))
    return one, two


def _end(known: Known, rng: np.random.Generator) -> NDArray[np.float64]:
    """Each kind meets planes that the others do not: sums over many inputs hardly change between random corners."""
    if len(known.x) and rng.random() < 0.5:  # noqa: PLR2004 -- either
        return np.asarray(_INNER * known.domain.features(known.x[rng.integers(len(known.x), size=1)])[0])
    wide = known.domain.width
    if rng.random() < 0.5:  # noqa: PLR2004 -- either
        return np.asarray(_INNER * rng.choice([-1.0, 1.0], wide))
    turns = np.bincount(rng.integers(wide, size=rng.integers(_TURNS)), minlength=wide)
    return np.asarray(_INNER * rng.choice([-1.0, 1.0]) * (-1.0) ** np.cumsum(turns))


def _kinks(oracle: Oracle, domain: Domain, line: tuple[NDArray[np.float64], NDArray[np.float64]]) -> Iterator[Kink]:
    """Places on a line where it bends once."""
    one, two = line
    t = np.linspace(0.0, 1.0, _GRID)
    told = _told(oracle, domain, one + t[:, None] * (two - one))
    if len(told) < _GRID:
        return
    bends = np.linalg.norm(told[2:] - 2 * told[1:-1] + told[:-2], axis=1)
    runs = _runs(np.flatnonzero(bends > _floor(told)) + 1)  # the middle of three points that do not lie on a line
    ends = [0, *(int(run[-1]) for run in runs), _GRID - 1], [0, *(int(run[0]) for run in runs), _GRID - 1]
    for at, run in enumerate(runs, start=1):
        left, right = int(run[0]) - 1, int(run[-1]) + 1
        if len(run) > 2 or left < 1 or right > _GRID - 2:  # noqa: PLR2004 -- a kink bends one place or two
            continue
        slopes = (told[left] - told[left - 1]) * (_GRID - 1), (told[right + 1] - told[right]) * (_GRID - 1)
        jump = slopes[1] - slopes[0]
        gap = (told[left] - slopes[0] * t[left]) - (told[right] - slopes[1] * t[right])
        place = float(gap @ jump / max(float(jump @ jump), 1e-300))
        if not t[left] <= place <= t[right]:
            continue
        halves = (t[ends[0][at - 1]] + place) / 2, (t[ends[1][at + 1]] + place) / 2
        point, before, after = (one + where * (two - one) for where in (place, *halves))
        check = _told(oracle, domain, point[None])
        if len(check) and np.linalg.norm(check[0] - told[left] - slopes[0] * (place - t[left])) < 20 * _floor(told):
            yield Kink(point, before, after)


def _runs(found: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Bent places next to each other; more than two are more than one kink."""
    return [run for run in np.split(found, np.flatnonzero(np.diff(found) > 1) + 1) if len(run)]


def _unit(oracle: Oracle, domain: Domain, kink: Kink) -> Unit | None:
    """What a unit weighs, from the slopes before and behind one of its kinks; None where others are in the way."""
    for step in _STEPS:
        before = _slopes(oracle, domain, kink.before, step)
        after = None if before is None else _slopes(oracle, domain, kink.after, step)
        if before is None or after is None:
            return None
        own = after - before
        weights = np.linalg.svd(own, full_matrices=False)[0][:, 0]
        rest = np.linalg.norm(own - np.outer(weights, weights @ own))
        if own.any() and rest <= _REST * np.linalg.norm(own):
            return Unit(weights, -float(weights @ kink.point))
    return None


def _bends_elsewhere(
    oracle: Oracle, domain: Domain, unit: Unit, point: NDArray[np.float64], rng: np.random.Generator
) -> bool:
    """Whether answers bend where the plane of a unit goes on; it does not where two kinks were taken for one."""
    seen = 0
    for _ in range(_TRIES):
        along = -np.sign(point) * rng.random(domain.width)
        along -= (along @ unit.weights) * unit.weights
        room = (1.0 - 2 * _ACROSS - np.abs(point)) / np.maximum(np.abs(along), 1e-12)
        room[np.sign(along) != np.sign(point)] = 0.5  # inwards, where there is room
        at = point + max(0.0, min(0.5, float(room.min()))) * along
        told = _told(oracle, domain, at + np.outer([-_ACROSS, 0.0, _ACROSS], unit.weights))
        if len(told) < 3:  # noqa: PLR2004 -- before, at and behind the plane
            return False
        seen += bool(np.linalg.norm(told[2] - 2 * told[1] + told[0]) > 4 * _floor(told))
    return 2 * seen > _TRIES


def _slopes(oracle: Oracle, domain: Domain, point: NDArray[np.float64], step: float) -> NDArray[np.float64] | None:
    """Differences along each axis, inwards, shape (width, classes); exact where nothing bends within the step."""
    inwards = np.where(point > 0, -step, step)
    told = _told(oracle, domain, np.concatenate([point[None], point + np.diag(inwards)]))
    return (told[1:] - told[0]) / inwards[:, None] if len(told) > domain.width else None


def _told(oracle: Oracle, domain: Domain, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits at features in [-1, 1]."""
    flat = domain.low + (features + 1.0) / 2.0 * (domain.high - domain.low)
    y = oracle.ask(flat.astype(np.float32).reshape(-1, *domain.shape)).y
    return logits(y) if len(y) else y


def _floor(told: NDArray[np.float64]) -> float:
    """Bends below this are noise."""
    return 4 * _NOISE * max(float(np.abs(told).max()), 1e-12) * math.sqrt(told.shape[1])


def _alike(one: Unit, other: Unit) -> bool:
    """Whether two are the same plane, whichever way round."""
    a, b = np.append(one.weights, one.shift), np.append(other.weights, other.shift)
    return bool(abs(a @ b) > _ALIKE * np.linalg.norm(a) * np.linalg.norm(b))


def _design(features: NDArray[np.float64], units: Sequence[Unit]) -> NDArray[np.float64]:
    bent = [np.maximum(features @ one.weights + one.shift, 0.0)[:, None] for one in units]
    return np.concatenate([*bent, features, np.ones((len(features), 1))], axis=1)
