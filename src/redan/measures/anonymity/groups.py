"""Groups of persons whose quasi-identifiers are equal, and the size of the smallest: k-anonymity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import narwhals.stable.v2 as nw

from redan.errors import InputError
from redan.measures.anonymity.wildcards import persons_by_matches
from redan.tables import Table, table_of

if TYPE_CHECKING:
    from redan.tables.table import Value

Missing: TypeAlias = Literal["value", "any"]
MARKS = ("", "*")  # what anonymisers write where they took a value out
LISTED = 50_000  # groups that are compared one with another where a missing value may be anything


@dataclass(frozen=True, slots=True, kw_only=True)
class KAnonymity:
    """How many share what an outsider may know of a person.

    Args:
        k: persons in the smallest group; None when no row is left to judge.
        persons: in all groups together; one who stands in two groups counts in both.
        groups: combinations of quasi-identifiers that occur.
        rows: of the whole table, suppressed ones included.
        suppressed: rows in which every quasi-identifier is missing or marked as taken out; they are in no group.
        incomplete: rows in which some, but not all, quasi-identifiers are missing.
        missing: what a missing value counts as: a value of its own, or any value.
        sizes: (persons in the group, persons in all groups of this size), smallest first.
    """

    k: int | None
    persons: int
    groups: int
    rows: int
    suppressed: int
    incomplete: int
    missing: Missing
    sizes: tuple[tuple[int, int], ...]

    def below(self, k: int) -> int:
        """Persons in groups of fewer than `k`."""
        return sum(persons for size, persons in self.sizes if size < k)


def k_anonymity(
    data: Any,  # noqa: ANN401 -- whatever `table_of` understands
    quasi_identifiers: Sequence[str],
    *,
    person: str | None = None,
    missing: Missing = "value",
) -> KAnonymity:
    """The size of the smallest group of persons who share their quasi-identifiers.

    Source: Samarati, Protecting Respondents' Identities in Microdata Release, IEEE TKDE 13(6), 2001. The literature
    leaves missing values open; counted as a value of its own, which is the default, they never make a group larger
    than an attacker sees it.

    Args:
        data: a table, or a frame of any kind that `redan.tables.table_of` takes.
        quasi_identifiers: columns that an outsider may know.
        person: column that tells persons apart where one person has several rows; None when each row is a person.
            Rows in which it is missing count as one person per group.
        missing: whether a missing value is a value of its own, or matches every value.

    Returns:
        `k` is None when all rows are suppressed or there are none.

    Raises:
        InputError: there is no such column or no quasi-identifier, or missing values are to match any value and
            there are more than 50,000 groups.
    """
    table = table_of(data)
    judged = standing(table, quasi_identifiers)
    grouped = persons_of(judged, quasi_identifiers, person)
    sizes = (
        {size: size * groups for size, groups in grouped.group_sizes(list(quasi_identifiers)).items()}
        if missing == "value"
        else persons_by_matches(_blanked(grouped.group_counts(list(quasi_identifiers), LISTED)))
    )
    ordered = tuple(sorted(sizes.items()))
    kept = judged.rows
    return KAnonymity(
        k=ordered[0][0] if ordered else None,
        persons=sum(persons for _, persons in ordered),
        groups=sum(grouped.group_sizes(list(quasi_identifiers)).values()),
        rows=table.rows,
        suppressed=table.rows - kept,
        incomplete=kept - _rows(judged.frame.filter(*(~taken_out(judged, c) for c in quasi_identifiers))),
        missing=missing,
        sizes=ordered,
    )


def standing(table: Table, quasi_identifiers: Sequence[str]) -> Table:
    """The rows that tell something: those in which not every quasi-identifier is missing or taken out.

    Raises:
        InputError: there is no such column, or no column at all.
    """
    if not quasi_identifiers:
        raise InputError("no quasi-identifier is named", where=table.place, remedy="name the columns outsiders know")
    if len(set(quasi_identifiers)) < len(quasi_identifiers):
        raise InputError("a quasi-identifier is named twice", where=table.place, remedy="name each column once")
    table.select(quasi_identifiers)
    gone = nw.all_horizontal(*(taken_out(table, c) for c in quasi_identifiers), ignore_nulls=False)
    return Table(table.frame.filter(~gone), table.keeps, table.place)


def persons_of(table: Table, quasi_identifiers: Sequence[str], person: str | None) -> Table:
    """One row per person and combination of quasi-identifiers; the rows themselves when each is a person."""
    if person is None:
        return table.select(quasi_identifiers)
    if person in quasi_identifiers:
        raise InputError(
            f"column {person!r} tells persons apart and is a quasi-identifier, too",
            where=table.place,
            remedy="leave it out of one of them",
        )
    return Table(table.select([*quasi_identifiers, person]).frame.unique(), table.keeps, table.place)


def taken_out(table: Table, column: str) -> nw.Expr:
    """Whether a value is missing: null, NaN, an empty text or the mark of an anonymiser."""
    kind, value = table.dtype(column), nw.col(column)
    if kind == "float":
        return value.is_null() | (~value.is_null() & value.is_nan())
    if kind != "string":
        return value.is_null()
    plain = value.cast(nw.String).str.strip_chars()
    marked = plain == MARKS[0]
    for mark in MARKS[1:]:
        marked |= plain == mark
    return value.is_null() | (~value.is_null() & marked)


def _blanked(counted: "list[tuple[tuple[Value, ...], int]]") -> "list[tuple[tuple[Value, ...], int]]":
    """Groups with None for every value that was taken out."""
    return [(tuple(None if isinstance(v, str) and v.strip() in MARKS else v for v in group), n) for group, n in counted]


def _rows(frame: nw.LazyFrame[Any]) -> int:
    return int(frame.select(n=nw.len()).collect("pyarrow").item())
