"""Pseudonyms against an attacker who tries the values they may stand for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, not_applicable
from redan.measures.enumeration.attack import BUDGET, attack
from redan.measures.enumeration.findings import FEWEST, judged
from redan.measures.enumeration.forms import form_of
from redan.measures.personal.declared import declared_columns
from redan.system.records import Dataset
from redan.system.system import System
from redan.tables import Table
from redan.terms import Tier

KEYED = "A-MLSG-003-C002/pseudonyms-are-keyed"
MOST = 100_000  # distinct pseudonyms of a column
_LOOK = 200  # values that tell whether a column which nobody declares holds digests
_UNDECLARED = BUDGET // 20
_SEED_LIMIT = 2**31


def _datasets(system: System) -> Iterable[Subject]:
    """Each dataset with a file; the others' files are read for values in the clear."""
    named = [f"dataset:{d.name}" for d in system.datasets if d.path]
    return tuple(Subject(own, (own, *(other for other in named if other != own))) for own in named)


def _keyed(have: Have) -> Iterator[Finding]:
    files = {file.element: file for file in have.all(DatasetFile)}
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    table = files[have.subject.id].table()
    seed = int(have.rng.integers(_SEED_LIMIT))
    declared = [c for c in dataset.pseudonyms if c in table.columns]
    columns = [*declared, *_digests(table, dataset, seed)]
    if not columns:
        yield not_applicable(KEYED, have.subject.id, f"Dataset {dataset.name} has no pseudonyms.")
        return
    known = dict(_known(have, files, seed))
    for column in columns:
        values = table.distinct_sample(column, MOST, seed)
        found = attack(
            values,
            known=known,
            words=(have.system.about.name, dataset.name, column),
            budget=BUDGET if column in declared and len(values) >= FEWEST else _UNDECLARED,
            rng=have.rng,
        )
        where = place(have.system, have.subject.id, "pseudonyms" if column in declared else "")
        yield replace(judged(KEYED, have.subject.id, column, found), location=where)


def _digests(table: Table, dataset: Dataset, seed: int) -> Iterator[str]:
    """Columns of digests that are not declared as pseudonyms; a label or a signature is none."""
    others = {*dataset.pseudonyms, dataset.label, dataset.prediction, dataset.signature}
    for column in table.columns:
        if column not in others and table.dtype(column) == "string":
            values = table.distinct_sample(column, _LOOK, seed)
            if len(values) >= _LOOK // 10 and form_of(values) is not None:
                yield column


def _known(have: Have, files: dict[str, DatasetFile], seed: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Values of identifying columns that stand in the clear in any dataset of the system."""
    for element, file in files.items():
        dataset = have.system.dataset(element.partition(":")[2])
        table = file.table()
        columns = sorted(declared_columns(dataset).intersection(table.columns).difference(dataset.pseudonyms))
        for column in columns:
            yield f"column {column!r} of dataset {dataset.name}", table.distinct_sample(column, MOST, seed)


CHECKS = (Check(id=KEYED, subjects=_datasets, run=_keyed, needs=(DatasetFile,), tier=Tier.MINUTES),)
