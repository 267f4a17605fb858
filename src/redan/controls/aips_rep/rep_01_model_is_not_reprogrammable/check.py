"""Whether a stranger has the model do another task, with gradients, by its declared answers alone, and unnoticed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import open_target
from redan.attacks.extraction.form import Shown
from redan.attacks.reprogramming.campaign import Reprogrammed, Wanted, reprogram
from redan.attacks.reprogramming.noticing import MONITORS
from redan.attacks.reprogramming.tasks import Task, counting, opposites
from redan.attacks.reprogramming.telling import CONTROL, NOTICED, QUERIES, THRESHOLD, WHITE, noticed, tell
from redan.attacks.reprogramming.victims import Victim, victim_of
from redan.controls.attacked import classifying, data_of, model_of_id, subject_of, targets, threshold_of, told_why
from redan.controls.contract import Check, Have, Subject
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Remedy, broken, not_run
from redan.system.records import Endpoint, Model
from redan.system.system import System
from redan.terms import Level, Tier

_STEPS, _BATCH = 100, 16
_MOST = 4000
_SAMPLES = 1000
_TEST = 500
_PICTURE = 2
_SIDE = 14  # pixels, below which a foreign picture would have to be too small to mean anything
_DECLARE = Remedy(
    text="Let the gateway watch for series of questions with one program: the endpoint's key 'monitors' with "
    "'one-program', and a reference of the model.",
    effort=Level.LOW,
)


class _Opened(NamedTuple):
    victim: Victim
    task: Task
    wanted: Wanted


def _models(system: System) -> Iterator[Subject]:
    return (subject_of(system, model) for model in targets(system))


def _endpoints(system: System) -> Iterator[Subject]:
    paths = {model.name for model in system.models if model.path}
    found = (one for one in classifying(system) if one.elements[1].removeprefix("model:") in paths)
    return (Subject(one.id, one.elements[1:]) for one in found)  # the endpoint itself has no file


def _white(have: Have) -> Iterator[Finding]:
    opened = _opened(have, have.subject.elements[0], gradients=True)
    if opened.victim.network is None:
        raise IncompleteError("gradients cannot be followed: " + " ".join(opened.victim.notes))
    wanted = opened.wanted._replace(steps=_STEPS, batch=_BATCH, queries=0)
    found = reprogram(opened.victim, opened.task, wanted)
    yield from _of(have, found, WHITE)


def _queries(have: Have) -> Iterator[Finding]:
    yield from _of(have, _asked(have), QUERIES)


def _noticed(have: Have) -> Iterator[Finding]:
    endpoint = _endpoint(have)
    watching = tuple(name for name in MONITORS if name in endpoint.monitors) if endpoint.gateway else ()
    found = _asked(have, watching)
    threshold = threshold_of(have, CONTROL, THRESHOLD)
    made = found.attempts[0]
    if watching and not made.noticed:
        raise IncompleteError(" ".join(found.notes) or "no monitor looked")
    if watching:
        yield noticed(found, have.subject.id, threshold=threshold)
        return
    reached = f"Nobody watches its questions; {made.cost.queries:,} of them reach {made.accuracy.value or 0:.1%}"
    text = f"{reached} on {found.task.name}, chance {found.task.chance:.1%}."
    if any(one.outcome.value == "broken" for one in tell(found, have.subject.id, threshold=threshold)):
        yield broken(NOTICED, have.subject.id, text, _DECLARE)
    else:
        yield not_run(NOTICED, have.subject.id, f"{text} There is nothing to be noticed.", remedy=_DECLARE)


def _of(have: Have, found: Reprogrammed, check: str) -> Iterator[Finding]:
    told = tell(found, have.subject.id, threshold=threshold_of(have, CONTROL, THRESHOLD))
    yield from (replace(one, part=found.task.name) for one in told if one.check == check)


def _asked(have: Have, monitors: tuple[str, ...] = ()) -> Reprogrammed:
    """The attack by questions, in the declared form and within the declared budget."""
    endpoint = _endpoint(have)
    opened = _opened(have, have.subject.elements[0], gradients=False)
    budget = _MOST if endpoint.queries is None else min(_MOST, endpoint.queries)
    wanted = opened.wanted._replace(queries=budget, forms=(_form(endpoint),), monitors=monitors)
    return reprogram(opened.victim, opened.task, wanted)


def _opened(have: Have, element: str, *, gradients: bool) -> _Opened:
    model = model_of_id(have.system, element)
    data = data_of(have.system, model)
    if data is None:
        raise InputError(f"there is no data that shows what model {model.name} reads", remedy="name 'validated_on'")
    file = have.get(ModelFile, element).path
    path = have.get(DatasetFile, f"dataset:{data.name}").path
    arrays = path.suffix.lower() == ".npz"
    seed = int(have.rng.integers(2**31 - 1))
    victim = victim_of(
        open_target(str(file), None),
        path,
        path=file if gradients and arrays else None,
        label=None if arrays else data.label,
        box=model.box,
        samples=_SAMPLES,
        seed=seed,
        batch=_BATCH,
    )
    wanted = Wanted(inside=False, shuffled=False, test=_TEST, box=model.box, seed=seed, monitors=(), honest=20)
    return _Opened(victim, _task(victim, model), wanted)


def _task(victim: Victim, model: Model) -> Task:
    """A task that fits into the model's input: squares to be counted in pictures, numbers to be compared in rows."""
    shape = victim.x.shape[1:]
    sides = shape[1:] if len(shape) > _PICTURE and shape[0] <= shape[-1] else shape[:_PICTURE]
    if len(shape) == 1 and not victim.table:
        side = int(np.sqrt(shape[0]))
        sides = (side, side) if side * side == shape[0] else ()
    if len(sides) == _PICTURE and min(sides) >= _SIDE:
        return counting(2000, _TEST, classes=4, square=2)
    if len(sides) == _PICTURE and len(shape) > 1:
        raise IncompleteError(f"pictures of {sides[0]} x {sides[1]} are too small for a foreign one, in {model.name}")
    return opposites(2000, _TEST)


def _endpoint(have: Have) -> Endpoint:
    return next(one for one in have.system.endpoints if f"endpoint:{one.name}" == have.subject.id)


def _form(endpoint: Endpoint) -> Shown:
    return Shown(endpoint.answers, endpoint.top or 1, endpoint.decimals if endpoint.answers != "label" else None)


def _checks() -> Iterable[Check]:
    yield Check(
        id=WHITE,
        subjects=_models,
        run=told_why(WHITE, "path", _white),
        needs=(ModelFile, DatasetFile),
        tier=Tier.GPU,
        extra="torch",
        adjustable=True,
    )
    for name, run, tier in ((QUERIES, _queries, Tier.GPU), (NOTICED, _noticed, Tier.MINUTES)):
        yield Check(
            id=name,
            subjects=_endpoints,
            run=told_why(name, "answers" if name == QUERIES else "monitors", run),
            needs=(ModelFile, DatasetFile),
            tier=tier,
            adjustable=True,
        )


CHECKS = tuple(_checks())
