"""A model, the data of its own task and a foreign task in; attempts with and without gradients out, judged alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.inputs import Opening
from redan.attacks.cost import Cost
from redan.attacks.extraction.form import Shown
from redan.attacks.progress import Progress
from redan.attacks.reprogramming.answering import Answered, answered
from redan.attacks.reprogramming.attempt import Attempt, Judge, Setting, attempt
from redan.attacks.reprogramming.differences import Differences
from redan.attacks.reprogramming.frame import Frame
from redan.attacks.reprogramming.keeping import Kept
from redan.attacks.reprogramming.learning import Course
from redan.attacks.reprogramming.noticing import MONITORS, Ground
from redan.attacks.reprogramming.service import Service
from redan.attacks.reprogramming.slopes import Slopes
from redan.attacks.reprogramming.tasks import FEWEST, Task, task_of
from redan.attacks.reprogramming.victims import Victim, victim_of
from redan.errors import IncompleteError, InputError, UsageError
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]
WHITE_BOX, QUERY_ONLY = "white-box", "query-only"
_TEST, _REMOTE_TEST = 1000, 200
_FEW_STEPS = 25
_PART = 4  # of the effort, that the control with shuffled labels gets


class Wanted(NamedTuple):
    """What is wanted of a campaign.

    Args:
        task: its name, or a path.
        queries: budget of each attempt that asks; 0 for none.
        steps: of the attempt with gradients; 0 for none.
        forms: of answers; the first is how the model is served, and judged.
        inside: whether an attempt is made that keeps each number in the range of the model's own data.
        deviations: shares of the range within which further attempts stay around the mean of that data.
        batch: inputs of a step that follows gradients.
        scale: pixels of the victim for one of the task; None for what fills six tenths of a side, or nine where
            the program goes on beneath it.
        block: side of the squares of a program that have one value.
        amplitude: of a foreign picture; below one the program goes on beneath it, at one it is a frame around it.
        label: column of classes; for a table.
        samples: of the model's own data at most.
        test: inputs of the task that judge; None for 1,000, and for 200 at an endpoint.
        box: least and largest value of an array's numbers.
        classes: of a model that shows labels alone.
        shuffled: whether the attack is also tried on labels that say nothing.
        work: where the work is kept.
        seed: of every draw.
        progress: is told how far it is.
        monitors: of the gateway, that look on; none when empty.
        honest: clients whom they look at, too.
    """

    task: str = "digits"
    queries: int = 20_000
    steps: int = 0
    forms: tuple[Shown, ...] = (Shown(),)
    inside: bool = True
    deviations: tuple[float, ...] = ()
    batch: int = 64
    scale: int | None = None
    block: int = 1
    amplitude: float = 1.0
    label: str | None = None
    samples: int = 2000
    test: int | None = None
    box: tuple[float, float] = (0.0, 1.0)
    classes: int | None = None
    shuffled: bool = True
    work: Path | None = None
    seed: int = 0
    progress: Callable[[Progress], None] | None = None
    monitors: tuple[str, ...] = tuple(MONITORS)
    honest: int = 100


class Reprogrammed(NamedTuple):
    """What a campaign found.

    Args:
        task: foreign.
        attempts: the first of each kind of knowledge is the one that is judged; others are compared with it.
        shuffled: accuracy of the same attack where classes say nothing; None where it was not tried.
        false_alarms: share of honest clients whom each monitor accuses, by its name; empty where none look.
        classes: of the model.
        cost: of all attempts.
        notes: what a reader has to know.
        answered: how the model answers.
        unwatched: why no monitor could look; the empty string where one did, or none was to.
    """

    task: Task
    attempts: tuple[Attempt, ...]
    shuffled: Rate | None
    false_alarms: Mapping[str, Rate]
    classes: int
    cost: Cost
    notes: tuple[str, ...] = ()
    answered: Answered | None = None
    unwatched: str = ""

    def of(self, knows: str) -> tuple[Attempt, ...]:
        """Attempts of one kind of knowledge."""
        return tuple(one for one in self.attempts if one.knows == knows)


def try_reprogramming(opening: Opening, data: Path, wanted: Wanted) -> Reprogrammed:
    """Reprograms a model for a foreign task, under each form of answers and inside of each bound that is wanted.

    Args:
        opening: of the model.
        data: of its own task: an `.npz` with arrays x and y, or a table.
        wanted: of the campaign.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model, data and task do not fit.
        IncompleteError: the model does not answer at all.
    """
    if not wanted.queries and not wanted.steps:
        raise UsageError("nothing is to be tried", remedy="give --queries N or --white-box N")
    target = opening()
    victim = victim_of(
        target,
        data,
        path=Path(opening.word) if wanted.steps and target.endpoint is None else None,
        label=wanted.label,
        box=wanted.box,
        samples=wanted.samples,
        seed=wanted.seed,
        batch=wanted.batch,
    )
    of = f"{target.of} {_digest(victim.x)} {wanted.task} {wanted.queries} {wanted.steps} {wanted.batch}"
    of += f" {wanted.scale} {wanted.block} {wanted.amplitude} {wanted.seed}"
    kept = None if wanted.work is None else Kept(wanted.work, of)
    return reprogram(victim, task_of(wanted.task, wanted.seed), wanted, kept)


def reprogram(victim: Victim, task: Task, wanted: Wanted, kept: Kept | None = None) -> Reprogrammed:
    """The same for a model that is open.

    Raises:
        UsageError: gradients are wanted of a model that has none.
        InputError: model, data and task do not fit.
        IncompleteError: the task is too small, or the model does not answer at all, or one thing to everything.
    """
    if wanted.steps and victim.network is None:
        raise UsageError(
            "this model has no gradients that can be followed: " + " ".join(victim.notes or ("it only answers",)),
            remedy="give --queries N instead",
        )
    frame = victim.frame(task, wanted.scale, wanted.block, wanted.amplitude)
    mine = victim.told(task, frame).some(len(task.x), wanted.test or (_REMOTE_TEST if victim.remote else _TEST))
    if len(mine.x) < FEWEST or len(mine.x_test) < FEWEST:
        raise IncompleteError(
            f"{len(mine.x)} and {len(mine.x_test)} inputs of the task are too few to learn and judge",
            remedy=f"give {FEWEST} or more of each",
        )
    how = answered(victim, mine, frame, declared=wanted.classes, seed=wanted.seed)
    wanted = wanted._replace(classes=how.classes, forms=(Shown("label"),) if how.labels else wanted.forms)
    ground, unwatched = _ground(victim, wanted)
    made = tuple(_attempts(victim, mine, frame, ground, (wanted, kept)))
    shuffled = _shuffled(victim, mine, frame, wanted) if wanted.shuffled and not victim.remote else None
    alarms: Mapping[str, Rate] = {}
    if ground is not None and any(one.noticed for one in made):
        alarms = ground.false_alarms(wanted.monitors, clients=wanted.honest)
    return Reprogrammed(
        task=mine,
        attempts=made,
        shuffled=shuffled,
        false_alarms=alarms,
        classes=made[0].mapped.shape[0],
        cost=sum((one.cost for one in made), start=Cost()),
        notes=(*victim.notes, *how.notes, *((f"No monitor looked: {unwatched}.",) if unwatched else ())),
        answered=how,
        unwatched=unwatched,
    )


def course_of(budget: int, seed: int, *, questions: int = 2, task: Task | None = None) -> Course:
    """How a program is learnt from so many questions.

    Args:
        budget: in all.
        seed: of every draw.
        questions: for each input of a batch.
        task: to be learnt.

    Raises:
        InputError: the budget is too small for a single step.
    """
    fit = max(16, min(256, budget // 40))
    settle = max(16, min(1000, budget // 20))
    batch = max(8, min(64, budget // 200, 64 if task is None else len(task.x)))
    steps = (budget - fit - settle) // (batch * questions)
    if steps < 1:
        raise InputError(f"{budget:,} questions are too few for one step", remedy="give 500 or more")
    return Course(steps=steps, batch=batch, seed=seed, fit=fit, settle=settle)


def _white_course(wanted: Wanted, steps: int) -> Course:
    fit, settle = 4 * wanted.batch, 16 * wanted.batch
    return Course(steps=steps, batch=wanted.batch, seed=wanted.seed, fit=fit, settle=settle)


def _attempts(
    victim: Victim, task: Task, frame: Frame, ground: Ground | None, how: tuple[Wanted, Kept | None]
) -> Iterator[Attempt]:
    wanted, kept = how
    for name, bound in _bounds(victim, frame, wanted):
        if wanted.steps:
            yield _seen(_white(victim, task, bound, name, how), task, ground, wanted.monitors)
        if not wanted.queries:
            continue
        for shown in wanted.forms if not name else wanted.forms[:1]:
            full = f"queries, {shown}{', ' if name else ''}{name}"
            watching = ground.watch(wanted.monitors) if ground is not None else None
            spent = 0 if kept is None else kept.spent.get(full, 0)
            service = Service(
                victim.source(), shown=shown, budget=wanted.queries, classes=wanted.classes, watched=watching
            )
            service.queries.asked = spent
            estimator = Differences(service=service, frame=bound)
            judge = Service(victim.source(), shown=shown, classes=wanted.classes)
            setting = Setting(
                name=full,
                knows=QUERY_ONLY,
                shown=shown,
                course=course_of(wanted.queries, wanted.seed, task=task),
                judge=Judge(judge.shares, task, wanted.seed, max(_FEW_STEPS, min(1000, wanted.queries // 3))),
                cost=service.cost,
                refused=partial(_refused, service),
                watching=watching if not spent else None,  # what was asked before the call was cut off nobody saw
                kept=kept,
                told_of=_teller(wanted, full),
            )
            yield _seen(attempt(estimator, setting), task, ground, wanted.monitors)


def _white(victim: Victim, task: Task, frame: Frame, name: str, how: tuple[Wanted, Kept | None]) -> Attempt:
    wanted, kept = how
    network = victim.network
    if network is None:
        raise UsageError("this model has no gradients that can be followed", remedy="give --queries N instead")
    full = f"white-box{', ' if name else ''}{name}"
    before = network.meter.read()
    judge = Slopes(network, frame)
    setting = Setting(
        name=full,
        knows=WHITE_BOX,
        shown=Shown(),
        course=_white_course(wanted, wanted.steps),
        judge=Judge(judge.answers, task, wanted.seed),
        cost=lambda seconds: network.meter.since(before, seconds),
        kept=kept,
        told_of=_teller(wanted, full),
    )
    return attempt(Slopes(network, frame), setting)


def _seen(made: Attempt, task: Task, ground: Ground | None, monitors: tuple[str, ...]) -> Attempt:
    """The same with what the gateway's envelope and monitors make of the finished program's use."""
    if ground is None:
        return made
    inputs = made.frame.inputs(task.x_test, made.theta)
    passed = rate(ground.within(inputs))
    if made.noticed:
        return replace(made, passed=passed)
    watching = ground.watch(monitors)
    watching(inputs)
    return replace(made, passed=passed, noticed=watching.noticed)


def _bounds(victim: Victim, frame: Frame, wanted: Wanted) -> Iterator[tuple[str, Frame]]:
    """The frame as it is, and inside of each bound."""
    yield "", frame
    rows = victim.x.reshape(len(victim.x), -1)
    low, high = rows.min(axis=0), rows.max(axis=0)
    if wanted.inside and not victim.table and bool(((low > victim.low) | (high < victim.high)).any()):
        yield "inside the data's ranges", frame.bounded(low, high)
    for reach in wanted.deviations:
        yield f"within {reach:g} of the mean input", frame.within(reach, rows.mean(axis=0))


def _shuffled(victim: Victim, task: Task, frame: Frame, wanted: Wanted) -> Rate:
    """What the same attack makes of classes that say nothing: it must be at chance."""
    wrong = task.shuffled_labels(wanted.seed)
    if wanted.steps and victim.network is not None:
        judge, course = Slopes(victim.network, frame), _white_course(wanted, max(1, wanted.steps // _PART))
        setting = Setting("shuffled", WHITE_BOX, Shown(), course, Judge(judge.answers, wrong), lambda _: Cost())
        return attempt(Slopes(victim.network, frame), setting).accuracy
    budget = max(500, wanted.queries // _PART)
    service, judging = (
        Service(victim.source(), shown=wanted.forms[0], budget=most, classes=wanted.classes) for most in (budget, None)
    )
    setting = Setting(
        "shuffled", QUERY_ONLY, wanted.forms[0], course_of(budget, wanted.seed), Judge(judging.shares, wrong),
        lambda _: Cost(),
    )  # fmt: skip
    return attempt(Differences(service=service, frame=frame), setting).accuracy


def _ground(victim: Victim, wanted: Wanted) -> tuple[Ground | None, str]:
    if not wanted.monitors:
        return None, ""
    try:
        return Ground(victim.x, wanted.seed), ""
    except (IncompleteError, InputError) as error:
        return None, error.what


def _refused(service: Service) -> str:
    return service.refused


def _teller(wanted: Wanted, name: str) -> Callable[[int, int], None] | None:
    progress = wanted.progress
    return None if progress is None else lambda done, of: progress(Progress(name, done, of))


def _digest(x: Array) -> str:
    from hashlib import sha256

    return sha256(np.ascontiguousarray(x).tobytes()).hexdigest()[:16]
