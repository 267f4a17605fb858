"""Patterns in the training data that steer the label, whatever else a row says."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Remedy, not_run
from redan.measures.poison.trigger_findings import trigger_findings
from redan.system.records import Dataset
from redan.system.system import System
from redan.terms import Level, Tier

TRIGGER = "A-MLSG-002-D004/no-trigger-is-hidden"
_ROLES = ("train", "validation")
_STATE_LABEL = Remedy(text="Name the column of the label in redan.toml.", effort=Level.LOW)


def _searched(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"dataset:{d.name}", (f"dataset:{d.name}",)) for d in system.datasets if d.path and d.role in _ROLES
    )


def _triggers(have: Have) -> Iterator[Finding]:
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    at = place(have.system, have.subject.id)
    if dataset.label is None:
        text = f"No label column is declared for dataset {dataset.name}, so nothing can be steered that is seen here."
        yield replace(not_run(TRIGGER, have.subject.id, text, remedy=_STATE_LABEL), location=at)
        return
    found = trigger_findings(
        have.get(DatasetFile, have.subject.id).table(),
        dataset.label,
        check=TRIGGER,
        subject=have.subject.id,
        rng=have.rng,
        ignored=_unread(dataset),
        contributor=dataset.contributor,
    )
    for finding in found:
        yield replace(finding, location=at)


def _unread(dataset: Dataset) -> tuple[str, ...]:
    named = (dataset.prediction, dataset.contributor, dataset.time, dataset.signature)
    return (*(name for name in named if name is not None), *dataset.identifiers, *dataset.pseudonyms)


CHECKS = (
    Check(id=TRIGGER, subjects=_searched, run=_triggers, needs=(DatasetFile,), tier=Tier.MINUTES, extra="sklearn"),
)
