"""Which records count: sealed by a key of the project, in the ledger, of a run that succeeded, about these bytes."""

from collections.abc import Iterator
from typing import NamedTuple

from redan.artifacts.model_file import ModelFile
from redan.artifacts.training_record import TrainingRecords
from redan.controls.contract import Have
from redan.findings import Remedy
from redan.recording.digests import State
from redan.recording.form import TrainingRecord
from redan.terms import Level

_SHOWN = 12  # hex digits of a record's digest: enough to find the file


class Believed(NamedTuple):
    """The records that count for a model as it is.

    Args:
        made: of runs that wrote these bytes.
        read: of runs that read them, such as an evaluation.
        fault: why there is none that wrote them; empty when there is one.
    """

    made: tuple[TrainingRecord, ...]
    read: tuple[TrainingRecord, ...]
    fault: str


def model_digest(have: Have) -> str | None:
    """SHA-256 of the model's file; None while there is none."""
    return next((found.digest for found in have.all(ModelFile)), None)


def believed(have: Have, sha256: str) -> Believed:
    """The records that count for a model.

    Args:
        have: with the records of the subject, a model.
        sha256: of its file.
    """
    records = have.get(TrainingRecords, have.subject.id)
    faults: list[str] = []
    made: list[TrainingRecord] = []
    read: list[TrainingRecord] = []
    others = 0
    for opened in records.opened:
        short = opened.sha256[:_SHOWN] or "unreadable"
        record = opened.record
        if record is None:
            faults.append(f"record {short} is not believed: {opened.fault}")
        elif not _about(record, sha256):
            others += 1
        elif have.history.first("recorded", have.subject.id, opened.sha256) is None:
            # A run for another model may read this one; only who made it has to be in the ledger under its name.
            others += not _made(record, sha256)
            faults += [f"record {short} is not in the ledger"] if _made(record, sha256) else []
        elif record.seen.exit_status:
            faults.append(f"record {short} is of a run that failed")
        else:
            (made if _made(record, sha256) else read).append(record)
    return Believed(tuple(made), tuple(read), "" if made else _fault(faults, others, bool(read)))


def _about(record: TrainingRecord, sha256: str) -> bool:
    return _made(record, sha256) or any(
        item.digest is not None and item.digest.sha256 == sha256 and item.annotations.state is State.UNCHANGED
        for item in record.inputs
    )


def _made(record: TrainingRecord, sha256: str) -> bool:
    return any(subject.digest.sha256 == sha256 for subject in record.subject)


def _fault(faults: list[str], others: int, read: bool) -> str:
    if faults:
        return faults[0]
    if read:
        return "the records are of runs that read the model as it is, none of one that made it"
    if others:
        return f"none of the {others} records is about the model as it is now, so it was made again without one"
    return "there is no record of its training"


def advice(have: Have) -> Remedy:
    """What brings a record about."""
    name = have.subject.id.partition(":")[2]
    text = "Run the training under observation; the record is sealed and entered in the ledger by itself."
    return Remedy(text=text, command=f"redan record --model {name} -- python train.py", effort=Level.LOW)


def all_of(found: Believed) -> Iterator[TrainingRecord]:
    """The records of runs that made the model, then of those that read it."""
    yield from found.made
    yield from found.read
