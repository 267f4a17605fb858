"""Opens a dataset file as a Table: CSV, TSV, Parquet, Arrow, JSON lines, DuckDB."""

from pathlib import Path

from redan.tables.table import Table


def open_table(path: Path) -> Table:
    """A table over a file.

    Args:
        path: `.csv`, `.tsv`, `.parquet`, `.arrow`, `.feather`, `.jsonl`, `.ndjson` or `.duckdb`.

    Raises:
        InputError: the file is empty, damaged, ragged, not UTF-8, or has no or doubled columns.
    """
    import narwhals.stable.v2 as nw

    from redan.tables.engine import connect, quoted

    connection = connect(path)
    if path.suffix == ".parquet":
        relation = connection.sql(f"SELECT * FROM read_parquet({quoted(str(path))})")
    else:
        relation = connection.sql(f"SELECT * FROM read_csv({quoted(str(path))}, sample_size=-1)")
    return Table(nw.from_native(relation), (connection,), str(path))
