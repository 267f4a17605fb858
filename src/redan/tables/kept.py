"""A temporary folder that lives as long as the tables read from it."""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spool:
    """A private folder, removed with the last reference to it."""

    folder: Path

    @classmethod
    def new(cls) -> "Spool":
        """A fresh folder that only this user can read."""
        spool = cls(Path(tempfile.mkdtemp(prefix="redan-")))
        # TemporaryDirectory warns when it goes without a call, and a cache of tables has no last call.
        weakref.finalize(spool, shutil.rmtree, spool.folder, ignore_errors=True)
        return spool

    @property
    def file(self) -> Path:
        """Where the table goes."""
        return self.folder / "table.parquet"


@dataclass(frozen=True)
class Kept:
    """A Parquet file to read, and what keeps it alive.

    Args:
        file: the path.
        spool: its folder when it is a converted copy.
    """

    file: Path
    spool: Spool | None = None
