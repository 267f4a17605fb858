"""A model, its members and others in; attacks with shadows, a blind baseline, and who is at risk out."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.inputs import Opening, Target
from redan.attacks.campaign.parts import Cluster
from redan.attacks.cost import Cost
from redan.attacks.extraction.recipes import recipe_of
from redan.attacks.inference.membership.blind import Blind, blind_baseline, blind_to_target, narrow
from redan.attacks.inference.membership.fidelity import Likeness, likeness
from redan.attacks.inference.membership.judging import RATES, Tested, judged, membership_test
from redan.attacks.inference.membership.matrix import ScoreMatrix, matrix_from
from redan.attacks.inference.membership.quantiles import qmia
from redan.attacks.inference.membership.samples import Samples, read_samples
from redan.attacks.inference.membership.scores import are_probabilities, floor_of, phi_of_answers
from redan.attacks.inference.membership.shadows import Trainer, plan_of, trained
from redan.attacks.inference.membership.shelf import best_for
from redan.attacks.inference.membership.trainers import EstimatorTrainer, RecipeTrainer
from redan.attacks.memory import Memory
from redan.attacks.progress import Progress
from redan.attacks.queries import Queries, indices
from redan.attacks.queries import answers as answered
from redan.errors import IncompleteError, InputError
from redan.extras import missing_import

Array: TypeAlias = NDArray[Any]
SHADOWS = 16
SAMPLES = 10_000
_LEAST = 40
_CHUNK = 256
_COINS = 16  # shadows from which each of them can be attacked by the others
_TWICE = 32  # records that an endpoint is asked about again
_LEVEL = 0.975  # two baselines, five per cent for both
_UNSTEADY = (
    "Asked again, it answered {differ} of {count} records differently: its answers are noisy, or it changed meanwhile, "
    "and whoever averages many answers sees more than one shows."
)


class Wanted(NamedTuple):
    """What is wanted of a campaign.

    Args:
        label: column of classes; for tables.
        shadows: to train; none for attacks without them.
        samples: of each file at most.
        seed: of every draw.
        budget: answers that may be asked; None for no end.
        work: file that keeps shadows, and one beside it for answers of an endpoint.
        cluster: Ray; in this process when None.
        progress: is told how far it is.
    """

    label: str | None = None
    shadows: int = SHADOWS
    samples: int = SAMPLES
    seed: int = 0
    budget: int | None = None
    work: Path | None = None
    cluster: Cluster | None = None
    progress: Callable[[Progress], None] | None = None


class Inferred(NamedTuple):
    """What a campaign found.

    Args:
        matrix: of scores, the target first.
        tested: each attack, the one that finds most at a low rate first; a verdict allows for this choice.
        blind: baselines that do not see the model.
        likeness: of shadows to the target; None without any.
        others: the first attack on each shadow in turn by the others; None where there are too few.
        names: of the samples, a row or a digest each; empty where nobody knows them.
        recipe: how shadows were trained, in words; empty without any.
        accuracy: share of members, and of others, that the target is right about; None where answers are not there.
        cost: of asking the target.
        notes: what a reader has to know.
        unsteady: records that the target answered differently when it was asked again.
    """

    matrix: ScoreMatrix
    tested: tuple[Tested, ...]
    blind: tuple[Blind, ...]
    likeness: Likeness | None
    others: Tested | None
    names: tuple[str, ...]
    recipe: str
    accuracy: tuple[float, float] | None
    cost: Cost
    notes: tuple[str, ...] = ()
    unsteady: int = 0


class Asked(NamedTuple):
    """What the target says of the samples.

    Args:
        phi: log-odds of the true class, shape (samples,).
        labels: true classes as indices.
        classes: of the target, in the order of its scores.
        floor: of its probabilities.
        right: whether its answer is the true class, shape (samples,).
        cost: of asking.
        notes: what a reader has to know.
        unsteady: records that it answered differently when it was asked again.
    """

    phi: NDArray[np.float64]
    labels: NDArray[np.int64]
    classes: Array
    floor: float
    right: NDArray[np.bool_]
    cost: Cost
    notes: tuple[str, ...] = ()
    unsteady: int = 0


def try_membership(opening: Opening, members: Path, others: Path, wanted: Wanted) -> Inferred:
    """Attacks a model as somebody would who has records of both kinds and may train models of the same kind.

    Args:
        opening: of the model.
        members: records that it was trained on.
        others: records of the same kind that it was not trained on.
        wanted: of the campaign.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: there are too few records, the model does not answer, or gives one answer to everything.
    """
    target = opening()
    samples = read_samples(target, members, others, label=wanted.label, limit=wanted.samples, seed=wanted.seed)
    _enough(samples.members)
    if wanted.shadows and len(np.unique(samples.y.astype(str))) == 1:
        raise InputError(
            "all records are of one class, from which no shadow can learn",
            where=str(members),
            remedy="give records of all classes, or ask for no shadows",
        )
    asked = ask(target, samples, wanted)
    rows, inside, recipe, notes = asked.phi[None], samples.members[None], "", samples.notes + asked.notes
    if wanted.shadows:
        trainer, more = trainer_of(target, samples, asked)
        plan = plan_of(samples.members, wanted.shadows, wanted.seed, coins=wanted.shadows >= _COINS)
        if wanted.cluster is None:
            scores = trained(trainer, plan, work=wanted.work, of=_digest(target, samples), told=wanted.progress)
        else:
            from redan.attacks.inference.membership.fan import fanned_out

            of = _digest(target, samples)
            scores = fanned_out(trainer, plan, wanted.cluster, work=wanted.work, of=of, told=wanted.progress)
        rows, inside = np.concatenate([rows, scores]), np.concatenate([inside, plan.inside])
        recipe, notes = trainer.name, notes + more
    matrix = matrix_from(rows, inside, model=target.of if len(target.of) == 64 else "")  # noqa: PLR2004 -- SHA-256
    features = _features(samples, asked, wanted.seed)
    found = inferred(matrix, features=features, seed=wanted.seed, trained_on=_trained_on(samples))
    right = float(asked.right[samples.members].mean()), float(asked.right[~samples.members].mean())
    return found._replace(
        names=samples.names,
        recipe=recipe,
        accuracy=right,
        cost=asked.cost,
        notes=notes + found.notes,
        unsteady=asked.unsteady,
    )


def inferred(
    matrix: ScoreMatrix, *, features: Array | None = None, seed: int = 0, trained_on: int | None = None
) -> Inferred:
    """All that a matrix of scores, and the records where they are there, say of a model.

    Args:
        matrix: its first target is judged.
        features: of the records, label included, shape (samples, width).
        seed: of baselines and regressions.
        trained_on: records that the target was trained on, where that is more than its members here.

    Raises:
        IncompleteError: there are too few members or others, or every score is the same.
    """
    _enough(matrix.members[0])
    whole, matrix = matrix, _first(matrix)
    own, truth = matrix.phi[matrix.targets[0]], matrix.members[0]
    if np.ptp(own) == 0:
        raise IncompleteError("the model scores every record alike, so that nothing tells members from others")
    names = dict.fromkeys([best_for(matrix), "loss"])
    notes: list[str] = []
    shadowed = best_for(matrix) != "loss"
    if shadowed:
        names |= dict.fromkeys(["rmia" if best_for(matrix) == "lira" else "rmia-offline"])
    tested = [membership_test(matrix, attack=name, rates=()) for name in names]
    blind: list[Blind] = []
    if features is not None and missing_import("sklearn") is None:
        tested.append(judged(qmia(own, features, truth, seed=seed), truth, attack="quantiles", rates=()))
        blind.append(blind_baseline(features, truth, seed=seed, confidence=_LEVEL))
    elif features is not None:
        notes.append("Without scikit-learn neither quantile regression nor the baseline on records was tried.")
    if shadowed:
        blind.append(blind_to_target(matrix, confidence=_LEVEL))
    tested.sort(key=lambda one: (-one.curve.bounds(max(RATES)).low, -one.area.value))
    return Inferred(
        matrix=matrix,
        tested=tuple(tested),
        blind=tuple(blind),
        likeness=likeness(matrix, trained_on) if shadowed else None,
        others=_each_other(whole),
        names=(),
        recipe="",
        accuracy=None,
        cost=Cost(),
        notes=tuple(notes),
    )


def ask(target: Target, samples: Samples, wanted: Wanted) -> Asked:
    """The target's answers, in parts, within the budget.

    Raises:
        InputError: a label is no class of the model.
        IncompleteError: it does not answer, gives one answer to everything, or the budget does not reach.
    """
    source = samples.asked(target)
    memory = None
    if wanted.work is not None and target.endpoint is not None:
        memory = Memory(wanted.work.with_name(wanted.work.name + ".answers"), target.of)
    queries = Queries(source, budget=wanted.budget, memory=memory)
    told = []
    for start in range(0, len(samples.x), _CHUNK):
        told.append(queries.answered(samples.x[start : start + _CHUNK]))
        if wanted.progress is not None:
            wanted.progress(Progress("questions", min(start + _CHUNK, len(samples.x)), len(samples.x)))
    answers = np.concatenate(told)
    if (answers == answers[0]).all():
        raise IncompleteError(
            f"the model gives one answer to all {len(answers):,} records, so that nothing tells members from others",
            where=target.name,
            remedy="look whether it reads its inputs",
        )
    unsteady, more = (0, ()) if target.endpoint is None else _again(queries, samples.x, answers)
    labels, classes, notes = _classes(samples.y, source.classes, answers)
    shown = answers.ndim > 1 and are_probabilities(answers)
    floor = floor_of(answers) if shown else 0.0
    if answers.ndim == 1:
        notes = (*notes, "The model shows labels only; whether it is right is all that attacks see.")
    right = (answers if answers.ndim == 1 else answers.argmax(axis=1)) == labels
    phi = phi_of_answers(answers, labels, floor or None)
    return Asked(phi, labels, classes, floor, right, queries.cost(), notes + more, unsteady)


def _again(queries: Queries, x: Array, answers: Array) -> tuple[int, tuple[str, ...]]:
    """How many of the first records an endpoint answers differently when it is asked again, and what that means."""
    count = min(_TWICE, len(x))
    try:
        queries.spend(count)
        told = answered(queries.source.ask(x[:count]), count, queries.source.classes)
    except IncompleteError:
        return 0, ("It was not asked twice, so that nobody knows whether its answers are noisy.",)
    if told.shape != answers[:count].shape:
        return count, (_UNSTEADY.format(differ=count, count=count),)
    same = np.isclose(answers[:count], told, rtol=1e-4, atol=1e-5).reshape(count, -1).all(axis=1)
    differ = count - int(same.sum())
    return differ, (_UNSTEADY.format(differ=differ, count=count),) if differ else ()


def trainer_of(target: Target, samples: Samples, asked: Asked) -> tuple[Trainer, tuple[str, ...]]:
    """The target's own recipe where it is an estimator, else the attacker's."""
    estimator = getattr(target.model, "estimator", None)
    if estimator is not None and hasattr(estimator, "get_params") and missing_import("sklearn") is None:
        made = EstimatorTrainer(
            estimator, samples.decoded(samples.x), samples.y, asked.labels, asked.classes, asked.floor or 1e-3
        )
        return made, ()
    recipe = recipe_of(samples.domain)
    note = "How the model was trained is not in its file, so that shadows are trained by the attacker's own recipe."
    return RecipeTrainer(samples.domain, recipe, samples.x, asked.labels, len(asked.classes)), (note,)


def _first(matrix: ScoreMatrix) -> ScoreMatrix:
    """The first target with its shadows, which the other models are where each of them is a target."""
    if len(matrix.targets) == 1:
        return matrix
    rows = matrix.shadows if len(matrix.shadows) else np.setdiff1d(np.arange(matrix.models), matrix.targets[:1])
    kept = [matrix.targets[0], *rows.tolist()]
    return matrix_from(matrix.phi[kept], matrix.inside[kept], model=matrix.model)


def _each_other(matrix: ScoreMatrix) -> Tested | None:
    """How the figure differs from training to training: further targets, or each shadow attacked by the others.

    Shadows serve only where coins decided who is in them; else the others' number tells which side one is on.
    """
    if len(matrix.targets) > 1:
        return membership_test(matrix, rates=())
    rows = matrix.shadows
    inside = matrix.inside[rows]
    if len(rows) < _COINS or not inside.any(axis=1).all() or inside.all(axis=1).any():
        return None
    if len(np.unique(inside.sum(axis=0))) == 1:
        return None
    alone = matrix_from(matrix.phi[rows], inside, targets=range(len(rows)))
    return membership_test(alone, rates=())


def _features(samples: Samples, asked: Asked, seed: int) -> NDArray[np.float64]:
    """Records as a baseline reads them, their classes among their features."""
    hot = np.eye(len(asked.classes))[asked.labels]
    found = samples.domain.features(samples.x)
    return np.concatenate([narrow(found, seed) if missing_import("sklearn") is None else found, hot], axis=1)


def _digest(target: Target, samples: Samples) -> str:
    """Of the model and the records that shadows are trained for."""
    state = hashlib.sha256(target.of.encode())
    state.update(np.ascontiguousarray(samples.x).tobytes())
    state.update("\n".join(str(one) for one in samples.y.tolist()).encode())
    return state.hexdigest()


def _trained_on(samples: Samples) -> int:
    """All records of the members' file, whether they are among the samples or not."""
    return max(samples.given[0], int(samples.members.sum()))


def _classes(y: Array, names: Array | None, answers: Array) -> tuple[NDArray[np.int64], Array, tuple[str, ...]]:
    """True classes as indices of the model's, and how those are called."""
    if names is not None:
        return indices(y, np.asarray(names)), np.asarray(names), ()
    given = np.unique(y)
    wide = answers.shape[1] if answers.ndim > 1 else max(len(given), int(answers.max()) + 1)
    if y.dtype.kind in "iub" and y.min() >= 0 and y.max() < wide:
        return y.astype(np.int64), np.arange(wide), ()
    if len(given) != wide:
        raise IncompleteError(
            f"the data has {len(given)} of the model's {wide} classes, which it does not name"
            if len(given) < wide
            else f"the data has {len(given)} classes and the model {wide}, which it does not name",
            remedy="give labels as numbers from 0, in the order of its scores",
        )
    note = "The model names no classes; those of the data are taken in sorted order."
    return np.searchsorted(given, y).astype(np.int64), given, (note,)


def _enough(members: NDArray[np.bool_]) -> None:
    inside, outside = int(members.sum()), int((~members).sum())
    if min(inside, outside) < _LEAST:
        raise IncompleteError(
            f"{inside:,} members and {outside:,} non-members are too few", remedy=f"give {_LEAST} of each or more"
        )
