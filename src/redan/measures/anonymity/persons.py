"""Who the rows are about, and which columns outsiders may know although nobody said so."""

from collections.abc import Sequence

from redan.measures.personal import scan_table
from redan.measures.personal.kinds import Kind
from redan.tables import Table

_KNOWN_OUTSIDE = frozenset({Kind.BIRTH, Kind.ADDRESS, Kind.LOCATION})


def person_column(table: Table, candidates: Sequence[str]) -> str | None:
    """The column that tells persons apart: of those that identify, the one with the fewest values.

    Where one person has several rows, rows that are alike are no crowd. A column with one value tells nobody apart,
    and one with a value per row says that each row is a person.

    Args:
        table: the data.
        candidates: identifiers and pseudonyms; names that are no column are passed over.

    Returns:
        None when each row counts as a person.
    """
    names = [name for name in candidates if name in table.columns]
    if not names:
        return None
    counts = table.select(names).distinct_counts()
    fewest = min((name for name in names if counts[name] > 1), key=lambda name: counts[name], default=None)
    return None if fewest is None or counts[fewest] >= table.rows else fewest


def known_outside(table: Table, declared: Sequence[str], *, seed: int = 0) -> dict[str, str]:
    """Columns that hold birth dates, addresses or places by their content, and are not declared in any way.

    Args:
        table: the data.
        declared: columns that the description says something personal about.
        seed: of the sample of values that is looked at.

    Returns:
        The kind in words, by column.
    """
    others = [name for name in table.columns if name not in declared]
    if not others:
        return {}
    scans = scan_table(table.select(others), seed=seed)
    return {
        scan.column: str(scan.found.kind)
        for scan in scans
        if scan.found is not None and scan.found.kind in _KNOWN_OUTSIDE and not scan.found.in_text
    }
