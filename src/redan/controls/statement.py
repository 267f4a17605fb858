"""Statements of a description: which ones say something, and where they stand."""

import re

from redan.artifacts.history import Event
from redan.findings import Location
from redan.system.system import System

# Words that people put where an answer is missing; such a field is not stated.
_NON_ANSWERS = frozenset(
    {
        "",
        "?",
        "-",
        "n a",
        "na",
        "nil",
        "no idea",
        "nobody",
        "no one",
        "none",
        "not available",
        "not known",
        "not stated",
        "null",
        "other team",
        "someone",
        "somebody",
        "someone else",
        "tba",
        "tbc",
        "tbd",
        "the other team",
        "to be announced",
        "to be confirmed",
        "to be decided",
        "to be defined",
        "to be determined",
        "to do",
        "unclear",
        "undefined",
        "unknown",
        "unspecified",
        "xxx",
    }
)
_NON_ANSWER_STARTS = ("todo", "fixme", "guess:", "tbd:", "tbd ", "???")


def is_stated(text: str | None) -> bool:
    """Whether a field says something; 'unknown', 'n/a', 'TBD', 'TODO ...' and the like do not.

    Args:
        text: the field's value; None when it is left out.
    """
    if text is None:
        return False
    plain = " ".join(text.split()).casefold()
    words = " ".join(re.sub(r"[^\w\s]", " ", plain).split())
    return bool(words) and words not in _NON_ANSWERS and not plain.startswith(_NON_ANSWER_STARTS)


def place(system: System, element: str, key: str | None = None) -> Location:
    """The line that declares an element or one of its keys.

    Args:
        system: the description.
        element: element id, `system`, or `controls:ID`; the `[system]` table's line when it is not in the file.
        key: a key of that table.
    """
    line = system.line(element, key)
    return Location(file=system.origin.file, line=line if line > 1 else system.line("system"))


def moment(event: Event) -> str:
    """When the ledger says that something happened, to the minute: order within a day is what a reader asks for."""
    return f"{event.at:%Y-%m-%d %H:%M} UTC"
