"""Whether training read declared files only."""

from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.training_record import TrainingRecords
from redan.controls.a_mlsg_002.d005_records_of_all_data_used_are_kept.believed import advice, believed, model_digest
from redan.controls.contract import Have
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.recording.declared import undeclared
from redan.recording.form import FileResource, TrainingRecord
from redan.terms import Level

UNDECLARED = "A-MLSG-002-D005/no-undeclared-file-is-read"
_SHOWN = 5  # names in a message; the record has all
_NAME_CHARS = 80


def nothing_undeclared(have: Have) -> Iterator[Finding]:
    """Whether the runs behind the subject, a model, read no file that the description does not declare for it."""
    name = have.subject.id.partition(":")[2]
    sha256 = model_digest(have)
    if sha256 is None:
        yield not_run(UNDECLARED, have.subject.id, "There is no file of the model yet, so nothing was trained.")
        return
    found = believed(have, sha256)
    if found.fault:
        text = f"What the training of model {name} read is not known: {found.fault}."
        yield not_run(UNDECLARED, have.subject.id, text, remedy=advice(have))
        return
    record = max(found.made, key=lambda made: made.finished)  # of several runs with these bytes, the last wrote them
    declared = dict(have.get(TrainingRecords, have.subject.id).declared)
    digests = frozenset(artifact.digest for artifact in have.all(DatasetFile))
    foreign = undeclared(record.inputs, declared, digests)
    read = record.inputs
    measure = Measure(name="undeclared_files", value=float(len(foreign)), n=len(read), threshold=0.0, unit="files")
    unseen = tuple(_unseen(record))
    if foreign:
        text = f"Training of model {name} read {_count(len(foreign))} not declared for it: {_names(foreign)}."
        yield broken(UNDECLARED, have.subject.id, text, _advice(), measure=measure)
    elif unseen:
        text = f"Not everything that the training of model {name} read was seen: {'; '.join(unseen)}."
        yield not_run(UNDECLARED, have.subject.id, text, remedy=advice(have))
    else:
        text = f"All {len(read)} files that the training of model {name} read are declared for it."
        yield holds(UNDECLARED, have.subject.id, text, measure=measure)


def _unseen(record: TrainingRecord) -> Iterator[str]:
    yield from record.seen.gaps
    if record.seen.unwatched:
        names = ", ".join(record.seen.unwatched[:_SHOWN])
        yield f"it was watched by audit hooks, which do not see what compiled code opens outside the project ({names})"


def _count(number: int) -> str:
    return "a file that is" if number == 1 else f"{number:,} files that are"


def _names(items: Iterable[FileResource]) -> str:
    names = sorted(item.name for item in items)
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(name[:_NAME_CHARS] for name in names[:_SHOWN]) + more


def _advice() -> Remedy:
    text = (
        "Declare each of them for the model, as a [[dataset]] that it is trained or validated on, or under 'code' or "
        "'config'; or stop reading it, and record the training again."
    )
    return Remedy(text=text, effort=Level.LOW)
