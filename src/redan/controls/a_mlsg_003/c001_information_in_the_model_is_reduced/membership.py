"""Whether a reduction tells less of who the model before was trained on: scores of shadows, else the models' own.

Members are the training data of the model before: what a student learns from a teacher's answers still tells of the
teacher's records (Jagielski et al., arXiv 2303.03446).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import ShadowsFile
from redan.attacks.campaign.inputs import open_target
from redan.attacks.inference.membership.blind import Blind, blind_baseline, blind_to_target
from redan.attacks.inference.membership.campaign import Asked, Wanted, ask
from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.attacks.inference.membership.matrix_file import read_matrix
from redan.attacks.inference.membership.samples import read_samples
from redan.controls.a_mlsg_003.c001_information_in_the_model_is_reduced.saying import (
    CONTROL,
    Said,
    Two,
    finding_of,
    pairs,
    two_of,
)
from redan.controls.attacked import data_of, told_why
from redan.controls.contract import Check, Have, Subject
from redan.defences.reduction.compare import compare_membership, lowest
from redan.defences.reduction.gain import Pair, membership_gain
from redan.errors import IncompleteError, InputError
from redan.extras import missing_import
from redan.findings import Finding, Remedy, not_run
from redan.stats.binomial import clopper_pearson
from redan.stats.paired import paired_shares
from redan.system.records import Dataset
from redan.system.system import System
from redan.terms import Level, Tier

MEMBERSHIP = f"{CONTROL}/reduction-lowers-membership-leakage"
_RATE = 0.1  # without shadows, one threshold for all records sees little at lower rates
_SAMPLES = 5000
_BLIND = 20  # records of each kind that a baseline without the model needs
_WHAT = "who was in that model's training data"
_WHO = "may ask for the score of a record"
_SCORE = Remedy(
    text="Score both models, and shadows that were trained and reduced like them, on the same records, and name each "
    "file in the model's key 'shadows'; members are the records that the model before was trained on.",
    command="redan attack membership --model FILE --data MEMBERS --nonmembers FILE --keep shadows.npz",
    effort=Level.MEDIUM,
)


class _Answers(NamedTuple):
    """What both models say of the same records."""

    before: Asked
    after: Asked
    members: NDArray[np.bool_]
    blind: Blind | None


def _subjects(system: System) -> Iterable[Subject]:
    for two in pairs(system):
        data = (f"dataset:{one.name}" for one in _sets(system, two) if one is not None)
        yield Subject(f"model:{two.after.name}", (f"model:{two.after.name}", f"model:{two.before.name}", *data))


def _sets(system: System, two: Two) -> tuple[Dataset | None, Dataset | None]:
    """Members and others of the model before."""
    named = [d for name in two.before.trained_on for d in system.datasets if d.name == name]
    others = data_of(system, two.before)
    return next((d for d in named if d.path), None), None if others in named else others


def _run(have: Have) -> Iterator[Finding]:
    two = two_of(have)
    scores = {file.element: file for file in have.all(ShadowsFile)}
    there = [f"model:{model.name}" in scores for model in two]
    if any(there) and not all(there):
        lacking = two[there.index(False)].name
        text = f"There are no scores of model {lacking} to compare with the other's (key 'shadows')."
        yield not_run(MEMBERSHIP, have.subject.id, text, remedy=_SCORE)
    elif all(there):
        yield _by_shadows(have, two, [scores[f"model:{model.name}"] for model in two])
    else:
        yield _by_answers(have, two)


def _by_shadows(have: Have, two: Two, files: list[ShadowsFile]) -> Finding:
    after, before = (_matrix(have, file) for file in files)
    if len(before.shadows) and (blind := blind_to_target(before)).shifted:
        return _shifted(have, two, blind)
    gain, attack = compare_membership(before, after, rng=_rng(have))
    members = before.members[0]
    said = Said(
        what=_WHAT,
        how=f"{_records(two, members)}, attack {attack}, {len(before.shadows)} shadows before and "
        f"{len(after.shadows)} after",
        attacker=f"{_WHO} and trains models of the same kind",
    )
    return finding_of(MEMBERSHIP, have, two, gain, said)


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


def _by_answers(have: Have, two: Two) -> Finding:
    """One threshold for all records, as somebody has it who trains no models; it may see nothing where more would."""
    told = _answers(have, two)
    if told.blind is not None and told.blind.shifted:
        return _shifted(have, two, told.blind)
    rate = max(_RATE, lowest(int((~told.members).sum())))
    gain = membership_gain(Pair(told.before.phi, told.after.phi, told.members), rate, rng=_rng(have))
    inside = int(told.members.sum())
    if not gain.proven and clopper_pearson(round(gain.before * inside), inside).low <= rate:
        text = (
            f"Without shadow models nothing tells who model {two.before.name} was trained on, neither before nor after "
            f"the reduction: a true-positive rate of {gain.before:.3g} at {rate:.3g} of false positives. Scores of "
            "shadows (key 'shadows') see more."
        )
        return not_run(MEMBERSHIP, have.subject.id, text, remedy=_SCORE)
    said = Said(
        what=_WHAT,
        how=f"{_records(two, told.members)}, one threshold on the score, no shadows",
        attacker=_WHO,
        cost=_cost(told),
    )
    return finding_of(MEMBERSHIP, have, two, gain, said)


def _answers(have: Have, two: Two) -> _Answers:
    """Asks both models about the same records.

    Raises:
        InputError: there are no members or no others, or model and data do not fit.
        IncompleteError: a file is missing.
    """
    inside, outside = _sets(have.system, two)
    if inside is None or outside is None:
        lacks = "trained_on" if inside is None else "validated_on"
        raise InputError(
            f"model {two.before.name} names no dataset with a path in '{lacks}'",
            remedy="declare members and non-members, or scores with the key 'shadows'",
        )
    paths = {file.element: file.path for file in have.all(ModelFile)}
    paths |= {file.element: file.path for file in have.all(DatasetFile)}
    absent = [m.name for m in two if f"model:{m.name}" not in paths]
    if absent:
        raise IncompleteError(f"there is no file of model {absent[0]} to ask", remedy="name it in its key 'path'")
    members, others = paths[f"dataset:{inside.name}"], paths[f"dataset:{outside.name}"]
    label = None if members.suffix.lower() == ".npz" else inside.label
    targets = [open_target(str(paths[f"model:{model.name}"]), None) for model in two]
    seed = int(have.system.policy.seed)
    samples = read_samples(targets[1], members, others, label=label, limit=_SAMPLES, seed=seed)
    after, before = (ask(target, samples, Wanted(label=label, seed=seed)) for target in targets)
    blind = None
    fewest = min(int(samples.members.sum()), int((~samples.members).sum()))
    if missing_import("sklearn") is None and fewest >= _BLIND:
        hot = np.eye(len(before.classes))[before.labels]
        features = np.concatenate([samples.domain.features(samples.x), hot], axis=1)
        blind = blind_baseline(features, samples.members, seed=seed)
    return _Answers(before, after, samples.members, blind)


def _cost(told: _Answers) -> str:
    """What it costs on records that the model before was not trained on."""
    before, after = told.before.right[~told.members], told.after.right[~told.members]
    lost, won, n = int((before & ~after).sum()), int((after & ~before).sum()), len(before)
    low, high = paired_shares(lost, won, n)
    return (
        f" On the others it is right {after.mean():.1%} of the time, before {before.mean():.1%}: "
        f"{100 * (won - lost) / n:+.1f} points ({-100 * high:+.1f} to {-100 * low:+.1f})."
    )


def _shifted(have: Have, two: Two, blind: Blind) -> Finding:
    text = (
        f"Members and non-members of model {two.before.name} differ by themselves: {blind.by} tells them apart with an "
        f"area of {blind.area.value:.2f} without the model, so that no comparison of models says anything."
    )
    return not_run(MEMBERSHIP, have.subject.id, text, remedy=_SCORE)


def _records(two: Two, members: NDArray[np.bool_]) -> str:
    return (
        f"{int(members.sum()):,} records that model {two.before.name} was trained on and {int((~members).sum()):,} "
        "others"
    )


def _rng(have: Have) -> np.random.Generator:
    return np.random.default_rng([int(have.system.policy.seed), 31])


CHECK = Check(
    id=MEMBERSHIP,
    subjects=lambda system: tuple(_subjects(system)),
    run=told_why(MEMBERSHIP, "reduces", _run),
    needs=(ModelFile, ShadowsFile, DatasetFile),
    tier=Tier.MINUTES,
)
