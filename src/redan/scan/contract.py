"""What a format's reader is: recognised by bytes, reads a region, yields detections, hands members to the router."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from redan.scan.records import Detection
from redan.scan.region import Region


class Budget(Protocol):
    """What one file may cost over all its members: bytes after decompression, members, depth, steps."""

    def spend(self, *, unpacked: int = 0, members: int = 0, steps: int = 0) -> None:
        """Counts, and raises `BudgetError` when a limit is passed."""


class Inside(Protocol):
    """Scans a member through the router; yields what was found in it, places included."""

    def __call__(self, place: str, region: Region, /, *, hint: str = "") -> Iterator[Detection]:
        """What is found in a member.

        Args:
            place: name of the member alone; the router puts the place of its archive before it.
            region: its bytes after decompression.
            hint: what the archive says of it: `opaque` for raw numbers that no loader interprets (only what is
                malicious under some reading counts), `torch` where pickles may hold references to storages,
                `torchscript` where names of `__torch__` are classes of the archive; else the empty string.
        """


class BudgetError(Exception):
    """An archive unpacks to too much, nests too deep, or a stream takes too many steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a reader gets besides the bytes.

    Args:
        place: the member's path inside nested archives, joined by `!`; the empty string for the file itself.
        name: base name of the file or member: a hint that never decides what is read, only what is expected.
        budget: shared by all members of a file.
        inside: scans a member through the router and yields what was found in it, places included.
        siblings: reads a regular file beside the scanned one by relative name, confined to its folder; None for
            members of archives and for names that are not there.
        hint: what the archive around this member says of it, as `Inside` has it.
    """

    place: str
    name: str
    budget: Budget
    inside: Inside
    siblings: Callable[[str], Region | None]
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One line of the shelf.

    Args:
        name: kebab-case, such as `safetensors`.
        recognise: whether a loader of this format would accept these bytes; looks at few of them.
        read: yields every detection; raises RegionError or BudgetError freely, the router makes them not-understood.
            A rule that starts with `unread-` says that bytes were not examined; it is listed in `Scanned.unread`.
        refines: name of the format that these bytes also are, such as `zip` for a Keras archive: the other reader
            walks the members, this one adds what it knows. Two formats that do not refine one another are a polyglot.
        fallback: read only when no other format is recognised, such as plain text.
    """

    name: str
    recognise: Callable[[Region, str], bool]
    read: Callable[[Region, Context], Iterable[Detection]]
    refines: str = ""
    fallback: bool = False
