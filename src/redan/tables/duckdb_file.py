"""DuckDB database files that hold one table."""

import shutil
from pathlib import Path

from redan.errors import InputError
from redan.tables.engine import connect, explained, named, quoted
from redan.tables.kept import Kept, Spool


def keep_duckdb(path: Path, spool: Spool) -> Kept:
    """Converts the one table of a database to Parquet.

    The database is copied first: attaching reads a write-ahead log that may lie beside it, and takes a lock.

    Raises:
        InputError: it is not a database, is damaged, or does not hold exactly one table.
    """
    import duckdb

    copy = spool.file.with_name("copy.duckdb")
    shutil.copyfile(path, copy)
    try:
        connection = connect(spool.file.parent)
        connection.execute(f"ATTACH {quoted(str(copy))} AS source (READ_ONLY)")
        found = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'source' AND NOT internal"
        ).fetchall()
        if len(found) != 1:
            raise InputError(
                f"holds {len(found)} tables", where=str(path), remedy="give a database with exactly one table"
            )
        table = ".".join(named(part) for part in ("source", *found[0]))
        target = quoted(str(spool.file))
        connection.execute(f"COPY (FROM {table}) TO {target} (FORMAT parquet, COMPRESSION snappy)")
        connection.close()
    except duckdb.Error as error:
        raise explained(error, path) from error
    finally:
        copy.unlink(missing_ok=True)
    return Kept(spool.file, spool)
