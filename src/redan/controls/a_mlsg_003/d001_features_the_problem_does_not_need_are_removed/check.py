"""Inputs of each model against what its task needs: relevance on the training data, and no identifiers."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.canon import Json
from redan.controls.a_mlsg_003.d001_features_the_problem_does_not_need_are_removed import inferable
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError, MissingExtraError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.identifying import identifying
from redan.measures.inputs import Inputs, prepare
from redan.measures.relevance import Relevance, relevance
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level, Tier

RELEVANT = "A-MLSG-003-D001/features-are-relevant"
NO_IDENTIFIERS = "A-MLSG-003-D001/no-identifiers-among-inputs"
_STATE_INPUTS = Remedy(
    text="List the model's inputs, and the label of its training data, in redan.toml.", effort=Level.LOW
)
_REMOVE_NOISE = Remedy(
    text="Remove the feature, train again, and keep the smaller set when the accuracy interval allows it.",
    effort=Level.LOW,
)
_REMOVE_IDENTIFIER = Remedy(
    text="Remove the feature from the model's inputs; join it back to the answers, by row, where it is needed.",
    effort=Level.LOW,
)


def _trained(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"model:{m.name}", tuple(f"dataset:{name}" for name in m.trained_on))
        for m in system.models
        if m.trained_on
    )


def _model(have: Have) -> Model:
    name = have.subject.id.partition(":")[2]
    return next(m for m in have.system.models if m.name == name)


def _tables(have: Have) -> list[tuple[Dataset, Table]]:
    return [(have.system.dataset(file.element.partition(":")[2]), file.table()) for file in have.all(DatasetFile)]


def _relevant(have: Have) -> Iterator[Finding]:
    model, tables = _model(have), _tables(have)
    labelled = [(table, d.label) for d, table in tables if d.label is not None and d.label in table.columns]
    if not model.inputs or len(labelled) < len(tables):
        lacks = "its inputs are not listed" if not model.inputs else "its training data has no label column"
        yield not_run(RELEVANT, have.subject.id, f"Model {model.name}: {lacks}.", remedy=_STATE_INPUTS)
        return
    try:
        inputs = prepare(labelled, model.inputs, model.task, have.rng)
        found = relevance(inputs.columns, inputs.label, task=inputs.task, rng=have.rng)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        yield not_run(RELEVANT, have.subject.id, f"Model {model.name}: {error.what}.")
        return
    yield from _unassessed(have.subject.id, inputs)
    command = _command(tables)
    yield from (_noise(have.subject.id, one, inputs, command) for one in found if one.standing == "rejected")
    yield from _needed(have.subject.id, found, inputs)


def _unassessed(subject: str, inputs: Inputs) -> Iterator[Finding]:
    for names, reason in (
        (inputs.missing, "no column of the training data has the name of"),
        (inputs.prose, "free text and nested values are not compared with shadows, so nothing is known of"),
    ):
        if names:
            text = f"Relevance is not measured: {reason} {_listed(names)}."
            yield not_run(RELEVANT, subject, text, part=reason.partition(" ")[0])


def _command(tables: Sequence[tuple[Dataset, Table]]) -> str | None:
    """What finds the smaller set; it reads one file."""
    first = next((d for d, _ in tables if d.path and d.label), None)
    words = [] if first is None else ["redan", "defend", "minimise", first.path or "", "--label", first.label or ""]
    return shlex.join(words) if len(tables) == 1 and words else None


def _noise(subject: str, one: Relevance, inputs: Inputs, command: str | None) -> Finding:
    text = (
        f"Feature {one.name} says no more about the label than shuffled data does: it beat the best shadow in "
        f"{one.hits} of {one.rounds} rounds on {inputs.rows:,} of {inputs.total:,} rows."
    )
    advice = replace(_REMOVE_NOISE, command=command)
    return broken(RELEVANT, subject, text, advice, part=one.name, measure=_measure(one))


def _needed(subject: str, found: Sequence[Relevance], inputs: Inputs) -> Iterator[Finding]:
    kept = [one for one in found if one.standing == "confirmed"]
    open_ = [one.name for one in found if one.standing == "tentative"]
    if not kept:
        if open_:
            yield not_run(RELEVANT, subject, f"{inputs.rows:,} rows do not tell whether {_listed(open_)} matter.")
        return
    weakest = min(kept, key=lambda one: one.share)
    text = f"{len(kept)} of {len(found)} inputs say more about the label than any shadow, on {inputs.rows:,} rows"
    tail = f"; the data does not tell about {_listed(open_)}." if open_ else "."
    detail: dict[str, Json] = {
        "confirmed": [*(one.name for one in kept)],
        "tentative": [*open_],
        "rows": inputs.rows,
        "rows_total": inputs.total,
        "copies_left_out": inputs.copies,
        "task": inputs.task,
    }
    yield replace(holds(RELEVANT, subject, text + tail, measure=_measure(weakest)), detail=detail)


def _measure(one: Relevance) -> Measure:
    return Measure(
        name="rounds_won_against_shadows",
        value=one.share,
        interval=one.interval,
        n=one.rounds,
        threshold=0.5,
        comparator=">=",
        unit="share",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""  # noqa: PLR2004 -- a line stays readable
    return ", ".join(names[:10]) + more


def _no_identifiers(have: Have) -> Iterator[Finding]:
    model, tables = _model(have), _tables(have)
    if not model.inputs:
        text = f"Model {model.name}: its inputs are not listed."
        yield not_run(NO_IDENTIFIERS, have.subject.id, text, remedy=_STATE_INPUTS)
        return
    faults = {f.part: f for d, table in tables for f in _identifiers(have, model, d, table)}
    yield from faults.values()
    missing = [n for n in model.inputs if not any(n in table.columns for _, table in tables)]
    if missing:
        text = f"No column of the training data has the name of {_listed(missing)}."
        yield not_run(NO_IDENTIFIERS, have.subject.id, text, part="missing")
    if not faults and len(missing) < len(model.inputs):
        seen = len(model.inputs) - len(missing)
        what = "The only input" if seen == 1 else f"None of the {seen} inputs"
        text = f"{what} of model {model.name} {'identifies no' if seen == 1 else 'identifies a'} person or row."
        yield holds(NO_IDENTIFIERS, have.subject.id, text)


def _identifiers(have: Have, model: Model, dataset: Dataset, table: Table) -> Iterator[Finding]:
    declared = [name for name in model.inputs if name in dataset.identifiers]
    for name in declared:
        text = f"Input {name} is a declared identifier of dataset {dataset.name}."
        yield broken(NO_IDENTIFIERS, have.subject.id, text, _REMOVE_IDENTIFIER, part=name)
    others = [name for name in model.inputs if name in table.columns and name not in declared]
    seed = int(have.rng.integers(2**31 - 1))
    for name, found in identifying(table, others, today=have.now, seed=seed).items():
        measure = Measure(name="distinct_share", value=found.unique, n=found.rows, unit="share")
        text = f"Input {name} identifies a person or a row: {found.reason}."
        yield broken(NO_IDENTIFIERS, have.subject.id, text, _REMOVE_IDENTIFIER, part=name, measure=measure)


def _placed(check: Callable[[Have], Iterator[Finding]]) -> Callable[[Have], Iterator[Finding]]:
    """A finding about an input stands at its [[feature]], any other at the [[model]]."""

    def run(have: Have) -> Iterator[Finding]:
        for finding in check(have):
            feature = f"feature:{finding.part}"
            element = feature if feature in have.system.elements else have.subject.id
            yield replace(finding, location=place(have.system, element))

    return run


CHECKS = (
    Check(
        id=RELEVANT, subjects=_trained, run=_placed(_relevant), needs=(DatasetFile,), tier=Tier.SECONDS, extra="sklearn"
    ),
    Check(id=NO_IDENTIFIERS, subjects=_trained, run=_placed(_no_identifiers), needs=(DatasetFile,), tier=Tier.SECONDS),
    *inferable.CHECKS,
)
