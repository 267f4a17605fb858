"""The scores of a model's shadows: where they are and what their bytes are."""

from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, digested
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowsFile:
    """The file behind the key `shadows` of a `[[model]]`.

    Args:
        element: element id, such as `model:churn`.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
    """

    element: str
    path: Path
    digest: str


def shadows_file(system: System, element: str) -> Artifact | Absent:
    """The scores of a model's shadows, digested; absent when none are declared.

    Raises:
        InputError: the declared file is missing or unreadable.
    """
    for key, name in declared_paths(system, element, ("shadows",)):
        found = digested(system, element, key, name)
        return found if isinstance(found, Absent) else ShadowsFile(element=element, path=found[0], digest=found[1])
    return Absent(element, "no scores of shadows are declared (key 'shadows')")
