"""Whether the ledger holds a record of the model that names the digest of all data it was trained and validated on."""

from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.training_record import TrainingRecords
from redan.controls.a_mlsg_002.d005_records_of_all_data_used_are_kept.believed import (
    advice,
    all_of,
    believed,
    model_digest,
)
from redan.controls.contract import Have
from redan.findings import Finding, Measure, broken, holds, not_run
from redan.recording.digests import State
from redan.recording.form import FileResource, TrainingRecord
from redan.system.records import Model

ON_RECORD = "A-MLSG-002-D005/training-data-is-on-record"


def on_record(have: Have) -> Iterator[Finding]:
    """Whether records that count name every dataset of the subject, a model, with the bytes that it has now."""
    sha256 = model_digest(have)
    model = have.system.elements[have.subject.id]
    if sha256 is None or not isinstance(model, Model):
        yield not_run(ON_RECORD, have.subject.id, "There is no file of the model yet, so nothing was trained.")
        return
    found = believed(have, sha256)
    if found.fault:
        text = f"The training of model {model.name} is not on record: {found.fault}."
        yield broken(ON_RECORD, have.subject.id, text, advice(have))
        return
    gaps = [*_gaps(have, model.trained_on, found.made), *_gaps(have, model.validated_on, tuple(all_of(found)))]
    count = len(dict.fromkeys((*model.trained_on, *model.validated_on)))
    gaps = list(dict.fromkeys(gaps))
    measure = Measure(name="datasets_not_on_record", value=float(len(gaps)), n=count, threshold=0.0, unit="datasets")
    if gaps:
        text = f"The record of model {model.name} does not cover its data: {'; '.join(gaps)}."
        yield broken(ON_RECORD, have.subject.id, text, advice(have), measure=measure)
    else:
        which = "the one dataset" if count == 1 else f"all {count:,} datasets"
        text = f"A sealed record in the ledger names {which} of model {model.name} by digest."
        yield holds(ON_RECORD, have.subject.id, text, measure=measure)


def _gaps(have: Have, datasets: Iterable[str], records: tuple[TrainingRecord, ...]) -> Iterator[str]:
    names = dict(have.get(TrainingRecords, have.subject.id).datasets)
    for dataset in datasets:
        sha256 = have.get(DatasetFile, f"dataset:{dataset}").digest
        read = [item for record in records for item in record.inputs]
        if not any(_is(item, sha256) for item in read):
            yield _why(dataset, sha256, [item for item in read if item.name == names.get(dataset)])


def _is(item: FileResource, sha256: str) -> bool:
    return item.digest is not None and item.digest.sha256 == sha256 and item.annotations.state is State.UNCHANGED


def _why(dataset: str, sha256: str, same_name: list[FileResource]) -> str:
    if not same_name:
        return f"dataset {dataset} was not seen to be read"
    if any(item.annotations.state is not State.UNCHANGED for item in same_name):
        return f"the file of dataset {dataset} changed while the run read it"
    then = next((item.digest.sha256 for item in same_name if item.digest is not None), "")
    return f"dataset {dataset} had SHA-256 {then[:16]}... when it was read, and has {sha256[:16]}... now"
