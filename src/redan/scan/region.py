"""Bytes that a reader may look at: a window of an open file or of memory, read by position, never mapped.

A file that shrinks while it is mapped kills the process that reads it; `pread` only returns less.
"""

import os
from dataclasses import dataclass


class RegionError(Exception):
    """The bytes ended before what the format promises, or a read asked for more than a reader may hold."""


READ_LIMIT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Region:
    """A window of bytes.

    Args:
        source: an open descriptor, or bytes in memory.
        start: of the window in the source.
        size: of the window, bytes.
    """

    source: int | bytes
    start: int
    size: int

    @classmethod
    def of(cls, data: bytes) -> "Region":
        """The whole of some bytes."""
        return cls(data, 0, len(data))

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset` of the window.

        Raises:
            RegionError: they leave the window, are more than `READ_LIMIT_BYTES`, or the file has become shorter.
        """
        if length > READ_LIMIT_BYTES:
            raise RegionError(f"{length:,} bytes at {offset:,} are more than a reader holds at once")
        data = self.upto(offset, length)
        if len(data) != length:
            raise RegionError(f"{length:,} bytes at {offset:,} leave the {self.size:,} that are there")
        return data

    def upto(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; fewer at the end of the window, none behind it."""
        if offset < 0 or length < 0:
            raise RegionError(f"{length:,} bytes at {offset:,} do not exist")
        length = max(0, min(length, self.size - offset, READ_LIMIT_BYTES))
        if isinstance(self.source, bytes):
            return self.source[self.start + offset : self.start + offset + length]
        return os.pread(self.source, length, self.start + offset)

    def window(self, offset: int, size: int) -> "Region":
        """A part of the window.

        Raises:
            RegionError: it leaves the window.
        """
        if offset < 0 or size < 0 or offset + size > self.size:
            raise RegionError(f"{size:,} bytes at {offset:,} leave the {self.size:,} that are there")
        return Region(self.source, self.start + offset, size)
