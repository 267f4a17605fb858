"""Collects artifacts from the files that the description names: once each, before any check runs."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.code_files import CodeFile, CodeFiles
from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.declared import PIPELINE, declared_files, declared_paths, digested, located
from redan.artifacts.file_modes import FileModes
from redan.artifacts.model_file import ModelFile
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Stage


def dataset_file(system: System, element: str) -> Artifact | Absent:
    """The file behind a dataset, digested; absent when no path is declared or the design has no data yet."""
    for key, name in declared_paths(system, element)[:1]:
        found = digested(system, element, key, name)
        if isinstance(found, Absent):
            return found
        return DatasetFile(element=element, path=found[0], digest=found[1], size=found[2])
    return Absent(element, "no path is declared")


def model_file(system: System, element: str) -> Artifact | Absent:
    """The file behind a model, digested; absent without a path or, before operation, while it is not trained."""
    record = system.elements.get(element)
    if isinstance(record, Model) and record.path:
        missing = not located(system, element, "path", record.path).exists()
        if missing and system.about.stage is not Stage.OPERATION:
            return Absent(element, f"{record.path} does not exist yet")
        found = digested(system, element, "path", record.path)
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
        found = digested(system, element, "code", name)
        if isinstance(found, Absent):
            return found
        files.append(CodeFile(name=name, path=found[0], sha256=found[1]))
    return CodeFiles(element=element, files=tuple(files))


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
