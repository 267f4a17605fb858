"""Records of training runs in the ledger, and the same watching from within a notebook or a script."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from redan.artifacts.declared import declared_files
from redan.artifacts.history import Event
from redan.errors import UsageError
from redan.evidence.ledger_entries import record_events
from redan.files import digest_file
from redan.recording.audit import watching
from redan.recording.declared import declared, model_outputs, undeclared
from redan.recording.form import FileResource, TrainingRecord
from redan.recording.keep import RECORDS, Kept, keep, sealed
from redan.recording.session import Clock, Session, utc_now
from redan.recording.statement import Asked, statement
from redan.runner.described import described
from redan.seal.keys import Signer
from redan.system.records import Model
from redan.system.system import System

if TYPE_CHECKING:
    from redan.ledger.store import Ledger

NO_MODEL = "run"  # the key of an event about a run that was for no model


def log_start(ledger: "Ledger", system: System, at: dt.datetime) -> None:
    """Dates what is there before a training: the description's statements, and models that exist already.

    Raises:
        InputError: a declared model file cannot be read.
    """
    record_events(ledger, (*_made_before(system, at), *described(system, at)))


def _made_before(system: System, at: dt.datetime) -> Iterator[Event]:
    # First, as a run of the checks does: of what is first seen together, nothing shows that the statement was first.
    for element, key, path in declared_files(system):
        if key == "path" and isinstance(system.elements.get(element), Model) and path.is_file():
            yield Event(kind="trained", at=at, key=element, digest=digest_file(path).sha256)


def log_record(ledger: "Ledger", record: TrainingRecord, sha256: str, system: System | None = None) -> None:
    """Appends that a sealed record was kept, and the training of each model whose bytes it names.

    Args:
        ledger: open for writing.
        record: what was sealed.
        sha256: of its envelope.
        system: says which file is which model; None without a description.
    """
    outputs = {} if system is None else model_outputs(system)
    made = {outputs[subject.name]: subject.digest.sha256 for subject in record.subject if subject.name in outputs}
    keys = tuple(f"model:{name}" for name in dict.fromkeys((*record.models, *made))) or (NO_MODEL,)
    events = [Event(kind="recorded", at=record.finished, key=key, digest=sha256) for key in keys]
    if not record.seen.exit_status:
        at = record.finished
        events += [Event(kind="trained", at=at, key=f"model:{name}", digest=bytes_) for name, bytes_ in made.items()]
    record_events(ledger, events)


@dataclass(slots=True)
class Recording:
    """What a recorded block came to; filled when the block has ended without an error.

    Args:
        record: what was seen.
        kept: where the sealed record lies, and its digest.
        undeclared: files that were read and that the description does not declare for the model.
    """

    record: TrainingRecord | None = None
    kept: Kept | None = None
    undeclared: tuple[FileResource, ...] = ()


@contextmanager
def recorded(
    model: str, *, system: System, signer: Signer, ledger: "Ledger", folder: Path | None = None, clock: Clock = utc_now
) -> Iterator[Recording]:
    """Records the training in a block, or each call of a function that it decorates, through Python's audit hooks.

    It sees what Python code of this process and of the Python processes that it starts opens while the block runs;
    what was read before, and what compiled code opens by itself, it does not see, and the record says so. Where that
    is not enough, run the training with `redan record`.

    Args:
        model: name of the model that is trained.
        system: the description.
        signer: seals the record.
        ledger: open for writing with the same key.
        folder: where the record is kept; `.redan/records` of the project when None.
        clock: says when.

    Yields:
        A `Recording`, empty until the block has ended; it stays empty when the block raised.

    Raises:
        UsageError: the description has no such model, or the record cannot be written.
    """
    if model not in {item.name for item in system.models}:
        raise UsageError(f"the description has no model {model!r}", remedy="give the name of a [[model]]")
    root = system.origin.root.resolve()
    names = declared(system, (model,))
    log_start(ledger, system, clock())
    done = Recording()
    session = Session(root, home=Path.home(), clock=clock)  # what it digested now, this process would seem to read
    with ExitStack() as closing:
        closing.callback(session.digests.close)
        session.digests.close()
        with watching(session.tally, root) as seen:
            yield done
        ran = session.finish(seen[0])
        asked = Asked(
            command=("(a block of Python)",),
            folder=Path.cwd(),
            root=root,
            env=os.environ,
            declared=names,
            models=(model,),
            description=system.digest,
            home=Path.home(),
        )
        record = statement(asked, ran)
        kept = keep(sealed(record, signer), folder or root / RECORDS)
        log_record(ledger, record, kept.sha256, system)
        done.record, done.kept, done.undeclared = record, kept, undeclared(record.inputs, names)
