"""A dataset's file: where it is and what its bytes are."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from redan.errors import IncompleteError
from redan.system.records import Engine

if TYPE_CHECKING:
    from redan.tables import Table

ARRAYS = (".npz", ".npy")  # pictures, signals: inputs with a shape of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFile:
    """The file behind a `[[dataset]]`.

    Args:
        element: element id, such as `dataset:train`.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
        size: bytes.
        engine: what reads it.
    """

    element: str
    path: Path
    digest: str
    size: int
    engine: Engine = "duckdb"

    def table(self) -> "Table":
        """The file as a table of its engine.

        Raises:
            InputError: it cannot be read as a table.
            MissingExtraError: its engine is not installed.
            IncompleteError: it holds arrays, or its engine does not start.
        """
        if self.path.suffix.lower() in ARRAYS:
            raise IncompleteError(f"{self.path.name} holds arrays, and the question is about a table")
        from redan.tables import open_table

        return open_table(self.path, self.engine)
