"""What a claimed reduction lowers: the same tests for membership and for canaries, before and after it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from redan.artifacts.canaries_file import CanariesFile
from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.shadows_file import ShadowsFile
from redan.attacks.campaign.inputs import Target, open_target
from redan.attacks.inference.canaries import CanarySet, read_canaries
from redan.attacks.inference.canaries_losses import losses_of_rows, losses_of_text, try_canaries
from redan.attacks.inference.exposure import CanaryTest
from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.attacks.inference.membership.matrix_file import read_matrix
from redan.canon import Json
from redan.controls.attacked import model_of_id, told_why
from redan.controls.contract import Check, Have, Subject
from redan.defences.reduction.compare import compare_canaries, compare_membership
from redan.defences.reduction.gain import Gain
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

CONTROL = "A-MLSG-003-C001"
MEMBERSHIP = f"{CONTROL}/reduction-lowers-membership-leakage"
CANARIES = f"{CONTROL}/reduction-lowers-canary-exposure"
_REFERENCES = 20_000
_UNCLAIM = Remedy(
    text="Do not count the reduction as a protection (leave out the key 'reduces'), or reduce further and measure "
    "again; where secrets must not leak, train with a privacy guarantee.",
    effort=Level.HIGH,
)
_SCORE = Remedy(
    text="Score both models, and shadows that were trained and reduced like them, on the same records, and name each "
    "file in the model's key 'shadows'; members are the records that the model before was trained on.",
    command="redan attack membership --model FILE --data MEMBERS --nonmembers FILE --keep shadows.npz",
    effort=Level.MEDIUM,
)
_PLANT = Remedy(
    text="Plant five canaries or more in the data that the model before is trained on, some of them several times, and "
    "name the secret list in its key 'canaries'.",
    command="redan defend canaries train.csv --label LABEL --out train-with-canaries.csv --secret canaries.json",
    effort=Level.MEDIUM,
)


class _Said(NamedTuple):
    """Words around the figures.

    Args:
        what: is given away.
        how: it was measured.
        attacker: who is assumed.
    """

    what: str
    how: str
    attacker: str


class _Two(NamedTuple):
    """The reduced model and the one before."""

    after: Model
    before: Model


def _pairs(system: System) -> Iterator[tuple[Model, Model]]:
    for model in system.models:
        if model.reduces is not None:
            yield model, next(m for m in system.models if m.name == model.reduces)


def _models(system: System) -> Iterable[Subject]:
    return tuple(Subject(f"model:{a.name}", (f"model:{a.name}", f"model:{b.name}")) for a, b in _pairs(system))


def _models_and_data(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"model:{a.name}", (f"model:{a.name}", f"model:{b.name}", *(f"dataset:{d}" for d in b.trained_on)))
        for a, b in _pairs(system)
    )


def _two(have: Have) -> _Two:
    after, before = (model_of_id(have.system, element) for element in have.subject.elements[:2])
    return _Two(after, before)


def _membership(have: Have) -> Iterator[Finding]:
    two = _two(have)
    scores = {file.element: file for file in have.all(ShadowsFile)}
    lacking = [m.name for m in two if f"model:{m.name}" not in scores]
    if lacking:
        text = f"There are no scores of model {' and of model '.join(lacking)} to compare (key 'shadows')."
        yield not_run(MEMBERSHIP, have.subject.id, text, remedy=_SCORE)
        return
    after, before = (_matrix(have, scores[f"model:{m.name}"]) for m in two)
    gain, attack = compare_membership(before, after, rng=np.random.default_rng([int(have.system.policy.seed), 31]))
    counted = before.members
    how = (
        f"{int(counted[0].sum()):,} records that model {two.before.name} was trained on and "
        f"{int((~counted[0]).sum()):,} others, attack {attack}, {len(before.shadows)} shadows before and "
        f"{len(after.shadows)} after"
    )
    what = f"Whose records model {two.before.name} was trained on"
    said = _Said(what, how, "may ask for the score of a record and trains models of the same kind")
    yield _finding(MEMBERSHIP, have, two, gain, said)


def _matrix(have: Have, file: ShadowsFile) -> ScoreMatrix:
    """The scores of a model.

    Raises:
        InputError: they cannot be read, or are of another model than the one that is there.
    """
    matrix = read_matrix(file.path)
    there = next((found.digest for found in have.all(ModelFile) if found.element == file.element), None)
    if there is not None and matrix.model and matrix.model != there:
        raise InputError(f"the scores are of another model than {file.element.partition(':')[2]}", where=file.path.name)
    return matrix


def _canaries(have: Have) -> Iterator[Finding]:
    two = _two(have)
    given = next((file for file in have.all(CanariesFile) if file.element == f"model:{two.before.name}"), None)
    if given is None:
        text = f"No canaries were planted in the training data of model {two.before.name} (key 'canaries')."
        yield not_run(CANARIES, have.subject.id, text, remedy=_PLANT)
        return
    canaries = read_canaries(given.path)
    if canaries.data not in {file.digest for file in have.all(DatasetFile)}:
        text = (
            f"The canaries were planted into other data than model {two.before.name} was trained on: no dataset of its "
            "key 'trained_on' has the digest that the list names."
        )
        yield not_run(CANARIES, have.subject.id, text, remedy=_PLANT)
        return
    after, before = (_tested(have, model, canaries) for model in two)
    gain = compare_canaries(before, after)
    how = (
        f"{gain.n} canaries, each against {before.exposures[0].references:,} of {canaries.space:,} secrets; "
        f"{sum(before.memorised)} were memorised before, {sum(after.memorised)} after"
    )
    what = f"What was planted in the training data of model {two.before.name}"
    said = _Said(what, how, "may ask for scores and knows all of a canary but its random part")
    yield _finding(CANARIES, have, two, gain, said)


def _tested(have: Have, model: Model, canaries: CanarySet) -> CanaryTest:
    """How far the canaries stand out in one model; no bound is judged here.

    Raises:
        InputError: it cannot be loaded without running code, or does not read such canaries.
        IncompleteError: there is no file, or it is a network of PyTorch, which says not which columns it reads.
    """
    file = next((one for one in have.all(ModelFile) if one.element == f"model:{model.name}"), None)
    if file is None:
        raise IncompleteError(f"there is no file of model {model.name} to ask", remedy="name it in its key 'path'")
    target: Target = open_target(str(file.path), None)
    if target.of != file.digest:
        raise InputError("its file changed during the run", where=target.name, remedy="run again")
    if canaries.table is None:
        losses = losses_of_text(canaries, target.model if target.network is None else target.network.module)
    elif target.model is None:
        raise IncompleteError("a module of PyTorch is asked about text only", remedy="export it to ONNX")
    elif not model.inputs:
        raise InputError(f"nobody says which columns model {model.name} reads", remedy="list them in its key 'inputs'")
    else:
        losses = losses_of_rows(canaries, target.model, model.inputs)
    return try_canaries(canaries, losses, bound=0.0, references=_REFERENCES)


def _finding(check: str, have: Have, two: _Two, gain: Gain, said: _Said) -> Finding:
    low, high = gain.interval
    verdict = {
        "lower": "less than before, beyond the interval",
        "no proven gain": "no proven gain",
        "higher": "more than before",
    }[gain.verdict]
    text = (
        f"{said.what} is given away by model {two.after.name}, which claims to reduce it: {verdict}. "
        f"{gain.measure[:1].upper()}{gain.measure[1:]}: {gain.before:.3g} before, {gain.after:.3g} after, a fall of "
        f"{gain.fall:.3g} (95 % interval {low:.3g} to {high:.3g}; {said.how}). Assumed is somebody who {said.attacker}."
    )
    measure = Measure(
        name="fall_of_exposure" if check == CANARIES else "fall_of_true_positive_rate",
        value=gain.fall,
        interval=gain.interval,
        n=gain.n,
        unit="bits" if check == CANARIES else "share",
    )
    subject = have.subject.id
    made = holds(check, subject, text, measure=measure) if gain.proven else broken(
        check, subject, text, _UNCLAIM, measure=measure
    )  # fmt: skip
    return replace(made, detail=_detail(have, two, gain, said.attacker))


def _detail(have: Have, two: _Two, gain: Gain, attacker: str) -> dict[str, Json]:
    sizes = {file.element: file.size for file in have.all(ModelFile)}
    drawn = Shares(
        title=f"{gain.measure[:1].upper()}{gain.measure[1:]}",
        names=(f"{two.before.name}, before", f"{two.after.name}, after"),
        values=(gain.before, gain.after),
        flagged=() if gain.proven else (f"{two.after.name}, after",),
    )
    return {
        "attacker": attacker,
        "before": gain.before,
        "after": gain.after,
        "pairs": gain.pairs,
        "bytes_before": sizes.get(f"model:{two.before.name}"),
        "bytes_after": sizes.get(f"model:{two.after.name}"),
        **pictured([drawn]),
    }


CHECKS = (
    Check(
        id=MEMBERSHIP,
        subjects=_models,
        run=told_why(MEMBERSHIP, "reduces", _membership),
        needs=(ModelFile, ShadowsFile),
        tier=Tier.MINUTES,
    ),
    Check(
        id=CANARIES,
        subjects=_models_and_data,
        run=told_why(CANARIES, "reduces", _canaries),
        needs=(ModelFile, CanariesFile, DatasetFile),
        tier=Tier.MINUTES,
    ),
)
