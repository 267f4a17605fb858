"""A temporary folder that lives as long as the tables read from it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spool:
    """A private folder, removed with the last reference to it."""

    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def new(cls) -> "Spool":
        """A fresh folder that only this user can read."""
        return cls(tempfile.TemporaryDirectory(prefix="redan-", ignore_cleanup_errors=True))

    @property
    def file(self) -> Path:
        """Where the table goes."""
        return Path(self.folder.name) / "table.parquet"


@dataclass(frozen=True)
class Kept:
    """A Parquet file to read, and what keeps it alive.

    Args:
        file: the path.
        spool: its folder when it is a converted copy.
    """

    file: Path
    spool: Spool | None = None
