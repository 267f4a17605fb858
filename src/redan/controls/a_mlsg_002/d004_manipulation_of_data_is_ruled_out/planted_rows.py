"""Rows that were copied in to gain weight, and rows outside the distribution."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding
from redan.measures.poison.flood_findings import flood_findings
from redan.measures.poison.outlier_findings import outlier_findings
from redan.system.records import Dataset
from redan.system.system import System
from redan.terms import Tier

COPIES = "A-MLSG-002-D004/no-copies-flood-the-data"
OUTLYING = "A-MLSG-002-D004/no-outlying-rows-were-planted"
_ROLES = ("train", "validation")


def _searched(system: System) -> Iterable[Subject]:
    names = (f"dataset:{d.name}" for d in system.datasets if d.path and d.role in _ROLES)
    return tuple(Subject(name, (name,)) for name in names)


def _copies(have: Have) -> Iterator[Finding]:
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    found = flood_findings(
        have.get(DatasetFile, have.subject.id).table(),
        dataset.label,
        check=COPIES,
        subject=have.subject.id,
        rng=have.rng,
        ignored=_unread(dataset),
        command=_command(dataset),
    )
    at = place(have.system, have.subject.id)
    yield from (replace(finding, location=at) for finding in found)


def _outlying(have: Have) -> Iterator[Finding]:
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    found = outlier_findings(
        have.get(DatasetFile, have.subject.id).table(),
        dataset.label,
        check=OUTLYING,
        subject=have.subject.id,
        rng=have.rng,
        ignored=_unread(dataset),
        command=_command(dataset),
    )
    at = place(have.system, have.subject.id)
    yield from (replace(finding, location=at) for finding in found)


def _unread(dataset: Dataset) -> tuple[str, ...]:
    named = (dataset.prediction, dataset.contributor, dataset.time, dataset.signature)
    return (*(name for name in named if name is not None), *dataset.identifiers, *dataset.pseudonyms)


def _command(dataset: Dataset) -> str | None:
    if dataset.path is None or not _plain(dataset.path):
        return None
    if dataset.label is None or not _plain(dataset.label):
        return f"redan data poison {dataset.path}"
    return f"redan data poison {dataset.path} --label {dataset.label}"


def _plain(name: str) -> bool:
    return name.isascii() and all(c.isalnum() or c in "._/-" for c in name) and not name.startswith("-")


CHECKS: tuple[Check, ...] = (
    Check(id=COPIES, subjects=_searched, run=_copies, needs=(DatasetFile,), tier=Tier.SECONDS),
    Check(id=OUTLYING, subjects=_searched, run=_outlying, needs=(DatasetFile,), tier=Tier.MINUTES, extra="sklearn"),
)
