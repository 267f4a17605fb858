"""Provenance: sources that say who and how, files as published, validation from a source that training did not use."""

from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.source_signature import SourceSignature
from redan.controls.a_mlsg_002.n001_no_dataset_of_unknown_provenance.independence import (
    INDEPENDENT,
    independence,
    judged,
)
from redan.controls.a_mlsg_002.n001_no_dataset_of_unknown_provenance.published import DIGEST, published
from redan.controls.a_mlsg_002.n001_no_dataset_of_unknown_provenance.signed import SIGNED, each_signed, signature
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated
from redan.findings import Finding, Remedy, broken, holds
from redan.system.records import Source
from redan.system.system import System
from redan.terms import Level

STATED = "A-MLSG-002-N001/provenance-is-stated"
_ANSWERS = ("host", "contributors", "collection", "terms")


def _each_dataset(system: System) -> Iterable[Subject]:
    return tuple(Subject(f"dataset:{d.name}", (f"dataset:{d.name}",)) for d in system.datasets)


def _provenance(have: Have) -> Iterator[Finding]:
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    known = {s.name: s for s in have.system.sources}
    faults = [_unstated(name, known.get(name)) for name in dataset.sources]
    gaps = [fault for fault in faults if fault]
    if not dataset.sources:
        gaps = ["it names no source"]
    if gaps:
        text = f"The provenance of dataset {dataset.name} is not stated: {'; '.join(gaps)}."
        advice = "Name the dataset's sources, and state host, contributors, collection and terms of each."
        yield broken(STATED, have.subject.id, text, Remedy(text=advice, effort=Level.LOW))
    else:
        names = ", ".join(dataset.sources)
        text = (
            f"Host, contributors, collection and terms are stated for what dataset {dataset.name} comes from: {names}."
        )
        yield holds(STATED, have.subject.id, text)


def _unstated(name: str, source: Source | None) -> str:
    if source is None:
        return f"source {name} is not described"
    answers = {
        "host": source.host,
        "contributors": source.contributors,
        "collection": source.collection,
        "terms": source.terms,
    }
    missing = [key for key in _ANSWERS if not is_stated(answers[key])]
    return f"source {name} does not state {', '.join(missing)}" if missing else ""


CHECKS = (
    Check(id=STATED, subjects=_each_dataset, run=_provenance),
    Check(id=DIGEST, subjects=_each_dataset, run=published, needs=(DatasetFile,)),
    Check(id=INDEPENDENT, subjects=judged, run=independence),
    Check(id=SIGNED, subjects=each_signed, run=signature, needs=(SourceSignature,)),
)
