"""The files that the description names: where they lie, and what their bytes are."""

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from redan.artifacts.absent import Absent
from redan.errors import InputError
from redan.files import confined, digest_file
from redan.system.records import Dataset, Endpoint, Federation, Feedback, Model, Pipeline, Record, Source
from redan.system.system import System
from redan.terms import Stage

PIPELINE = "pipeline"  # the one table that is no element and has files of its own
_SOURCE_PATHS = ("key", "participants")
_FEEDBACK_PATHS = ("path",)
_ENDPOINT_PATHS = ("probe",)
_FEDERATION_PATHS = ("updates",)
_DATASET_PATHS = ("path", "seal", "key")
_MODEL_PATHS = (
    "path",
    "code",
    "config",
    "seal",
    "key",
    "record",
    "bundle",
    "constraints",
    "reference",
    "canaries",
    "shadows",
)
_BESIDE_SEAL = (".content.json", ".rows")  # what a dataset's seal has besides, see redan.content
_PIPELINE_PATHS = ("requirements", "code", "audit", "statements")
_PATHS: Mapping[type[Record], tuple[str, ...]] = MappingProxyType(
    {
        Dataset: _DATASET_PATHS,
        Model: _MODEL_PATHS,
        Source: _SOURCE_PATHS,
        Endpoint: _ENDPOINT_PATHS,
        Feedback: _FEEDBACK_PATHS,
        Federation: _FEDERATION_PATHS,
        Pipeline: _PIPELINE_PATHS,
    }
)


def declared_paths(
    system: System, element: str, keys: Container[str] = ("path", "code")
) -> tuple[tuple[str, str], ...]:
    """Key and path, as the description gives them, of the files of one element; empty when it names none."""
    record = system.pipeline if element == PIPELINE else system.elements.get(element)
    if record is None:
        return ()
    return _named(record, [key for key in _PATHS.get(type(record), ()) if key in keys])


def _named(record: Record, keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
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
    every = {*chain(*_PATHS.values())} - {"bundle"}  # a folder: its files are the seal's business
    for element in (*system.elements, PIPELINE):
        for key, name in declared_paths(system, element, every):
            path = located(system, element, key, name)
            yield element, key, path
            if key == "seal" and isinstance(system.elements.get(element), Dataset):
                yield from ((element, key, path.with_name(path.name + suffix)) for suffix in _BESIDE_SEAL)


def located(system: System, element: str, key: str, name: str) -> Path:
    """The absolute path of a declared file or folder, which need not exist.

    Raises:
        InputError: it leaves the project; names file and line.
    """
    where = f"{system.origin.file}:{system.line(element, key)}"
    try:
        return confined(system.origin.root, name)
    except InputError as error:
        raise InputError(error.what, where=where, remedy=error.remedy) from error


def present(system: System, element: str, key: str, name: str) -> Path | Absent:
    """The absolute path of a declared file or folder that exists; absent while the design has no files yet.

    Raises:
        InputError: it is missing or leaves the project; names file and line.
    """
    path = located(system, element, key, name)
    if path.exists():
        return path
    if system.about.stage is Stage.DESIGN:
        return Absent(element, f"{name} does not exist yet")
    where = f"{system.origin.file}:{system.line(element, key)}"
    raise InputError(f"{element}: file {name} does not exist", where=where, remedy="create it, or correct the path")


def model_path(system: System, element: str) -> Path | Absent:
    """Where a model's file lies; absent without a path or, before operation, while it is not trained.

    Raises:
        InputError: it is missing in operation, or leaves the project; names file and line.
    """
    record = system.elements.get(element)
    if not isinstance(record, Model) or not record.path:
        return Absent(element, "no path is declared")
    if system.about.stage is not Stage.OPERATION and not located(system, element, "path", record.path).exists():
        return Absent(element, f"{record.path} does not exist yet")
    return present(system, element, "path", record.path)


def digested(system: System, element: str, key: str, name: str) -> tuple[Path, str, int] | Absent:
    """Path, SHA-256 and size of a declared file; absent while the design has no files yet.

    Raises:
        InputError: it is missing, unreadable, not regular or leaves the project; names file and line.
    """
    path = present(system, element, key, name)
    if isinstance(path, Absent):
        return path
    try:
        found = digest_file(path)
    except InputError as error:
        where = f"{system.origin.file}:{system.line(element, key)}"
        raise InputError(f"{element}: {name} {error.what}", where=where, remedy=error.remedy) from error
    return path, found.sha256, found.size
