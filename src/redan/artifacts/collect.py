"""Collects artifacts from the files that the description names: once each, before any check runs."""

import os
import stat
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.code_files import CodeFile, CodeFiles
from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.file_modes import FileModes
from redan.artifacts.model_file import ModelFile
from redan.errors import InputError
from redan.files import confined, digest_file
from redan.system.records import Dataset, Model, Pipeline
from redan.system.system import System
from redan.terms import Stage

PIPELINE = "pipeline"  # the one table that is no element and has files of its own
_DATASET_PATHS = ("path", "seal", "key")
_MODEL_PATHS = ("path", "code", "config", "seal", "key", "record")
_PIPELINE_PATHS = ("requirements", "code", "audit", "statements")


def _declared_paths(
    system: System, element: str, keys: Container[str] = ("path", "code")
) -> tuple[tuple[str, str], ...]:
    record = system.pipeline if element == PIPELINE else system.elements.get(element)
    if isinstance(record, Dataset):
        return _named(record, [key for key in _DATASET_PATHS if key in keys])
    if isinstance(record, Model):
        return _named(record, [key for key in _MODEL_PATHS if key in keys])
    if isinstance(record, Pipeline):
        return _named(record, [key for key in _PIPELINE_PATHS if key in keys])
    return ()


def _named(record: Dataset | Model | Pipeline, keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for key in keys:
        value = getattr(record, key)
        names = (value,) if isinstance(value, str) else value or ()
        pairs.extend((key, name) for name in names)
    return tuple(pairs)


def declared_files(system: System) -> Iterator[tuple[str, str, Path]]:
    """Element id, key and absolute path of every file that the description names, existing or not.

    Raises:
        InputError: a path leaves the project.
    """
    every = (*_DATASET_PATHS, *_MODEL_PATHS, *_PIPELINE_PATHS)
    for element in (*system.elements, PIPELINE):
        for key, name in _declared_paths(system, element, every):
            yield element, key, _located(system, element, key, name)


def _located(system: System, element: str, key: str, name: str) -> Path:
    where = f"{system.origin.file}:{system.line(element, key)}"
    try:
        return confined(system.origin.root, name)
    except InputError as error:
        raise InputError(error.what, where=where, remedy=error.remedy) from error


def _digested(system: System, element: str, key: str, name: str) -> tuple[Path, str, int] | Absent:
    path = _located(system, element, key, name)
    where = f"{system.origin.file}:{system.line(element, key)}"
    if not path.exists():
        if system.about.stage is Stage.DESIGN:
            return Absent(element, f"{name} does not exist yet")
        raise InputError(f"{element}: file {name} does not exist", where=where, remedy="create it, or correct the path")
    try:
        found = digest_file(path)
    except InputError as error:
        raise InputError(f"{element}: {name} {error.what}", where=where, remedy=error.remedy) from error
    return path, found.sha256, found.size


def dataset_file(system: System, element: str) -> Artifact | Absent:
    """The file behind a dataset, digested; absent when no path is declared or the design has no data yet."""
    for key, name in _declared_paths(system, element)[:1]:
        found = _digested(system, element, key, name)
        if isinstance(found, Absent):
            return found
        return DatasetFile(element=element, path=found[0], digest=found[1], size=found[2])
    return Absent(element, "no path is declared")


def model_file(system: System, element: str) -> Artifact | Absent:
    """The file behind a model, digested; absent without a path or, before operation, while it is not trained."""
    record = system.elements.get(element)
    if isinstance(record, Model) and record.path:
        missing = not _located(system, element, "path", record.path).exists()
        if missing and system.about.stage is not Stage.OPERATION:
            return Absent(element, f"{record.path} does not exist yet")
        found = _digested(system, element, "path", record.path)
        if isinstance(found, Absent):
            return found
        return ModelFile(element=element, path=found[0], digest=found[1], size=found[2])
    return Absent(element, "no path is declared")


def code_files(system: System, element: str) -> Artifact | Absent:
    """The training code of a model, digested; absent when none is declared."""
    record = system.elements.get(element)
    if not isinstance(record, Model) or not record.code:
        return Absent(element, "no training code is declared (key 'code')")
    files = []
    for name in record.code:
        found = _digested(system, element, "code", name)
        if isinstance(found, Absent):
            return found
        files.append(CodeFile(name=name, path=found[0], sha256=found[1]))
    return CodeFiles(element=element, files=tuple(files))


def file_modes(system: System, element: str) -> Artifact | Absent:
    """Permission bits of every existing file behind an element; absent when there is none."""
    modes = tuple(_modes(system, element))
    return FileModes(element=element, modes=modes) if modes else Absent(element, "no file exists yet")


def _modes(system: System, element: str) -> Iterator[tuple[str, int]]:
    for key, name in _declared_paths(system, element):
        path = _located(system, element, key, name)
        if path.exists():
            yield name, stat.S_IMODE(os.stat(path, follow_symlinks=False).st_mode)


COLLECTORS: Mapping[type[Artifact], Callable[[System, str], Artifact | Absent]] = MappingProxyType(
    {DatasetFile: dataset_file, ModelFile: model_file, CodeFiles: code_files, FileModes: file_modes}
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
