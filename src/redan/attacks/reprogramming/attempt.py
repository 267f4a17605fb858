"""One attempt to reprogram a model, from the first question to the judged accuracy."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.extraction.form import Shown
from redan.attacks.reprogramming.frame import Frame
from redan.attacks.reprogramming.keeping import Kept
from redan.attacks.reprogramming.label_maps import Kind, Map, balanced, bayesian, counted, frequency, told
from redan.attacks.reprogramming.learning import Course, Estimator, Learnt, Mark, learn
from redan.attacks.reprogramming.noticing import Noticed, Watching
from redan.attacks.reprogramming.tasks import Task
from redan.errors import IncompleteError
from redan.measures.robustness import Rate, rate
from redan.measures.robustness.accuracy import counted as counted_rate

Array: TypeAlias = NDArray[Any]
Ask: TypeAlias = Callable[[Array], NDArray[np.float64]]
_SETTLED = 1000
_RANDOM = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """What one attempt reached.

    Args:
        name: for people, such as `white-box` or `queries, label`.
        knows: `white-box` or `query-only`.
        shown: the form of answers.
        frame: where input and program lie.
        theta: parameters of the program.
        mapped: the label map.
        kind: of the map.
        accuracy: on test inputs of the task; on the last fresh batches on the way where the service ended it.
        judged: whether it is of test inputs.
        free: accuracy of the best label map without a program; None where the service did not answer that.
        marks: on the way.
        cost: of learning, judging left out.
        refused: what the service said when it ended it.
        noticed: by which monitor; empty where none looked.
        passed: share of programmed test inputs that the envelope of the victim's own data lets pass.
    """

    name: str
    knows: str
    shown: Shown
    frame: Frame
    theta: NDArray[np.float64]
    mapped: Map
    kind: Kind
    accuracy: Rate
    judged: bool
    free: Rate | None
    marks: tuple[Mark, ...]
    cost: Cost
    refused: str = ""
    noticed: tuple[Noticed, ...] = ()
    passed: Rate | None = None


class Judge(NamedTuple):
    """What an attempt is judged with; none of it is counted as the attacker's.

    Args:
        ask: answers to inputs of the victim, in the same form.
        task: whose test part is looked at.
        seed: of random programs.
        most: inputs that a label map without a program is fitted to.
    """

    ask: Ask
    task: Task
    seed: int = 0
    most: int = _SETTLED

    def accuracy(self, frame: Frame, theta: Array, mapped: Map) -> Rate:
        """On test inputs.

        Raises:
            IncompleteError: the model does not answer.
        """
        return rate(told(self.ask(frame.inputs(self.task.x_test, theta)), mapped) == self.task.y_test)

    def without(self, frame: Frame) -> Rate:
        """Accuracy of the best label map with a program of zeros, or of random numbers: what the map alone gives.

        Raises:
            IncompleteError: the model does not answer.
        """
        rng, task = np.random.default_rng([self.seed, 61]), self.task
        tried = [np.zeros(frame.parameters), *(rng.normal(size=frame.parameters) for _ in range(_RANDOM))]
        rows = rng.permutation(len(task.x))[: min(self.most, 2 * len(task.x_test))]
        found = []
        for theta in tried:
            shares = self.ask(frame.inputs(task.x[rows], theta))
            hits, mapped = settled(shares, task.y[rows], task.classes, None)
            found.append((hits, theta, mapped))
        _, theta, mapped = max(found, key=lambda one: one[0])
        return self.accuracy(frame, theta, mapped)


def settled(shares: Array, y: Array, foreign: int, known: Map | None) -> tuple[int, Map]:
    """The label map that is right most often for these answers, and how often.

    Args:
        shares: answers, shape (n, classes).
        y: foreign classes.
        foreign: how many.
        known: a further candidate, which goes before others that are right as often.
    """
    joint = counted(shares, y, foreign)
    tried = [*([] if known is None else [known]), bayesian(joint), balanced(joint), frequency(joint)]
    hits = [int((told(shares, one) == y).sum()) for one in tried]
    best = int(np.argmax(hits))
    return hits[best], tried[best]


class Setting(NamedTuple):
    """How an attempt is made.

    Args:
        name: for people.
        knows: `white-box` or `query-only`.
        shown: the form of answers.
        course: of learning.
        judge: of the result.
        cost: what was spent so far.
        refused: what the service said.
        watching: monitors that look at the attack's questions; None where nobody looks.
        kept: where the work is kept.
        told_of: is told the steps that are done, and of how many.
    """

    name: str
    knows: str
    shown: Shown
    course: Course
    judge: Judge
    cost: Callable[[float], Cost]
    refused: Callable[[], str] = str
    watching: Watching | None = None
    kept: Kept | None = None
    told_of: Callable[[int, int], None] | None = None


def attempt(estimator: Estimator, setting: Setting) -> Attempt:
    """Learns, settles the label map, and judges.

    Raises:
        IncompleteError: the model did not answer at all.
    """
    began, task, frame = perf_counter(), setting.judge.task, estimator.frame
    kept = setting.kept
    learnt = learn(
        estimator, task, setting.course,
        states=None if kept is None else kept.states(setting.name),
        keep=None if kept is None else lambda states: kept.keep(setting.name, states),
        told_of=setting.told_of,
    )  # fmt: skip
    mapped = learnt.mapped if learnt.ended else _settled(estimator, task, learnt, setting.course)
    cost = setting.cost(perf_counter() - began)
    accuracy, judged, free = _judged(setting.judge, frame, learnt, mapped)
    return Attempt(
        name=setting.name,
        knows=setting.knows,
        shown=setting.shown,
        frame=frame,
        theta=learnt.theta,
        mapped=mapped,
        kind=learnt.kind,
        accuracy=accuracy,
        judged=judged,
        free=free,
        marks=learnt.marks,
        cost=cost,
        refused=setting.refused(),
        noticed=() if setting.watching is None else setting.watching.noticed,
    )


def _settled(estimator: Estimator, task: Task, learnt: Learnt, course: Course) -> Map:
    """The label map that fits the finished program best on training inputs; the learnt one where none is answered."""
    rows = np.random.default_rng([course.seed, 62]).permutation(len(task.x))[: course.settle]
    try:
        shares = estimator.shares(learnt.theta, task.x[rows])
    except IncompleteError:
        return learnt.mapped
    return settled(shares, task.y[rows], task.classes, learnt.mapped)[1]


def _judged(judge: Judge, frame: Frame, learnt: Learnt, mapped: Map) -> tuple[Rate, bool, Rate | None]:
    try:
        return judge.accuracy(frame, learnt.theta, mapped), True, judge.without(frame)
    except IncompleteError:
        last = next((one for one in reversed(learnt.marks) if one.n), None)
        if last is None:
            raise
        return counted_rate(last.hits, last.n), False, None
