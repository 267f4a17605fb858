"""Personal fields that leave their place at inference, and what a model that stays there would be worth."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import open_target
from redan.attacks.sources import queries_of
from redan.controls.attacked import data_of, model_of_id, threshold_of, told_why
from redan.controls.contract import Check, Have, Subject
from redan.controls.entrances import crossed
from redan.controls.live.rows import rows_of
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.personal.declared import declared_columns
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.system.records import Endpoint, Flow, Model
from redan.system.system import System
from redan.terms import Level, Tier

CONTROL = "A-MLSG-001-C002"
FIELDS = f"{CONTROL}/only-needed-fields-cross-boundaries"
LOCAL = f"{CONTROL}/local-model-is-measured"
FAITHFUL = 0.95
_DROP = Remedy(text="Drop the fields before they cross the boundary; the model does not read them.", effort=Level.LOW)
_NAME = Remedy(text="Write the names of the fields into the flow's key 'data'.", effort=Level.LOW)
_EXPORT = Remedy(
    text="Export a small model that runs where the data is, and describe it as a [[model]] whose 'base' is the served "
    "one and whose 'site' is where it runs.",
    effort=Level.MEDIUM,
)
_BETTER = Remedy(text="Quantise less, or train the local model on the answers of the served one.", effort=Level.MEDIUM)


def _crossing(system: System) -> Iterator[Subject]:
    """Models and endpoints that a flow of inference reaches across a line of trust."""
    reached = dict.fromkeys(flow.to for flow in system.flows if crossed(system, flow) and _behind(system, flow.to))
    return (Subject(element, (element,)) for element in reached)


def _behind(system: System, element: str) -> Model | None:
    """The model that answers there."""
    record = system.elements.get(element)
    name = record.model if isinstance(record, Endpoint) else element.removeprefix("model:")
    return next((one for one in system.models if one.name == name), None)


def _fields(have: Have) -> Iterator[Finding]:
    system, subject = have.system, have.subject.id
    model = _behind(system, subject)
    personal = _personal(system)
    for number, flow in enumerate(system.flows):
        if flow.to != subject or not crossed(system, flow) or model is None:
            continue
        where, part = place(system, f"flow:{number}", "data"), f"from {flow.from_}"
        yield replace(_of_flow(subject, flow, model, personal), location=where, part=part)


def _of_flow(subject: str, flow: Flow, model: Model, personal: frozenset[str]) -> Finding:
    if not flow.data:
        text = f"The flow from {flow.from_} does not say which fields it carries."
        return not_run(FIELDS, subject, text, remedy=_NAME)
    if not model.inputs:
        return not_run(FIELDS, subject, f"Model {model.name} does not say which inputs it reads.", remedy=_NAME)
    carried = [name for name in flow.data if name in personal]
    unneeded = [name for name in carried if name not in model.inputs]
    measure = Measure(name="unneeded_personal_fields", value=float(len(unneeded)), n=len(flow.data), threshold=0.0)
    if unneeded:
        named = ", ".join(unneeded[:5])
        text = f"The flow from {flow.from_} carries personal fields that model {model.name} does not read: {named}."
        return broken(FIELDS, subject, text, _DROP, measure=measure)
    text = f"Each of the {len(carried)} personal fields that cross with the flow from {flow.from_} is an input."
    return holds(FIELDS, subject, text, measure=measure)


def _personal(system: System) -> frozenset[str]:
    """Names of fields that are personal by any word of the description."""
    columns = {name for dataset in system.datasets for name in declared_columns(dataset)}
    assessed = {one.name for one in system.features if one.sensitivity in {"low", "high"} or one.masked_for}
    return frozenset(columns | assessed)


def _served_afar(system: System) -> Iterator[Subject]:
    """Endpoints that a flow reaches across a line of trust, with the local model where there is one."""
    for one in system.endpoints:
        if any(flow.to == f"endpoint:{one.name}" and crossed(system, flow) for flow in system.flows):
            model = next(m for m in system.models if m.name == one.model)
            local, data = _local(system, model), data_of(system, model)
            more = [f"model:{local.name}"] if local is not None else []
            more += [f"dataset:{data.name}"] if data is not None else []
            yield Subject(f"endpoint:{one.name}", (f"model:{model.name}", *more))


def _local(system: System, model: Model) -> Model | None:
    """A model made from the served one that is asked by no endpoint of others."""
    asked = {one.model for one in system.endpoints if one.exposure != "local"}
    return next((m for m in system.models if m.base == model.name and m.name not in asked), None)


def _measured(have: Have) -> Iterator[Finding]:
    subject = have.subject.id
    model = model_of_id(have.system, have.subject.elements[0])
    local, data = _local(have.system, model), data_of(have.system, model)
    if local is None:
        text = f"No local model made from {model.name} is described, so nobody knows what one would be worth."
        yield broken(LOCAL, subject, text, _EXPORT)
        return
    if data is None:
        raise InputError(f"there is no data to compare models {model.name} and {local.name} on", remedy="name it")
    rows = rows_of(have.get(DatasetFile, f"dataset:{data.name}"), data, model)
    if len(rows.x) < 100:  # noqa: PLR2004 -- an interval of ten points
        raise IncompleteError(f"{len(rows.x)} rows are too few to compare two models; 100 are needed")
    far, near = (_labels(have, one, rows.x) for one in (model, local))
    same = int((far == near).sum())
    interval = clopper_pearson(same, len(far))
    agreed = threshold_of(have, CONTROL, FAITHFUL)
    measure = Measure(
        name="fidelity_of_the_local_model",
        value=same / len(far),
        interval=Interval(interval.low, interval.high),
        n=len(far),
        threshold=agreed,
        comparator=">=",
        unit="share",
    )
    text = f"Local model {local.name} answers as {model.name} on {same / len(far):.1%} of {len(far):,} inputs"
    text += _accuracies(far, near, rows.y) + "."
    if same / len(far) < agreed:
        yield broken(LOCAL, subject, text, _BETTER, measure=measure)
    else:
        yield holds(LOCAL, subject, text, measure=measure)


def _labels(have: Have, model: Model, x: object) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    queries = queries_of(open_target(str(have.get(ModelFile, f"model:{model.name}").path), None).model)
    return queries.labels(np.asarray(x, dtype=np.float32))


def _accuracies(far: "np.ndarray[Any, Any]", near: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any] | None") -> str:
    """How often both are right, where the labels are the indices of classes."""
    if y is None or y.dtype.kind not in "iub":
        return ""
    here, there = float((near == y).mean()), float((far == y).mean())
    return f" and is right on {here:.1%} of them, where the served model is on {there:.1%}"


CHECKS = (
    Check(id=FIELDS, subjects=_crossing, run=_fields),
    Check(
        id=LOCAL,
        subjects=_served_afar,
        run=told_why(LOCAL, "model", _measured),
        needs=(ModelFile, DatasetFile),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
)
