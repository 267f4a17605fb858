"""What the scan says of a model's files; nothing is loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, located, model_path, present
from redan.canon import digest_of
from redan.scan.records import Scanned
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScan:
    """The scan of the file of a model and of what it is released with.

    Args:
        element: element id, such as `model:churn`.
        model: what the scan says of the model's file.
        config: what it says of each configuration file, in the order of the description.
        beside: what it says of the other files of the bundle, by name; the seal is left out.
    """

    element: str
    model: Scanned
    config: tuple[Scanned, ...]
    beside: tuple[Scanned, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over every answer of the scan and over the bytes that were examined."""
        return digest_of([scanned.to_json() for scanned in (self.model, *self.config, *self.beside)])


def model_scan(system: System, element: str) -> Artifact | Absent:
    """The scan of a model's files; absent while there is no model.

    Raises:
        InputError: a declared file is missing or leaves the project; names file and line.
    """
    from redan.scan import scan_file

    first = model_path(system, element)
    if isinstance(first, Absent):
        return first
    paths: dict[Path, str] = {}
    for key, name in declared_paths(system, element, ("path", "config")):
        path: Path | Absent = present(system, element, key, name)
        if isinstance(path, Absent):
            return path
        paths[path] = name
    found = [scan_file(path, name) for path, name in paths.items()]
    beside = [scan_file(path, name) for path, name in _beside(system, element) if path not in paths]
    return ModelScan(element=element, model=found[0], config=tuple(found[1:]), beside=tuple(beside))


def _beside(system: System, element: str) -> Iterator[tuple[Path, str]]:
    """Path and name below the project of every file of the bundle but the seal, by name."""
    seals = [located(system, element, key, name) for key, name in declared_paths(system, element, ("seal",))]
    for key, name in declared_paths(system, element, ("bundle",)):
        folder = located(system, element, key, name)
        for path in sorted(folder.rglob("*")):
            if path not in seals and (path.is_symlink() or not path.is_dir()):
                yield path, f"{name}/{path.relative_to(folder).as_posix()}"
