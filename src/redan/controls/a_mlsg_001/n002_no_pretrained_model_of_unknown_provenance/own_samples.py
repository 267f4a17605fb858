"""How accurate and how fair a pretrained model is on samples that the team collected itself."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import open_target, read_arrays, source_of_target
from redan.attacks.queries import Queries
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.pretrained import model_of, pretrained
from redan.controls.contract import Have, Subject
from redan.errors import InputError
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.findings.pictures import pictured
from redan.measures.fairness import answers, group_findings
from redan.measures.fairness.answers import class_of
from redan.measures.fairness.asked import ANSWER, asked
from redan.measures.fairness.group_findings import MARGIN
from redan.measures.robustness import Rate, bars, rate
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level

OWN = "A-MLSG-001-N002/own-samples-are-predicted-well"
_KINDS = ("internal", "sensor")
_FEWEST = 50
_COLLECT = (
    "collect labelled samples yourself, and declare them as a dataset for testing whose sources are of kind internal"
)
_REMEDY = Remedy(
    text="Do not build on this model as it is: adapt it to samples of your own, or choose another one.",
    effort=Level.HIGH,
)
_MORE = Remedy(text="Collect more labelled samples of your own.", effort=Level.MEDIUM)


def each_with_own(system: System) -> Iterable[Subject]:
    """Every pretrained model with a file that classifies, and the samples of one's own."""
    for model in pretrained(system):
        if model.path and model.task in ("classification", "anomaly", "other"):
            data = own_of(system)
            more = () if data is None else (f"dataset:{data.name}",)
            yield Subject(f"model:{model.name}", (f"model:{model.name}", *more))


def own_of(system: System) -> Dataset | None:
    """The first dataset for testing that comes from the company's own sources alone."""
    kinds = {source.name: source.kind for source in system.sources}
    return next(
        (
            data
            for data in system.datasets
            if data.path
            and data.role in ("test", "validation")
            and data.sources
            and all(kinds.get(name) in _KINDS for name in data.sources)
        ),
        None,
    )


def predicted(have: Have) -> Iterator[Finding]:
    """Accuracy beside that of the most frequent class, and error rates by group where groups are declared."""
    model, data = model_of(have), own_of(have.system)
    if data is None:
        raise InputError(f"there are no samples of one's own to try model {model.name} on", remedy=_COLLECT)
    path, file = have.get(ModelFile, have.subject.id).path, have.get(DatasetFile, f"dataset:{data.name}")
    seed = int(have.rng.integers(2**31 - 1))
    if file.path.suffix.lower() == ".npz":
        yield _accuracy(have, data, *_of_arrays(path, file.path, seed))
        return
    if data.label is None:
        raise InputError(f"dataset {data.name} names no label", remedy="add the key 'label'")
    table = _of_table(have.system, (model, path), data, file, seed)
    rows = table.sample(100_000, seed)
    pairs = [(class_of(a), class_of(b)) for a, b in zip(*(rows[c].to_pylist() for c in (data.label, ANSWER)))]  # noqa: B905
    known = [(a, b) for a, b in pairs if a is not None]
    truth, said = (np.array([pair[side] or "" for pair in known]) for side in range(2))
    yield _accuracy(have, data, truth, said)
    groups = [name for name in data.sensitive if name in table.columns]
    if groups and len(known) >= _FEWEST:
        found = answers(table, data.label, ANSWER, data.positive)
        yield from group_findings(OWN, have.subject.id, found, groups, margin=MARGIN, rng=have.rng)


def _of_arrays(path: Path, data: Path, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    read = read_arrays(data, 10_000, seed)
    queries = Queries(source_of_target(open_target(str(path), None)))
    return queries.indices(read.y), queries.labels(read.x)


def _of_table(system: System, of: tuple[Model, Path], data: Dataset, file: DatasetFile, seed: int) -> Table:
    model, path = of
    inputs = model.inputs or next((m.inputs for m in system.models if m.base == model.name and m.inputs), ())
    target = open_target(str(path), None)
    if target.model is None:
        raise InputError(f"model {model.name} takes no table", remedy="give arrays")
    table = file.table()
    keep = [name for name in data.sensitive if name in table.columns]
    names = inputs or [c for c in table.columns if c not in {data.label, *data.identifiers, *keep}]
    return asked(target.model, table, names, data.label or "", keep, seed=seed)


def _accuracy(have: Have, data: Dataset, truth: NDArray[Any], said: NDArray[Any]) -> Finding:
    """Better than always the most frequent class, for sure; with too few samples, or of one class, nobody can tell."""
    subject = have.subject.id
    names, counts = np.unique(truth, return_counts=True)
    if len(truth) < _FEWEST or len(names) < 2:  # noqa: PLR2004 -- two classes
        text = f"Dataset {data.name} has {len(truth)} labelled samples of {len(names)} classes; {_FEWEST} of two are "
        return not_run(OWN, subject, f"{text}needed.", remedy=_MORE, part="accuracy")
    usual = float(counts.max() / counts.sum())
    right = rate(truth == said)
    low, high = right.interval
    each: list[tuple[str, Rate]] = [(f"class {name}", rate(said[truth == name] == name)) for name in names[:20]]
    measure = right.measure("accuracy", usual)
    text = (
        f"Model {model_of(have).name} is right on {right.value or 0:.1%} of {right.n:,} samples of dataset {data.name} "
        f"(95 % interval {low:.1%} to {high:.1%}); always the most frequent class would be on {usual:.1%}"
    )
    detail = pictured([bars("Right answers by class", [("all", right), *each])])
    if high <= usual:
        return replace(broken(OWN, subject, f"{text}.", _REMEDY, part="accuracy", measure=measure), detail=detail)
    if low > usual:
        return replace(holds(OWN, subject, f"{text}.", part="accuracy", measure=measure), detail=detail)
    made = not_run(OWN, subject, f"{text}: that is not enough data to tell.", remedy=_MORE, part="accuracy")
    return replace(made, measure=measure, detail=detail)
