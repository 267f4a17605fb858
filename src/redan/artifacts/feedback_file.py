"""The file of feedback that waits to be used: where it is and what its bytes are, or that none is declared."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from redan.artifacts.absent import Absent
from redan.artifacts.declared import declared_paths, digested
from redan.canon import digest
from redan.system.records import Feedback
from redan.system.system import System

if TYPE_CHECKING:
    from redan.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackFile:
    """The file behind a `[[feedback]]`.

    Args:
        element: element id, such as `feedback:complaints`.
        path: absolute path, confined to the project folder; None when no file is declared.
        digest: SHA-256 of the bytes, 64 hex digits; of no bytes when there is no file.
    """

    element: str
    path: Path | None
    digest: str

    def table(self) -> "Table | None":
        """The entries; None when no file is declared.

        Raises:
            InputError: it cannot be read as a table.
        """
        from redan.tables import open_table

        return None if self.path is None else open_table(self.path)


def feedback_file(system: System, element: str) -> FeedbackFile | Absent:
    """The file of a feedback, digested; absent before there is one, and for elements that are no feedback.

    Raises:
        InputError: it is missing, unreadable, not regular or leaves the project; names file and line.
    """
    if not isinstance(system.elements.get(element), Feedback):
        return Absent(element, "it is no feedback")
    for key, name in declared_paths(system, element, ("path",)):
        found = digested(system, element, key, name)
        return found if isinstance(found, Absent) else FeedbackFile(element=element, path=found[0], digest=found[1])
    return FeedbackFile(element=element, path=None, digest=digest(b""))
