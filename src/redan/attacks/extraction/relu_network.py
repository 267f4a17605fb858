"""Functionally equivalent extraction of networks with one hidden layer of rectified linear units.

Such a network is linear but for kinks, and the kinks of one unit lie on one plane. Along random lines kinks are found
where two straight pieces meet; by how much the slope along each axis differs before and behind shows how much the unit
weighs that input, up to a sign of all. No sign is needed: the unit turned round is the unit less a linear function, and
the linear function is found with everything else by least squares. Of rounded answers only those classes count whose
probabilities keep digits, kinks have to bend further than rounding does, and what all units weigh is the likeliest,
which without a unit is the copy of equation solving.

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
from redan.attacks.extraction.equations import ridge_of
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.sight import Sight, are_shares, kept_of, probable, window
from redan.attacks.extraction.softmax import likeliest

Array: TypeAlias = NDArray[Any]
_INNER = 0.9  # lines stay so far inside the box, so that steps about a kink do as well
_GRID = 257
_STEPS = (0.05, 0.005)  # about a straight piece, where the box is 2 wide; the second where something bends in the first
_REST = 0.02
_NEAR = 2e-3
_TURNS = 9
_TRIES = 3
_ACROSS = 0.02
_ALIKE = 0.995
_IDLE = 30  # lines without a new unit, after which random inputs are asked between them
_LEAST = 5  # places of a line, for a kink to lie between two straight pieces
_LONG = 12  # places over which a slope is taken where answers are rounded
_SHARP = 0.05  # of a kink, which rounding may hide at most
_NEARER = 10
_BLIND = 4  # lines without a new unit, after which rounding is taken to hide those that are left


class Asked(NamedTuple):
    """Who is asked, about what, and how exact the answers are.

    Args:
        oracle: that answers.
        domain: of the inputs.
        kept: decimals of the answers; None where they are whole.
    """

    oracle: Oracle
    domain: Domain
    kept: int | None

    def told(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Answers at features in [-1, 1], shape (n, classes); fewer where the oracle ended."""
        domain = self.domain
        flat = domain.low + (features + 1.0) / 2.0 * (domain.high - domain.low)
        return self.oracle.ask(flat.astype(np.float32).reshape(-1, *domain.shape)).y


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
            before, kept = len(units), kept_of(oracle) if oracle.asked else None
            if len(units) < self.most and (kept is None or idle < _BLIND):
                self._search(Asked(oracle, domain, kept), known, rng, units, ahead[-1])
            idle = 0 if len(units) > before else idle + 1
            if kept is not None or idle > _IDLE:  # more equations make what was found sharper
                few = max(1, min(ahead[0] - oracle.asked, _GRID))
                oracle.ask(domain.uniform(few, rng) if kept is None else _scattered(known, few, rng))
            while ahead and oracle.asked >= ahead[0]:
                yield assembled(oracle, domain, units)
                ahead = [mark for mark in ahead if mark > oracle.asked]
        if ahead and oracle.asked:
            yield assembled(oracle, domain, units)

    def _search(self, asked: Asked, known: Known, rng: np.random.Generator, units: list[Unit], until: int) -> None:
        """Adds the units that one more line meets."""
        line = _line(known, rng)
        told = asked.told(line[0] + np.linspace(0.0, 1.0, _GRID)[:, None] * (line[1] - line[0]))
        if len(told) < _GRID:
            return
        asked = asked._replace(kept=kept_of(asked.oracle))
        near = _NEAR if asked.kept is None else _NEARER * _NEAR
        for kink in _kinks(asked, line, told):
            if asked.oracle.asked >= until:
                return
            if any(abs(one.weights @ kink.point + one.shift) < near for one in units):
                continue
            unit = _unit(asked, kink)
            if unit is None or any(_alike(unit, one) for one in units):
                continue
            if _bends_elsewhere(asked, unit, kink.point, rng):
                units.append(unit)


def assembled(oracle: Oracle, domain: Domain, units: Sequence[Unit]) -> ReluNetwork:
    """What units and a linear function weigh in all answers so far.

    By least squares of logits; of rounded probabilities the likeliest, for what was rounded to nothing has no logit.
    """
    x, y = oracle.held
    design, kept = _design(domain.features(x), units), kept_of(oracle)
    if kept is not None and are_shares(y):
        return ReluNetwork(domain, tuple(units), likeliest(design[:, :-1], y, ridge=ridge_of(kept)))
    values = Sight(np.arange(y.shape[1]), 0.0, probable(y)).logits(y)
    return ReluNetwork(domain, tuple(units), np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], np.float64))


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


def _scattered(known: Known, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Inputs at one place each of so many lines: all places of one line tell of one direction only."""
    lines = [_line(known, rng) for _ in range(n)]
    some = np.array([one + rng.random() * (two - one) for one, two in lines])
    domain = known.domain
    return domain.inside(domain.low + (some + 1.0) / 2.0 * (domain.high - domain.low))


def _kinks(
    asked: Asked, line: tuple[NDArray[np.float64], NDArray[np.float64]], answers: NDArray[np.float64]
) -> Iterator[Kink]:
    """Places on a line where it bends once."""
    one, two = line
    seen = window(answers, asked.kept)
    answers, t = answers[seen], np.linspace(0.0, 1.0, _GRID)[seen]
    sight = Sight.of(answers, asked.kept) if len(t) >= _LEAST else None
    if sight is None:
        return
    told, floor = sight.logits(answers), sight.floor(answers)
    bends = np.linalg.norm(told[2:] - 2 * told[1:-1] + told[:-2], axis=1)
    runs = _runs(np.flatnonzero(bends > floor[1:-1]) + 1)  # the middle of three points that do not lie on a line
    ends = [0, *(int(run[-1]) for run in runs), len(t) - 1], [0, *(int(run[0]) for run in runs), len(t) - 1]
    for at, run in enumerate(runs, start=1):
        left, right = int(run[0]) - 1, int(run[-1]) + 1
        if len(run) > 2 or left < 1 or right > len(t) - 2:  # noqa: PLR2004 -- a kink bends one place or two
            continue
        far = 1 if asked.kept is None else min(_LONG, left - ends[0][at - 1], ends[1][at + 1] - right)
        slopes = (told[left] - told[left - far]) / (t[far] - t[0]), (told[right + far] - told[right]) / (t[far] - t[0])
        jump = slopes[1] - slopes[0]
        gap = (told[left] - slopes[0] * t[left]) - (told[right] - slopes[1] * t[right])
        place = float(gap @ jump / max(float(jump @ jump), 1e-300))
        if not t[left] <= place <= t[right]:
            continue
        halves = (t[ends[0][at - 1]] + place) / 2, (t[ends[1][at + 1]] + place) / 2
        point, before, after = (one + where * (two - one) for where in (place, *halves))
        check = sight.logits(asked.told(point[None]))
        if len(check) and np.linalg.norm(check[0] - told[left] - slopes[0] * (place - t[left])) < 20 * floor[left]:
            yield Kink(point, before, after)


def _runs(found: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Bent places next to each other; more than two are more than one kink."""
    return [run for run in np.split(found, np.flatnonzero(np.diff(found) > 1) + 1) if len(run)]


def _unit(asked: Asked, kink: Kink) -> Unit | None:
    """What a unit weighs, from the slopes before and behind one of its kinks; None where others are in the way."""
    for step in _STEPS:
        answers, steps = [], []
        for point in (kink.before, kink.after):
            inwards = np.where(point > 0, -step, step)
            steps.append(inwards[:, None])
            answers.append(asked.told(np.concatenate([point[None], point + np.diag(inwards)])))
            if len(answers[-1]) <= asked.domain.width:
                return None
        sight = Sight.of(np.concatenate(answers), asked.kept)
        if sight is None:
            return None
        before, after = (_slopes(sight.logits(told), along) for told, along in zip(answers, steps, strict=True))
        own = after - before
        weights = np.linalg.svd(own, full_matrices=False)[0][:, 0]
        rest = np.linalg.norm(own - np.outer(weights, weights @ own))
        hidden = float(sight.off(np.concatenate(answers)).mean()) / step * math.sqrt(own.size)
        least = _REST * np.linalg.norm(own)
        if own.any() and rest <= least + hidden and hidden <= _SHARP * np.linalg.norm(own):
            return Unit(weights, -float(weights @ kink.point))
    return None


def _slopes(told: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences along each axis, shape (width, classes); exact where nothing bends within the step."""
    return np.asarray((told[1:] - told[0]) / along)


def _bends_elsewhere(asked: Asked, unit: Unit, point: NDArray[np.float64], rng: np.random.Generator) -> bool:
    """Whether answers bend where the plane of a unit goes on; it does not where two kinks were taken for one."""
    width, seen, looked = asked.domain.width, 0, 0
    for _ in range(_TRIES if asked.kept is None else 3 * _TRIES):
        along = -np.sign(point) * rng.random(width)
        along -= (along @ unit.weights) * unit.weights
        room = (1.0 - 2 * _ACROSS - np.abs(point)) / np.maximum(np.abs(along), 1e-12)
        room[np.sign(along) != np.sign(point)] = 0.5  # inwards, where there is room
        at = point + max(0.0, min(0.5, float(room.min()))) * along
        answers = asked.told(at + np.outer([-_ACROSS, 0.0, _ACROSS], unit.weights))
        if len(answers) < 3:  # noqa: PLR2004 -- before, at and behind the plane
            return False
        sight = Sight.of(answers, asked.kept)
        if sight is None:
            continue
        told, looked = sight.logits(answers), looked + 1
        seen += bool(np.linalg.norm(told[2] - 2 * told[1] + told[0]) > 4 * sight.floor(answers)[1])
        if looked == _TRIES:
            break
    return 2 * seen > max(looked, 1)


def _alike(one: Unit, other: Unit) -> bool:
    """Whether two are the same plane, whichever way round."""
    a, b = np.append(one.weights, one.shift), np.append(other.weights, other.shift)
    return bool(abs(a @ b) > _ALIKE * np.linalg.norm(a) * np.linalg.norm(b))


def _design(features: NDArray[np.float64], units: Sequence[Unit]) -> NDArray[np.float64]:
    bent = [np.maximum(features @ one.weights + one.shift, 0.0)[:, None] for one in units]
    return np.concatenate([*bent, features, np.ones((len(features), 1))], axis=1)
