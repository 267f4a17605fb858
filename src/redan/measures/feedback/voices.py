"""Who gives feedback: how much each one gives, what nobody signs for, and what nobody else looked at."""

from dataclasses import dataclass
from typing import NamedTuple

from redan.canon import digest
from redan.tables import Table
from redan.tables.table import Value

MOST_SHOWN = 12
# Words that stand where a name is missing.
_NOBODY = frozenset(
    {"", "-", "?", "anonymous", "anon", "guest", "n/a", "na", "nan", "nobody", "none", "null", "unknown", "user"}
)


class Voice(NamedTuple):
    """One contributor.

    Args:
        name: a short digest, the same whenever the same name is given.
        entries: how many it gave.
    """

    name: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What is known about the authors of some feedback.

    Args:
        entries: rows.
        contributors: different names; capitals and blanks around a name make no other name.
        unnamed: entries without an author.
        loudest: who gave most, most first, twelve at most.
        over: contributors who gave more than the cap; 0 without one.
        beyond: entries above the cap, of all of them together.
        unreviewed: entries without a reviewer; None when no column says.
        own: entries that their own author reviewed; None when no column says.
    """

    entries: int
    contributors: int
    unnamed: int
    loudest: tuple[Voice, ...]
    over: int
    beyond: int
    unreviewed: int | None
    own: int | None

    @property
    def most(self) -> int:
        """Entries of the most active contributor."""
        return self.loudest[0].entries if self.loudest else 0


def voices(table: Table, contributor: str, *, cap: int | None = None, reviewer: str | None = None) -> Voices:
    """Counts feedback by author, and what was reviewed by somebody else.

    Args:
        table: one entry per row.
        contributor: column of the author.
        cap: most entries of one author that may be used.
        reviewer: column of who reviewed an entry.

    Raises:
        InputError: there is no such column, or there are more than a million authors.
    """
    columns = [contributor] if reviewer is None else [contributor, reviewer]
    by_name: dict[str, int] = {}
    unnamed = unreviewed = own = 0
    for cells, rows in table.group_counts(columns):
        name = named(cells[0])
        if name is None:
            unnamed += rows
        else:
            by_name[name] = by_name.get(name, 0) + rows
        if reviewer is not None:
            checked = named(cells[1])
            unreviewed += rows if checked is None else 0
            own += rows if checked is not None and checked == name else 0
    ranked = sorted(by_name.items(), key=lambda pair: (-pair[1], digest(pair[0].encode())))
    over = [rows - cap for _, rows in ranked if rows > cap] if cap is not None else []
    return Voices(
        entries=sum(by_name.values()) + unnamed,
        contributors=len(by_name),
        unnamed=unnamed,
        loudest=tuple(Voice(digest(name.encode())[:8], rows) for name, rows in ranked[:MOST_SHOWN]),
        over=len(over),
        beyond=sum(over),
        unreviewed=None if reviewer is None else unreviewed,
        own=None if reviewer is None else own,
    )


def named(value: Value) -> str | None:
    """A person's name or number without the differences that make one person look like two; None when it is nobody."""
    text = "" if value is None else " ".join(str(value).split()).casefold()
    return None if text in _NOBODY else text
