"""One Table over every engine: the dozen aggregate primitives that all data measures are built from."""

from redan.tables.aggregates import Covariance, GroupMoments, Moments
from redan.tables.brought import table_of
from redan.tables.files import open_table
from redan.tables.joins import Shared
from redan.tables.kinds import Kind
from redan.tables.table import Duplicates, Table

__all__ = ["Covariance", "Duplicates", "GroupMoments", "Kind", "Moments", "Shared", "Table", "open_table", "table_of"]
