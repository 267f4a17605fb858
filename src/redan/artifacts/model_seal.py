"""The seal over a model: whether it verifies, and whether the model and its configuration lie in what it covers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, located, model_path, present
from redan.artifacts.seal_state import SealState, seal_state
from redan.canon import Json, digest_of
from redan.errors import IncompleteError, InputError
from redan.models.source import below
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSeal:
    """What vouches for a model's bytes.

    Args:
        element: element id, such as `model:churn`.
        path: absolute path of the model's file.
        within: absolute path of the sealed folder; None when the file is sealed alone.
        seal: absolute path of the seal; None when none is declared.
        key: absolute path of the key; None when none is declared.
        state: what the seal comes to; None without a seal or a key.
        uncovered: declared files of the model that the seal does not cover, as `redan.toml` names them.
        member: the model's name in the sealed folder; the empty string when it lies elsewhere or is sealed alone.
    """

    element: str
    path: Path
    within: Path | None
    seal: Path | None
    key: Path | None
    state: SealState | None
    uncovered: tuple[str, ...]
    member: str

    @property
    def digest(self) -> str:
        """SHA-256 over everything that was found; the root digest in it stands for every sealed byte."""
        declared: list[Json] = [self.seal is not None, self.key is not None, self.within is not None]
        state = None if self.state is None else self.state.to_json()
        return digest_of([declared, state, list(self.uncovered), self.member])


def model_seal(system: System, element: str) -> Artifact | Absent:
    """The seal over a model, verified once; absent while there is no model, or without what its seal needs.

    Raises:
        InputError: a declared file or folder is missing or leaves the project; names file and line.
    """
    path = model_path(system, element)
    if isinstance(path, Absent):
        return path
    places = [_place(system, element, key) for key in ("bundle", "seal", "key")]
    absent = next((found for found in places if isinstance(found, Absent)), None)
    if absent is not None:
        return absent
    within, seal, key = (found if isinstance(found, Path) else None for found in places)
    state = None
    if seal is not None and key is not None:
        try:
            state = seal_state(system.origin.root, within or path, seal, key)
        except IncompleteError as error:
            return Absent(element, str(error))
    member = "" if within is None else below(path, within) or ""
    return ModelSeal(
        element=element,
        path=path,
        within=within,
        seal=seal,
        key=key,
        state=state,
        uncovered=tuple(_uncovered(system, element, within, state)),
        member=member,
    )


def _place(system: System, element: str, key: str) -> Path | Absent | None:
    pairs = declared_paths(system, element, (key,))
    found = present(system, element, key, pairs[0][1]) if pairs else None
    if isinstance(found, Path) and (found.is_dir() != (key == "bundle")):
        kind = "a folder" if key == "bundle" else "a file"
        where = f"{system.origin.file}:{system.line(element, key)}"
        raise InputError(f"{element}: {pairs[0][1]} is not {kind}", where=where, remedy="correct the path")
    return found


def _uncovered(system: System, element: str, within: Path | None, state: SealState | None) -> Iterator[str]:
    """Files that the description counts to the model and the seal does not; unknown while the seal is not valid."""
    if state is None or not state.valid:
        return
    for key, name in declared_paths(system, element, ("path", "config")):
        inside = below(located(system, element, key, name), within) if within is not None else None
        if inside not in state.names and (within is not None or key == "config"):
            yield name
