"""DuckDB as redan uses it: in memory, two threads, bounded memory, no network and no extensions.

Source: the project's research notes on engines; DuckDB manual, "Securing DuckDB".
"""

import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from redan.errors import InputError

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "1GB"
THREADS = 2
SPILL_LIMIT = "200GB"


def connect(*allowed: Path) -> "duckdb.DuckDBPyConnection":
    """A connection of its own that can read (and, in a folder, write) the allowed paths and nothing else.

    Args:
        allowed: files and folders; everything else on the machine and the network is refused.
    """
    import duckdb

    spill = tempfile.TemporaryDirectory(prefix="redan-")
    connection = duckdb.connect(":memory:")
    weakref.finalize(connection, spill.cleanup)
    settings = {
        "threads": str(THREADS),
        "memory_limit": quoted(MEMORY_LIMIT),
        "temp_directory": quoted(spill.name),
        "max_temp_directory_size": quoted(SPILL_LIMIT),
        "enable_progress_bar": "false",
        "TimeZone": "'UTC'",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allowed_paths": "[" + ",".join(quoted(str(p)) for p in allowed if not p.is_dir()) + "]",
        "allowed_directories": "[" + ",".join(quoted(str(p)) for p in (*allowed, Path(spill.name)) if p.is_dir()) + "]",
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value}")
    return connection


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def named(name: str, mark: str = '"') -> str:
    """A column or table name as an SQL identifier; Spark's mark is a backtick."""
    return mark + name.replace(mark, mark * 2) + mark


def explained(error: "duckdb.Error", path: Path) -> "InputError":
    """An engine's complaint about a file as one line without any of its values."""
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return InputError(
            "needs more memory than its reader may use", where=str(path), remedy="give a file with shorter values"
        )
    return InputError(
        f"cannot be read as {path.suffix.lstrip('.').upper() or 'a table'}",
        where=str(path),
        remedy="write the file again; it is damaged or of another kind",
    )
