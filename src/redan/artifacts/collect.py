"""Collects artifacts from the files that the description names: once each, before any check runs."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.code_files import CodeFile, CodeFiles
from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.dataset_seal import DatasetSealed, dataset_sealed
from redan.artifacts.declared import PIPELINE, declared_files, declared_paths, digested, located, model_path
from redan.artifacts.distribution import Distribution, distribution
from redan.artifacts.encryption import Encryption, encrypted, encryption
from redan.artifacts.feedback_file import FeedbackFile, feedback_file
from redan.artifacts.file_modes import FileModes
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import CanariesFile, PrivacyRecordFile, ReferenceFile, RulesFile, ShadowsFile
from redan.artifacts.model_scan import ModelScan, model_scan
from redan.artifacts.model_seal import ModelSeal, model_seal
from redan.artifacts.participants_file import ParticipantsFile, participants_file
from redan.artifacts.pipeline_files import AuditFile, LockFiles, StatementFile
from redan.artifacts.served_endpoint import ServedEndpoint, served_endpoint
from redan.artifacts.source_signature import SourceSignature, source_signature
from redan.artifacts.training_record import TrainingRecords, training_records
from redan.artifacts.updates_file import UpdatesFile, updates_file
from redan.system.records import Dataset, Model, Pipeline
from redan.system.system import System


def dataset_file(system: System, element: str) -> Artifact | Absent:
    """The file behind a dataset, digested; absent without a path, before there is data, and while it is encrypted."""
    record = system.elements.get(element)
    if not isinstance(record, Dataset):
        return Absent(element, "no path is declared")
    for key, name in declared_paths(system, element)[:1]:
        found = digested(system, element, key, name)
        if isinstance(found, Absent):
            return found
        if encrypted(found[0]):
            return Absent(element, f"{name} is encrypted; unlock it for the check")
        return DatasetFile(element=element, path=found[0], digest=found[1], size=found[2], engine=record.engine)
    return Absent(element, "no path is declared")


def model_file(system: System, element: str) -> Artifact | Absent:
    """The file behind a model, digested; absent without a path or, before operation, while it is not trained."""
    path = model_path(system, element)
    if isinstance(path, Absent):
        return path
    key, name = declared_paths(system, element, ("path",))[0]
    found = digested(system, element, key, name)
    return found if isinstance(found, Absent) else ModelFile(element=element, path=path, digest=found[1], size=found[2])


def code_files(system: System, element: str) -> Artifact | Absent:
    """The training code of a model, or the other code of the pipeline, digested; absent when none is declared."""
    record = system.pipeline if element == PIPELINE else system.elements.get(element)
    if not isinstance(record, Model | Pipeline) or not record.code:
        return Absent(element, "no training code is declared (key 'code')")
    files = _each_digested(system, element, "code", record.code)
    return files if isinstance(files, Absent) else CodeFiles(element=element, files=files)


def lock_files(system: System, element: str) -> Artifact | Absent:
    """The lock files of the pipeline, digested; absent when none is declared."""
    if element != PIPELINE or not system.pipeline.requirements:
        return Absent(element, "no lock file is declared (key 'requirements' of [pipeline])")
    files = _each_digested(system, element, "requirements", system.pipeline.requirements)
    return files if isinstance(files, Absent) else LockFiles(element=element, files=files)


def audit_file(system: System, element: str) -> Artifact | Absent:
    """The result of the last search for known vulnerabilities, digested; absent when none is declared."""
    name = system.pipeline.audit
    if element != PIPELINE or name is None:
        command = "pip-audit -r requirements.txt -f cyclonedx-json -o audit.json"
        reason = f"no search for known vulnerabilities is declared (key 'audit' of [pipeline]); '{command}' makes one"
        return Absent(element, reason)
    found = digested(system, element, "audit", name)
    return found if isinstance(found, Absent) else AuditFile(element=element, name=name, path=found[0], digest=found[1])


def statement_file(system: System, element: str) -> Artifact | Absent:
    """The statements on vulnerabilities, digested; absent when none are declared."""
    name = system.pipeline.statements
    if element != PIPELINE or name is None:
        return Absent(element, "no statements on vulnerabilities are declared (key 'statements' of [pipeline])")
    found = digested(system, element, "statements", name)
    if isinstance(found, Absent):
        return found
    return StatementFile(element=element, name=name, path=found[0], digest=found[1])


def _each_digested(system: System, element: str, key: str, names: Iterable[str]) -> tuple[CodeFile, ...] | Absent:
    files = []
    for name in names:
        found = digested(system, element, key, name)
        if isinstance(found, Absent):
            return found
        files.append(CodeFile(name=name, path=found[0], sha256=found[1]))
    return tuple(files)


def file_modes(system: System, element: str) -> Artifact | Absent:
    """Permission bits of every existing file behind an element; absent when there is none."""
    modes = tuple(_modes(system, element))
    return FileModes(element=element, modes=modes) if modes else Absent(element, "no file exists yet")


def _modes(system: System, element: str) -> Iterator[tuple[str, int]]:
    for key, name in declared_paths(system, element):
        path = located(system, element, key, name)
        if path.exists():
            yield name, stat.S_IMODE(os.stat(path, follow_symlinks=False).st_mode)


__all__ = ["COLLECTORS", "PIPELINE", "collect", "declared_files"]

COLLECTORS: Mapping[type[Artifact], Callable[[System, str], Artifact | Absent]] = MappingProxyType(
    {
        DatasetFile: dataset_file,
        ModelFile: model_file,
        CodeFiles: code_files,
        FileModes: file_modes,
        DatasetSealed: dataset_sealed,
        Encryption: encryption,
        ModelSeal: model_seal,
        Distribution: distribution,
        ModelScan: model_scan,
        SourceSignature: source_signature,
        LockFiles: lock_files,
        AuditFile: audit_file,
        StatementFile: statement_file,
        ParticipantsFile: participants_file,
        TrainingRecords: training_records,
        UpdatesFile: updates_file,
        FeedbackFile: feedback_file,
        RulesFile: RulesFile.of,
        ReferenceFile: ReferenceFile.of,
        ServedEndpoint: served_endpoint,
        CanariesFile: CanariesFile.of,
        ShadowsFile: ShadowsFile.of,
        PrivacyRecordFile: PrivacyRecordFile.of,
    }
)


def collect(system: System, kind: type[Artifact], element: str) -> Artifact | Absent:
    """One artifact of one element.

    Args:
        system: the description.
        kind: a key of `COLLECTORS`.
        element: element id.

    Returns:
        The artifact, or why there is none.

    Raises:
        InputError: a declared file is missing, unreadable, not regular or leaves the project; names file and line.
        KeyError: nothing collects this kind.
    """
    return COLLECTORS[kind](system, element)
