"""What was measured of a model on real data, for the time of service: where it is and what its bytes are."""

from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, digested
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFile:
    """The file behind the key `reference` of a `[[model]]`.

    Args:
        element: element id, such as `model:churn`.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
    """

    element: str
    path: Path
    digest: str


def reference_file(system: System, element: str) -> Artifact | Absent:
    """The reference of a model, digested; absent when none is declared.

    Raises:
        InputError: the declared file is missing or unreadable.
    """
    for key, name in declared_paths(system, element, ("reference",)):
        found = digested(system, element, key, name)
        return found if isinstance(found, Absent) else ReferenceFile(element=element, path=found[0], digest=found[1])
    return Absent(element, "no reference of the model is declared (key 'reference')")
