"""Personal data in columns, by content: shapes, number registers, check digits, and what chance alone would do."""

from redan.measures.personal.kinds import Kind, Span, Verification
from redan.measures.personal.scan import ColumnScan, Found, scan_table, scan_values
from redan.measures.personal.spans import find

__all__ = ["ColumnScan", "Found", "Kind", "Span", "Verification", "find", "scan_table", "scan_values"]
