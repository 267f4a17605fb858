"""The record of a model's private training: where it is and what its bytes are."""

from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, digested
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRecordFile:
    """The file behind the key `privacy` of a `[[model]]`.

    Args:
        element: element id, such as `model:churn`.
        name: its path as the description gives it.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
    """

    element: str
    name: str
    path: Path
    digest: str


def privacy_record(system: System, element: str) -> Artifact | Absent:
    """The record of a model's private training, digested; absent when none is declared.

    Raises:
        InputError: the declared file is missing or unreadable.
    """
    for key, name in declared_paths(system, element, ("privacy",)):
        found = digested(system, element, key, name)
        if isinstance(found, Absent):
            return found
        return PrivacyRecordFile(element=element, name=name, path=found[0], digest=found[1])
    return Absent(element, "no record of private training is declared (key 'privacy')")
