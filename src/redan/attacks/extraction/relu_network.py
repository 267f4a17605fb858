"""Functionally equivalent extraction of networks with one hidden layer of rectified linear units.

Such a network is linear but for kinks, and the kinks of one unit lie on one plane. Along random lines kinks are found
where two straight pieces meet; about a kink, the bend along each axis shows how much the unit weighs that input, up to
a sign of all. No sign is needed: the unit turned round is the unit less a linear function, and the linear function is
found with everything else by least squares.

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
_STEP = 0.01  # about a kink, where the box is 2 wide
_NOISE = 2e-6  # of single precision, beside the largest answer
_ALIKE = 0.995
_IDLE = 30  # lines without a new unit, after which no more are drawn
_TINY = float(np.finfo(np.float32).tiny)


class Unit(NamedTuple):
    """One hidden unit, up to its sign and scale.

    Args:
        weights: of the features, shape (width,), of length 1.
        shift: its constant.
    """

    weights: NDArray[np.float64]
    shift: float


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
            if idle < _IDLE and len(units) < self.most:
                for kink in _kinks(oracle, domain, _line(known, rng)):
                    if oracle.asked >= ahead[-1]:
                        break
                    unit = _unit(oracle, domain, kink)
                    if unit is not None and not any(_alike(unit, one) for one in units):
                        units.append(unit)
                idle = 0 if len(units) > before else idle + 1
            else:  # nothing is left to find; more equations make what was found sharper
                oracle.ask(domain.uniform(max(1, min(ahead[0] - oracle.asked, 1024)), rng))
            while ahead and oracle.asked >= ahead[0]:
                yield assembled(oracle, domain, units)
                ahead = [mark for mark in ahead if mark > oracle.asked]
        if ahead and oracle.asked:
            yield assembled(oracle, domain, units)


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
    """From corner to corner of the box, or between two natural inputs, in features."""
    if rng.random() < 0.5 or len(known.x) < 2:  # noqa: PLR2004 -- either, as each meets planes that the other does not
        ends = _INNER * rng.choice([-1.0, 1.0], (2, known.domain.width))
    else:
        ends = _INNER * known.domain.features(known.x[rng.choice(len(known.x), 2, replace=False)])
    return ends[0], ends[1]


def _kinks(
    oracle: Oracle, domain: Domain, line: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> Iterator[NDArray[np.float64]]:
    """Points on a line where it bends once, in features."""
    one, two = line
    t = np.linspace(0.0, 1.0, _GRID)
    told = _told(oracle, domain, one + t[:, None] * (two - one))
    if len(told) < _GRID:
        return
    bends = np.linalg.norm(told[2:] - 2 * told[1:-1] + told[:-2], axis=1)
    found = np.flatnonzero(bends > _floor(told)) + 1  # the middle of three points that do not lie on a line
    for at in _alone(found):
        left, right = int(at[0]) - 1, int(at[-1]) + 1
        if left < 1 or right > _GRID - 2:
            continue
        slopes = (told[left] - told[left - 1]) * (_GRID - 1), (told[right + 1] - told[right]) * (_GRID - 1)
        jump = slopes[1] - slopes[0]
        gap = (told[left] - slopes[0] * t[left]) - (told[right] - slopes[1] * t[right])
        place = float(gap @ jump / max(float(jump @ jump), 1e-300))
        if not t[left] <= place <= t[right]:
            continue
        point = one + place * (two - one)
        check = _told(oracle, domain, point[None])
        if len(check) and np.linalg.norm(check[0] - told[left] - slopes[0] * (place - t[left])) < 20 * _floor(told):
            yield point


def _alone(found: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Runs of one or two bent places; longer ones are more than one kink."""
    runs = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)
    return [run for run in runs if 1 <= len(run) <= 2]  # noqa: PLR2004 -- a kink bends one place or two


def _unit(oracle: Oracle, domain: Domain, point: NDArray[np.float64]) -> Unit | None:
    """What a unit weighs, from the bends about one of its kinks; None where others are in the way."""
    axes = np.eye(domain.width)
    own = _bends(oracle, domain, point, axes)
    if own is None:
        return None
    direction = np.linalg.svd(own, full_matrices=False)[2][0]
    sizes = np.abs(own @ direction)
    rest = np.linalg.norm(own - np.outer(own @ direction, direction))
    if rest > 0.05 * np.linalg.norm(own) or not sizes.any():
        return None
    first = int(sizes.argmax())
    both = _bends(oracle, domain, point, axes + axes[first])
    if both is None:
        return None
    together = np.abs(both @ direction)
    same = np.abs(together - (sizes + sizes[first])) <= np.abs(together - np.abs(sizes[first] - sizes))
    weights = np.where(same, sizes, -sizes)
    weights /= np.linalg.norm(weights)
    return Unit(weights, -float(weights @ point))


def _bends(
    oracle: Oracle, domain: Domain, point: NDArray[np.float64], along: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Second differences at a point in some directions, shape (directions, classes)."""
    rows = np.concatenate([point[None], point + _STEP * along, point - _STEP * along])
    told = _told(oracle, domain, rows)
    if len(told) < len(rows):
        return None
    n = len(along)
    return np.asarray(told[1 : n + 1] + told[n + 1 :] - 2 * told[0])


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
