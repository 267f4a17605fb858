"""A place in a region that moves forward: little numbers are read from a block that is held, never past the end."""

import struct

from redan.scan.region import Region

_BLOCK = 1 << 20


class Cursor:
    """Reads forward through a region.

    Args:
        region: the bytes.
        at: where to begin.
    """

    __slots__ = ("_block", "_start", "at", "region")

    def __init__(self, region: Region, at: int = 0) -> None:
        self.region = region
        self.at = at
        self._block = b""
        self._start = 0

    @property
    def left(self) -> int:
        """Bytes from here to the end."""
        return self.region.size - self.at

    def take(self, count: int) -> bytes:
        """The next `count` bytes.

        Raises:
            RegionError: they are not there, or are more than a reader holds.
        """
        place = self.at - self._start
        if not 0 <= place <= len(self._block) - count:
            if count > _BLOCK // 4:
                data = self.region.read(self.at, count)
                self.at += count
                return data
            self._block, self._start, place = self.region.upto(self.at, _BLOCK), self.at, 0
            if len(self._block) < count:
                self.region.read(self.at, count)  # says what is missing
        self.at += count
        return self._block[place : place + count]

    def skip(self, count: int) -> None:
        """Moves on.

        Raises:
            RegionError: past the end.
        """
        if count > self.region.size - self.at:
            self.region.window(self.at, count)  # says what is missing
        self.at += count

    def number(self, size: int) -> int:
        """The next unsigned number of `size` bytes, little-endian."""
        return int.from_bytes(self.take(size), "little")

    def unpack(self, form: str) -> tuple[int, ...]:
        """The next numbers, as `struct` spells them."""
        return struct.unpack(form, self.take(struct.calcsize(form)))
