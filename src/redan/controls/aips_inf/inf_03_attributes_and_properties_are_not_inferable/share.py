"""What a model's answers tell about the share of a group in its training data."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_seal import ModelSeal
from redan.attacks.inference.properties import PRIOR, Effort, PropertyInference, property_inference
from redan.attacks.inference.properties_training import retrained
from redan.canon import Json
from redan.controls.aips_inf.inf_03_attributes_and_properties_are_not_inferable.attribute import (
    CONTROL,
    accepted,
    listed,
    sensitive,
    subjects,
)
from redan.controls.contract import Check, Have
from redan.controls.inferring import asked_of
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError, InvalidError, MissingExtraError, UsageError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.answers import fed
from redan.measures.inferable_inputs import Asked
from redan.stats.interval import Interval
from redan.terms import Level, Tier

SHARE = f"{CONTROL}/property-inference-gains-nothing"
LIMIT = 0.15  # of victims told right beyond one half
_ROWS = 4000
_AWAY = 0.2  # how far the two shares are from the one that there is
_EFFORT = Effort(rows=1000)
_TRIED = Effort(partitions=2, models=8, rows=1000)
_FEW = 10  # values of a column of numbers that are told apart by themselves
_RETRAIN = Remedy(
    text="Keep the model as an estimator of scikit-learn (skops), so that its recipe can be tried on other data.",
    effort=Level.MEDIUM,
)
_HIDE = Remedy(
    text="Balance or weigh the training data by the group, leave out its proxies, or coarsen answers; who needs the "
    "share to stay secret trains with differential privacy for groups.",
    effort=Level.HIGH,
)
Array: TypeAlias = NDArray[Any]


class _Rows(NamedTuple):
    """Complete rows: inputs as the model reads them, labels, and the sensitive columns."""

    columns: dict[str, Array]
    label: Array
    groups: dict[str, Array]


def _run(have: Have) -> Iterator[Finding]:
    model = next(m for m in have.system.models if f"model:{m.name}" == have.subject.id)
    where = place(have.system, have.subject.id)
    try:
        asked = listed(asked_of(have, model))
        rows = _rows(asked, sensitive(have.system, model), have.rng)
        found = [_finding(have, name, asked, rows) for name in rows.groups]
    except MissingExtraError:
        raise
    except (IncompleteError, InputError, InvalidError, UsageError) as error:
        text = f"Model {model.name} could not be tried: {error.what}."
        found = [not_run(SHARE, have.subject.id, text, remedy=_RETRAIN)]
    yield from (replace(one, location=where) for one in found)


def _finding(have: Have, name: str, asked: Asked, rows: _Rows) -> Finding:
    group = rows.groups[name]
    share = float(group.mean())
    levels = (max(0.05, share - _AWAY), min(0.95, share + _AWAY))
    label_only = asked.shown == "label" and not asked.numeric
    train = retrained(asked.model, rows.columns, rows.label, label_only=label_only)
    try:
        found = property_inference(group, train, rng=have.rng, effort=replace(_EFFORT, levels=levels))
        easy = retrained(asked.model, rows.columns, _tied(rows.label, group, have.rng), label_only=label_only)
        planted = property_inference(group, easy, rng=have.rng, effort=replace(_TRIED, levels=levels))
    except IncompleteError as error:
        return not_run(SHARE, have.subject.id, f"Column {name}: {error.what}.", part=name)
    return _judged(have, name, found, planted)


def _judged(have: Have, name: str, found: PropertyInference, planted: PropertyInference) -> Finding:
    subject, limit, gain = have.subject.id, accepted(have, LIMIT), found.accuracy - PRIOR
    interval = Interval(found.interval.low - PRIOR, found.interval.high - PRIOR)
    measure = Measure(
        name="gain_over_prior", value=gain, interval=interval, n=found.models, threshold=limit, unit="share"
    )
    more = "more than " if found.leaked.at_least else ""
    text = (
        f"From answers to 64 questions it is told for {found.accuracy:.1%} of {found.models} models of this recipe "
        f"whether the larger group of column {name} was {found.levels[0]:.0%} or {found.levels[1]:.0%} of their "
        f"training data ({gain:+.1%} over guessing; 95 % interval {interval.low:+.1%} to {interval.high:+.1%}, "
        f"over models and persons); as much as {more}{found.leaked.records:,} random records tell. At "
        f"most {limit:+.1%} are accepted."
    )
    power = planted.interval.low > PRIOR
    if interval.low > limit:
        made = broken(SHARE, subject, text, _HIDE, part=name, measure=measure)
    elif interval.high <= limit and power:
        made = holds(SHARE, subject, text, part=name, measure=measure)
    else:
        reason = "these rows do not tell which side of that it is on"
        if not power:
            reason = "a model whose label was tied to the group was not told either, so there is no power"
        made = replace(
            not_run(SHARE, subject, f"{text} But {reason}.", part=name), measure=replace(measure, threshold=None)
        )
    return replace(made, detail=_facts(name, found, planted))


def _facts(name: str, found: PropertyInference, planted: PropertyInference) -> dict[str, Json]:
    drawn = Shares(
        title=f"Share of column {name} told right, by what was trained",
        names=("this recipe", "label tied to the group"),
        values=(found.accuracy, planted.accuracy),
        intervals=(found.interval, planted.interval),
        expected=PRIOR,
    )
    return {
        "attacker": "has a quarter of the persons and none of a model's own, knows the recipe, may ask 64 questions",
        "levels": [*found.levels],
        "partitions": [*found.partitions],
        "shadows": found.shadows,
        "rows": found.rows,
        "leaked_records": found.leaked.records,
        "planted_accuracy": planted.accuracy,
        **pictured([drawn]),
    }


def _rows(asked: Asked, names: tuple[str, ...], rng: np.random.Generator) -> _Rows:
    """A bounded sample of complete rows of the first training set.

    Raises:
        InputError: a column is missing.
    """
    table, label = asked.tables[0]
    extra = [name for name in names if name not in asked.inputs]
    drawn = table.select([*asked.inputs, *extra, label]).sample(_ROWS, int(rng.integers(2**31 - 1)))
    columns = fed(asked.model, drawn, asked.inputs)
    target = np.array(drawn[label].to_pylist(), dtype=object)
    known = np.array([value is not None for value in target])
    for column in columns.values():
        known &= np.isfinite(column) if column.dtype.kind == "f" else True
    groups = {name: _group(drawn[name].to_pylist(), known) for name in names}
    kind = np.float64 if asked.numeric else str
    kept = {name: column[known] for name, column in columns.items()}
    return _Rows(kept, target[known].astype(kind), groups)


def _group(cells: list[Any], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who has the most frequent value, or a number above the middle one."""
    values = [cell for cell, keep in zip(cells, known, strict=True) if keep]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if numbers and len(set(numbers)) > _FEW:
        middle = float(np.median(numbers))
        return np.array([isinstance(v, int | float) and v > middle for v in values])
    texts = np.array([str(v) for v in values])
    names, counts = np.unique(texts, return_counts=True)
    return np.asarray(texts == names[int(counts.argmax())])


def _tied(label: Array, group: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Labels of which half follow the group: what must be told where anything can be."""
    values, counts = np.unique(label, return_counts=True)
    often = values[np.argsort(-counts, kind="stable")[:2]] if len(values) > 1 else np.repeat(values, 2)
    if label.dtype.kind == "f":
        often = np.quantile(label, [0.1, 0.9])
    return np.where(rng.random(len(label)) < PRIOR, np.where(group, often[0], often[1]), label)


CHECK = Check(
    id=SHARE,
    subjects=subjects,
    run=_run,
    needs=(ModelFile, ModelSeal, DatasetFile),
    tier=Tier.GPU,
    extra="sklearn",
    adjustable=True,
)
