"""Error rates per declared group, and the region in which an attacker is missed most often."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError, MissingExtraError, UsageError
from redan.findings import Finding, Remedy, not_run
from redan.measures.fairness import Answers, answers, group_findings, slice_findings
from redan.measures.fairness.asked import ANSWER, asked
from redan.measures.fairness.group_findings import MARGIN as GROUP_MARGIN
from redan.measures.fairness.slice_findings import MARGIN as SLICE_MARGIN
from redan.models import load, model_of
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level, Tier

CONTROL = "A-MLSG-002-D003"
GROUPS = f"{CONTROL}/error-rates-are-equal-across-groups"
_CLASSIFYING = ("classification", "anomaly", "other")
SLICES = f"{CONTROL}/no-slice-is-an-easy-target"
_STATE_ANSWERS = Remedy(
    text="Write the model's answers into a column of the dataset, and name it with the key 'prediction'.",
    effort=Level.LOW,
)


class _Judged(NamedTuple):
    dataset: Dataset
    table: Table
    answers: Answers
    inputs: tuple[str, ...]


def _subjects(system: System) -> Iterator[Subject]:
    """Labelled datasets with a model's answers in them, or with a model that was validated on them."""
    for dataset in system.datasets:
        id_ = f"dataset:{dataset.name}"
        if dataset.label is None:
            continue
        if dataset.prediction is not None:
            yield Subject(id_, (id_,))
            continue
        for model in _validated(system, dataset):
            yield Subject(f"{id_}+model:{model.name}", (id_, f"model:{model.name}"))


def _grouped(system: System) -> Iterator[Subject]:
    """Those with declared groups; once there is a model, test data with groups and without answers counts, too."""
    found = [s for s in _subjects(system) if system.dataset(_name(s.elements[0])).sensitive]
    yield from found
    answered = {s.elements[0] for s in found}
    for dataset in system.datasets:
        id_ = f"dataset:{dataset.name}"
        evaluates = dataset.role in ("test", "validation") and dataset.sensitive and dataset.label is not None
        if evaluates and id_ not in answered and any(m.path and m.task in _CLASSIFYING for m in system.models):
            yield Subject(id_, (id_,))


def _validated(system: System, dataset: Dataset) -> Iterator[Model]:
    return (m for m in system.models if dataset.name in m.validated_on and m.path and m.task in _CLASSIFYING)


def _name(element: str) -> str:
    return element.partition(":")[2]


def _judged(check: str, have: Have) -> _Judged | Finding:
    """Labels beside answers, or why they cannot be had."""
    dataset = have.system.dataset(_name(have.subject.elements[0]))
    table = have.get(DatasetFile, have.subject.elements[0]).table()
    try:
        found = _answers(have, dataset, table)
    except MissingExtraError:
        raise
    except (InputError, UsageError, IncompleteError) as error:
        text = f"Dataset {dataset.name}: {error.what}."
        return not_run(check, have.subject.id, text, remedy=_advice(error))
    models = [m for m in have.system.models if dataset.name in m.validated_on]
    inputs = {name for model in models for name in model.inputs if name in table.columns}
    return _Judged(dataset, table, found, tuple(c for c in table.columns if c in inputs))


def _answers(have: Have, dataset: Dataset, table: Table) -> Answers:
    label = dataset.label or ""
    if dataset.prediction is not None:
        return answers(table, label, dataset.prediction, dataset.positive)
    if len(have.subject.elements) == 1:
        raise IncompleteError("no column holds a model's answers, and no model says that it was validated on it")
    file = have.get(ModelFile, have.subject.elements[1])
    model = next(m for m in have.system.models if m.name == _name(file.element))
    # Only formats that run no code are loaded without a seal; the seal is the question of other controls.
    loaded = load(file.path, seal=None, trust=None, unsafe_unsealed=True)
    columns = [*dict.fromkeys(c for c in table.columns if c in {*dataset.sensitive, *model.inputs})]
    told = asked(model_of(loaded.runtime), table, model.inputs, label, columns, seed=int(have.rng.integers(2**31 - 1)))
    return answers(told, label, ANSWER, dataset.positive)


def _advice(error: InputError | UsageError | IncompleteError) -> Remedy:
    return _STATE_ANSWERS if error.remedy is None else Remedy(text=f"{error.remedy[:1].upper()}{error.remedy[1:]}.")


def _margin(have: Have, default: float) -> float:
    stance = have.system.stance(CONTROL)
    return default if stance is None or stance.threshold is None else min(max(stance.threshold, 0.0), 1.0)


def _groups(have: Have) -> Iterator[Finding]:
    judged = _judged(GROUPS, have)
    if isinstance(judged, Finding):
        yield judged
        return
    known = [c for c in judged.dataset.sensitive if c in judged.answers.table.columns]
    for column in judged.dataset.sensitive:
        if column not in known:
            text = f"Dataset {judged.dataset.name} has no column {column}, which is declared as sensitive."
            yield not_run(GROUPS, have.subject.id, text, part=column)
    margin = _margin(have, GROUP_MARGIN)
    yield from group_findings(GROUPS, have.subject.id, judged.answers, known, margin=margin, rng=have.rng)


def _slices(have: Have) -> Iterator[Finding]:
    judged = _judged(SLICES, have)
    if isinstance(judged, Finding):
        yield judged
        return
    margin, features = _margin(have, SLICE_MARGIN), _features(judged)
    yield from slice_findings(
        SLICES, have.subject.id, judged.answers, features, margin=margin, today=have.now, rng=have.rng
    )


def _features(judged: _Judged) -> list[str]:
    """The model's inputs and the declared groups; without inputs, every column that nobody declared to be no input."""
    data, columns = judged.dataset, judged.answers.table.columns
    if judged.inputs:
        return [c for c in columns if c in {*judged.inputs, *data.sensitive}]
    roles = {data.label, data.prediction, data.contributor, data.time, data.signature, ANSWER}
    return [c for c in columns if c not in {*roles, *data.identifiers, *data.pseudonyms}]


def _placed(check: Callable[[Have], Iterator[Finding]], key: str) -> Callable[[Have], Iterator[Finding]]:
    def run(have: Have) -> Iterator[Finding]:
        for finding in check(have):
            yield replace(finding, location=place(have.system, have.subject.elements[0], key))

    return run


CHECKS = (
    Check(
        id=GROUPS,
        subjects=_grouped,
        run=_placed(_groups, "sensitive"),
        needs=(DatasetFile, ModelFile),
        tier=Tier.SECONDS,
        adjustable=True,
    ),
    Check(
        id=SLICES,
        subjects=_subjects,
        run=_placed(_slices, "label"),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
)
