"""What one file may cost: bytes after decompression, members, nesting, steps of interpreters."""

from redan.scan.contract import BudgetError

_FREE_BYTES = 512 << 20  # a small file may unpack to this: sparse tables compress a thousandfold
_RATIO = 200  # beyond that, unpacked bytes per byte of the file
_MOST_BYTES = 16 << 30
MOST_MEMBERS = 200_000
MOST_STEPS = 60_000_000  # opcodes, records, fields: a few minutes at worst
DEEPEST = 12  # archives in archives


class Spent:
    """Counts what the members of one file cost together.

    Args:
        size: of the file, bytes; what may be unpacked grows with it.
    """

    __slots__ = ("_bytes_left", "_members_left", "_steps_left")

    def __init__(self, size: int) -> None:
        self._bytes_left = min(_FREE_BYTES + _RATIO * size, _MOST_BYTES)
        self._members_left = MOST_MEMBERS
        self._steps_left = MOST_STEPS

    def spend(self, *, unpacked: int = 0, members: int = 0, steps: int = 0) -> None:
        """Counts.

        Raises:
            BudgetError: a limit is passed.
        """
        self._bytes_left -= unpacked
        self._members_left -= members
        self._steps_left -= steps
        if self._bytes_left < 0:
            raise BudgetError("unpacks to more bytes than its size allows")
        if self._members_left < 0:
            raise BudgetError(f"holds more than {MOST_MEMBERS:,} members")
        if self._steps_left < 0:
            raise BudgetError(f"takes more than {MOST_STEPS:,} steps to read")
