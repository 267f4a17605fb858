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
    """

    place: str
    name: str
    budget: Budget
    inside: Callable[[str, Region], Iterator[Detection]]
    siblings: Callable[[str], Region | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One line of the shelf.

    Args:
        name: kebab-case, such as `safetensors`.
        recognise: whether a loader of this format would accept these bytes; looks at few of them.
        read: yields every detection; raises RegionError or BudgetError freely, the router makes them not-understood.
    """

    name: str
    recognise: Callable[[Region, str], bool]
    read: Callable[[Region, Context], Iterable[Detection]]
