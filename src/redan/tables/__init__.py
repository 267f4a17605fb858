"""One Table over every engine: the dozen aggregate primitives that all data measures are built from."""

from redan.tables.brought import table_of
from redan.tables.files import open_table
from redan.tables.table import Duplicates, Shared, Table

__all__ = ["Duplicates", "Shared", "Table", "open_table", "table_of"]
