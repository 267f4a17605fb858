"""The register of a source's participants: where it is and what its bytes are."""

from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import digested
from redan.system.records import Source
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantsFile:
    """The file behind the key `participants` of a `[[source]]`.

    Args:
        element: element id, such as `source:crowd`.
        name: as the description gives it.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
    """

    element: str
    name: str
    path: Path
    digest: str


def participants_file(system: System, element: str) -> Artifact | Absent:
    """The register of a source's participants, digested; absent when none is declared.

    Raises:
        InputError: it is missing, unreadable or leaves the project; names file and line.
    """
    record = system.elements.get(element)
    if not isinstance(record, Source) or record.participants is None:
        return Absent(element, "no register of participants is declared (key 'participants')")
    found = digested(system, element, "participants", record.participants)
    if isinstance(found, Absent):
        return found
    return ParticipantsFile(element=element, name=record.participants, path=found[0], digest=found[1])
