"""The signature over a dataset's file: whose it is, and whether it verifies."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, present
from redan.artifacts.seal_state import SealState, seal_state
from redan.canon import digest_of
from redan.errors import IncompleteError
from redan.system.records import Dataset
from redan.system.system import System


class Tried(NamedTuple):
    """A key that the signature was tried with: element id of whose it is, and what the seal comes to against it."""

    element: str
    state: SealState


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSignature:
    """The signature over the file of a dataset.

    Args:
        element: element id, such as `dataset:train`.
        signed: whether a seal is declared.
        tried: per declared key, first the dataset's own, then those of its sources; empty without a seal.
    """

    element: str
    signed: bool
    tried: tuple[Tried, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over what the seal comes to against each key."""
        return digest_of([self.signed, [[tried.element, tried.state.to_json()] for tried in self.tried]])


def source_signature(system: System, element: str) -> Artifact | Absent:
    """The signature over a dataset's file, tried with every declared key.

    Raises:
        InputError: a declared file is missing or leaves the project; names file and line.
    """
    record = system.elements.get(element)
    if not isinstance(record, Dataset):
        return Absent(element, "it is no dataset")
    if record.seal is None:
        return SourceSignature(element=element, signed=False, tried=())
    owners = tuple(_owners(system, element, record))
    places = [_place(system, element, key) for key in ("path", "seal")] + [_place(system, o, "key") for o in owners]
    absent = next((place for place in places if isinstance(place, Absent)), None)
    if absent is not None:
        return Absent(element, absent.reason)
    path, seal, *keys = (place for place in places if isinstance(place, Path))
    try:
        states = [seal_state(system.origin.root, path, seal, key) for key in keys]
    except IncompleteError as error:
        return Absent(element, str(error))
    return SourceSignature(element=element, signed=True, tried=tuple(map(Tried, owners, states)))


def _owners(system: System, element: str, record: Dataset) -> Iterator[str]:
    """Whose keys are declared: the dataset itself, then its sources."""
    if record.key is not None:
        yield element
    yield from (f"source:{s.name}" for s in system.sources if s.name in record.sources and s.key is not None)


def _place(system: System, element: str, key: str) -> Path | Absent:
    pairs = declared_paths(system, element, (key,))
    return present(system, element, key, pairs[0][1]) if pairs else Absent(element, f"no {key} is declared")
