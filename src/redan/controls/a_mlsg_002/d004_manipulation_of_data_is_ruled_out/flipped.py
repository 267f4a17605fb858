"""Labels that somebody changed: by contributor against all others, and by row where classes do not overlap."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Remedy, not_run
from redan.measures.poison.label_findings import label_findings
from redan.measures.poison.labels import Rates
from redan.system.records import Dataset
from redan.system.system import System
from redan.terms import Level, Outcome, Tier

FLIPPED = "A-MLSG-002-D004/labels-are-not-flipped"
_CONTROL = "A-MLSG-002-D004"
_ROLES = ("train", "validation")
_STATE_LABEL = Remedy(text="Name the column of the label in redan.toml.", effort=Level.LOW)


def _searched(system: System) -> Iterable[Subject]:
    names = (f"dataset:{d.name}" for d in system.datasets if d.path and d.role in _ROLES)
    return tuple(Subject(name, (name,)) for name in names)


def _flipped(have: Have) -> Iterator[Finding]:
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    at = place(have.system, have.subject.id)
    if dataset.label is None:
        text = f"No label column is declared for dataset {dataset.name}, so no label can be judged."
        yield replace(not_run(FLIPPED, have.subject.id, text, remedy=_STATE_LABEL), location=at)
        return
    stance = have.system.stance(_CONTROL)
    tolerated = Rates().changed if stance is None or stance.threshold is None else min(max(stance.threshold, 0.0), 0.5)
    found = label_findings(
        have.get(DatasetFile, have.subject.id).table(),
        dataset.label,
        check=FLIPPED,
        subject=have.subject.id,
        rng=have.rng,
        contributor=dataset.contributor,
        ignored=_unread(dataset),
        tolerated=tolerated,
    )
    for finding in found:
        yield replace(finding, location=at, remedy=_with_command(finding, dataset))


def _unread(dataset: Dataset) -> tuple[str, ...]:
    named = (dataset.prediction, dataset.time, dataset.signature)
    return (*(name for name in named if name is not None), *dataset.identifiers, *dataset.pseudonyms)


def _with_command(finding: Finding, dataset: Dataset) -> Remedy | None:
    """How to get the suspected rows, where every name is plain enough for a command line."""
    if finding.remedy is None or finding.outcome is not Outcome.BROKEN:
        return finding.remedy
    words = [dataset.path or "", dataset.label or "", *([dataset.contributor] if dataset.contributor else [])]
    if not all(_plain(word) for word in words):
        return finding.remedy
    who = f" --contributor {dataset.contributor}" if dataset.contributor else ""
    unread = "".join(f" --ignore {name}" for name in _unread(dataset) if _plain(name))
    command = f"redan data poison {words[0]} --label {words[1]}{who}{unread} --suspects suspects.csv"
    return replace(finding.remedy, command=command)


def _plain(name: str) -> bool:
    return bool(name) and name.isascii() and all(c.isalnum() or c in "._/-" for c in name) and name[0] != "-"


CHECKS = (
    Check(
        id=FLIPPED,
        subjects=_searched,
        run=_flipped,
        needs=(DatasetFile,),
        tier=Tier.MINUTES,
        extra="sklearn",
        adjustable=True,
    ),
)
