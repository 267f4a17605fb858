"""Learns a program and a label map, step by step, with gradients or without; the same loop for both.

Source: Elsayed et al., ICLR 2019, section 3 (Adam with a decaying rate, lambda times the squared norm of W);
Cao et al., NeurIPS 2024 (label maps are fitted anew while the program is learnt).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.reprogramming.frame import Frame
from redan.attacks.reprogramming.label_maps import FITTED, Kind, Map, counted, fitted, told
from redan.attacks.reprogramming.tasks import Task
from redan.errors import IncompleteError

Array: TypeAlias = NDArray[Any]
_FADE = 0.98
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8
_MARKS = 24


class Slope(NamedTuple):
    """What one batch says of a program.

    Args:
        gradient: of the mean loss to the parameters, shape (parameters,).
        shares: answers to the program as it is, shape (n, classes).
    """

    gradient: NDArray[np.float64]
    shares: NDArray[np.float64]


class Estimator(Protocol):
    """Where slopes come from."""

    @property
    def frame(self) -> Frame:
        """Where inputs and program lie."""
        ...

    @property
    def spent(self) -> int:
        """Inputs that the model has answered so far."""
        ...

    def shares(self, theta: Array, x: Array) -> NDArray[np.float64]:
        """Answers, shape (n, classes)."""
        ...

    def slope(self, theta: Array, batch: tuple[Array, Array], mapped: Map, rng: np.random.Generator) -> Slope:
        """Of one batch of inputs and classes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a program is learnt.

    Args:
        steps: in all.
        batch: inputs of a step.
        rate: of Adam at the beginning.
        last: share of the rate at the end; it falls exponentially.
        penalty: lambda, of the squared norm of the parameters.
        kinds: label maps that are tried; the one that is right most often goes on.
        trial: share of the steps that each of several maps is tried for.
        refit: steps after which a map that looks at answers is fitted anew.
        seed: of every draw.
        fit: inputs that the first label map is fitted to.
        settle: inputs that the last one is chosen by.
    """

    steps: int
    batch: int = 64
    rate: float = 0.1
    last: float = 0.1
    penalty: float = 0.0
    kinds: tuple[Kind, ...] = ("balanced",)
    trial: float = 0.08
    refit: int = 25
    seed: int = 0
    fit: int = 256
    settle: int = 1000

    @property
    def tried(self) -> int:
        """Steps that each map is tried for."""
        return max(1, round(self.trial * self.steps)) if len(self.kinds) > 1 else 0


class Mark(NamedTuple):
    """How often the program was right on fresh batches since the mark before, before it learnt of them.

    Args:
        spent: inputs that the model had answered.
        hits: right ones.
        n: inputs.
    """

    spent: int
    hits: int
    n: int


@dataclass(slots=True, kw_only=True)
class State:
    """A program that is learnt with one kind of label map; all that is needed to go on."""

    kind: Kind
    theta: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    joint: NDArray[np.float64]
    mapped: Map
    step: int = 0
    hits: int = 0
    n: int = 0
    marks: list[Mark] = field(default_factory=list)


class Learnt(NamedTuple):
    """A program.

    Args:
        theta: its parameters.
        mapped: its label map.
        kind: of the map.
        marks: on the way.
        steps: that were made with this map.
        ended: why it ended before its time; None when it did not.
    """

    theta: NDArray[np.float64]
    mapped: Map
    kind: Kind
    marks: tuple[Mark, ...]
    steps: int
    ended: IncompleteError | None = None


def learn(
    estimator: Estimator,
    task: Task,
    course: Course,
    *,
    states: list[State] | None = None,
    keep: Callable[[Sequence[State]], None] | None = None,
    told_of: Callable[[int, int], None] | None = None,
) -> Learnt:
    """Learns a program to its last step, or until the model answers no more.

    Args:
        estimator: of slopes.
        task: whose training part is looked at, and nothing else.
        course: how.
        states: of an earlier run of the same course, to go on from; filled in place.
        keep: is given the states now and then.
        told_of: is told the steps that are done, and of how many.

    Raises:
        IncompleteError: the model did not answer a single batch.
    """
    held = [] if states is None else states
    ended: IncompleteError | None = None
    run = _Run(estimator, task, course, held, keep, told_of, [])
    try:
        for kind in course.kinds if course.tried else ():
            run.to(kind, course.tried)
        best = _chosen(held, course)
        run.to(best, course.steps - course.tried * (len(course.kinds) - 1))
    except IncompleteError as error:
        if not held:
            raise
        ended = error
    if keep is not None:
        keep(held)
    best = _furthest(held)
    state = next(one for one in held if one.kind == best)
    return Learnt(state.theta, state.mapped, best, tuple(state.marks), state.step, ended)


class _Run(NamedTuple):
    estimator: Estimator
    task: Task
    course: Course
    held: list[State]
    keep: Callable[[Sequence[State]], None] | None
    told_of: Callable[[int, int], None] | None
    first: list[Map]  # what is answered within a program of zeros, once for all kinds of maps

    def to(self, kind: Kind, steps: int) -> None:
        """Takes the state of a kind to a step."""
        state = next((one for one in self.held if one.kind == kind), None)
        if state is None:
            if not self.first:
                self.first.append(answered(self.estimator, self.task, self.course))
            state = begun(self.first[0], kind, self.estimator.frame.parameters, self.course.seed)
            self.held.append(state)
        every = max(1, self.course.steps // _MARKS)
        while state.step < steps:
            stepped(self.estimator, self.task, self.course, state)
            if state.step % every == 0 or state.step == steps:
                state.marks.append(Mark(self.estimator.spent, state.hits, state.n))
                state.hits = state.n = 0
                if self.keep is not None:
                    self.keep(self.held)
            if self.told_of is not None:
                self.told_of(sum(one.step for one in self.held), self.course.steps)


def answered(estimator: Estimator, task: Task, course: Course) -> Map:
    """With how much probability each class is answered for each foreign class within a program of zeros."""
    rows = np.random.default_rng([course.seed, 41]).permutation(len(task.x))[: course.fit]
    shares = estimator.shares(np.zeros(estimator.frame.parameters), task.x[rows])
    return counted(shares, task.y[rows], task.classes)


def begun(joint: Map, kind: Kind, parameters: int, seed: int) -> State:
    """A program of zeros, with a map that is fitted to answers within it."""
    theta = np.zeros(parameters)
    mapped = fitted(kind, joint, np.random.default_rng([seed, 43]))
    return State(
        kind=kind, theta=theta, first=np.zeros_like(theta), second=np.zeros_like(theta), joint=joint, mapped=mapped
    )


def stepped(estimator: Estimator, task: Task, course: Course, state: State) -> None:
    """One step of Adam, in place; draws depend on the seed, the kind of map, and the number of the step alone."""
    rng = np.random.default_rng([course.seed, 42, len(state.kind), state.step])
    rows = rng.integers(0, len(task.x), course.batch)
    x, y = task.x[rows], task.y[rows]
    slope = estimator.slope(state.theta, (x, y), state.mapped, rng)
    gradient = slope.gradient + 2 * course.penalty * state.theta
    state.hits += int((told(slope.shares, state.mapped) == y).sum())
    state.n += len(y)
    state.joint = _FADE * state.joint + counted(slope.shares, y, task.classes)
    state.step += 1
    state.first = _FIRST * state.first + (1 - _FIRST) * gradient
    state.second = _SECOND * state.second + (1 - _SECOND) * gradient**2
    rate = course.rate * course.last ** (state.step / max(1, course.steps))
    level = np.sqrt(state.second / (1 - _SECOND**state.step)) + _TINY
    state.theta = state.theta - rate * state.first / (1 - _FIRST**state.step) / level
    if state.step % course.refit == 0 and state.kind in FITTED:
        state.mapped = fitted(state.kind, state.joint, rng)


def _chosen(held: Sequence[State], course: Course) -> Kind:
    """The kind that goes on after the trials; of an earlier run the one that went on then."""
    if not course.tried:
        return course.kinds[0]
    ahead = [one for one in held if one.step > course.tried]
    return ahead[0].kind if ahead else _best(held)


def _best(held: Sequence[State]) -> Kind:
    """Whose last mark is the best; the first of equal ones."""
    return max(held, key=lambda one: one.marks[-1].hits / max(1, one.marks[-1].n) if one.marks else -1.0).kind


def _furthest(held: Sequence[State]) -> Kind:
    """The one that went on after the trials; while they last, the best of them."""
    most = max(one.step for one in held)
    ahead = [one for one in held if one.step == most]
    return ahead[0].kind if len(ahead) == 1 else _best(ahead)
