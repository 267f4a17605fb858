"""Names of columns that every engine and every report can tell apart."""

from collections.abc import Sequence

from redan.errors import InputError, steering

COLUMNS = 10_000


def check_names(columns: Sequence[object], place: str | None) -> None:
    """Refuses names that an engine would change, drop or confuse; some engines do not tell `a` from `A`.

    Args:
        columns: names in order.
        place: the file, for messages.

    Raises:
        InputError: there is no column or more than ten thousand, or a name is no text, empty, doubled, or hides what
            stands in it.
    """
    if not columns:
        raise InputError("has no columns", where=place, remedy="give a table with at least one column")
    if len(columns) > COLUMNS:
        raise InputError(f"has {len(columns):,} columns", where=place, remedy=f"give at most {COLUMNS:,} columns")
    seen: dict[str, str] = {}
    for column in columns:
        if not isinstance(column, str) or not column.strip():
            raise InputError("a column has no name", where=place, remedy="give every column a name of its own")
        if (other := seen.get(column.casefold())) is not None:
            twice = f"column {column!r} occurs twice"
            what = twice if other == column else f"columns {other!r} and {column!r} differ in case only"
            raise InputError(what, where=place, remedy="give every column a name of its own")
        if (mark := steering(column)) is not None:
            what = f"the name of a column holds the control character {mark}"
            raise InputError(what, where=place, remedy="give every column a name that a report can show")
        seen[column.casefold()] = column
