"""The files of `[pipeline]` as the checks of dependencies and code read them: bounded, and the very bytes digested."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from redan.artifacts.code_files import CodeFile
from redan.artifacts.pipeline_files import AuditFile, LockFiles, StatementFile
from redan.canon import digest
from redan.controls.contract import Have
from redan.errors import InputError
from redan.files import read_bounded
from redan.findings import Remedy
from redan.measures.dependencies.audit import LIMIT_BYTES as AUDIT_BYTES
from redan.measures.dependencies.audit import Audit, read_audit
from redan.measures.dependencies.lock import LIMIT_BYTES as LOCK_BYTES
from redan.measures.dependencies.lock import read_lock
from redan.measures.dependencies.pins import Fault, Lock, Pin
from redan.measures.dependencies.statements import LIMIT_BYTES as STATEMENT_BYTES
from redan.measures.dependencies.statements import Statement, read_statements
from redan.system.records import Pipeline
from redan.system.system import System
from redan.terms import Level

PIPELINE = "pipeline"
SEARCH = Remedy(
    text="Search the lock files for known vulnerabilities where there is a network, and name the result as 'audit' of "
    "[pipeline]; redan itself never goes online for it.",
    command="pip-audit --require-hashes --disable-pip --requirement requirements.txt --format cyclonedx-json "
    "--output audit.json",
    effort=Level.LOW,
)


class Locks(NamedTuple):
    """The lock files of the pipeline.

    Args:
        read: name and content of each that could be read.
        unread: name and reason, a clause, of each that could not.
    """

    read: tuple[tuple[str, Lock], ...]
    unread: tuple[tuple[str, str], ...]

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Every distribution of every lock file, the project itself left out."""
        return tuple(pin for _, lock in self.read for pin in lock.pins if not pin.own)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        """What pins nothing, file by file; another file that is taken in counts unless it is listed too."""
        names = {name for name, _ in (*self.read, *self.unread)}
        for name, lock in self.read:
            yield from ((name, fault) for fault in lock.faults)
            folder = PurePosixPath(name).parent
            for line, other in lock.includes:
                if (folder / other).as_posix() not in names:
                    yield name, Fault(line, "takes in another file that is not listed under 'requirements'")


def is_described(system: System) -> bool:
    """Whether the description holds anything that runs on dependencies."""
    return bool(system.models or system.tables.preprocessor or system.pipeline != Pipeline())


def content(path: Path, sha256: str, limit_bytes: int) -> bytes:
    """The bytes of a collected file.

    Raises:
        InputError: it is larger than the limit, or not the file that was digested.
    """
    data = read_bounded(path, limit_bytes)
    if digest(data) != sha256:
        raise InputError("changed during the run", where=path.name, remedy="run again when nothing writes to it")
    return data


def locks(have: Have) -> Locks:
    """The lock files, each read or with the reason why not; empty without any."""
    read: list[tuple[str, Lock]] = []
    unread: list[tuple[str, str]] = []
    for file in _lock_files(have):
        try:
            read.append((file.name, read_lock(content(file.path, file.sha256, LOCK_BYTES))))
        except InputError as error:
            unread.append((file.name, error.what))
        except ValueError as error:
            unread.append((file.name, str(error)))
    return Locks(tuple(read), tuple(unread))


def _lock_files(have: Have) -> tuple[CodeFile, ...]:
    return tuple(file for found in have.all(LockFiles) for file in found.files)


def audit(have: Have) -> Audit | str:
    """The result of the last search for vulnerabilities, or why there is none, as a sentence."""
    found = next(iter(have.all(AuditFile)), None)
    if found is None:
        return "No result of a search for known vulnerabilities is named (key 'audit' of [pipeline])."
    try:
        return read_audit(content(found.path, found.digest, AUDIT_BYTES))
    except InputError as error:
        return f"{found.name} {error.what}."
    except ValueError as error:
        return f"{found.name} cannot be read as the result of a search for vulnerabilities: it {clause(error)}."


def statements(have: Have) -> tuple[Statement, ...] | str:
    """The statements on vulnerabilities, or why they cannot be read, as a sentence; empty when none are named."""
    found = next(iter(have.all(StatementFile)), None)
    if found is None:
        return ()
    try:
        return read_statements(content(found.path, found.digest, STATEMENT_BYTES))
    except InputError as error:
        return f"{found.name} {error.what}."
    except ValueError as error:
        return f"{found.name} cannot be read as statements on vulnerabilities: it {clause(error)}."


def clause(error: ValueError) -> str:
    """What a reader refused, as a clause with a verb; the strict JSON reader leaves the verb out."""
    text = str(error)
    return f"is {text}" if text.startswith(("not ", "larger ", "nested ")) else text


def end_of(day: dt.date) -> dt.datetime:
    """The last moment of a day, UTC: what was made today was not made in the future."""
    return dt.datetime.combine(day, dt.time.max, tzinfo=dt.UTC)
