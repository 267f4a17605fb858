"""A position in a region, with a buffer under it: opcodes are one byte each."""

from redan.scan.region import Region, RegionError

_BUFFER_BYTES = 1 << 18
NO_FRAME = 1 << 63
LINE_KEPT_BYTES = 1 << 16  # of a longer line the rest is passed over


class Cursor:
    """Reads forward through a region.

    Where an argument crosses the end of a frame, `pickle.loads` reads on, the Python unpickler gives up, and the C
    unpickler of a file without `peek` drops what is left of the frame and reads the whole argument behind it.

    Args:
        region: the bytes.
        position: where to start.
        dropping: read across the end of a frame as the last of these does.
    """

    __slots__ = ("_base", "_buffer", "_place", "crossed", "dropping", "frame_end", "region")

    def __init__(self, region: Region, position: int = 0, *, dropping: bool = False) -> None:
        self.dropping = dropping
        self.frame_end = NO_FRAME
        self.crossed = False
        self.region = region
        self._base = position
        self._buffer = b""
        self._place = 0

    @property
    def position(self) -> int:
        """Offset of the next byte in the region."""
        return self._base + self._place

    def seek(self, position: int) -> None:
        """Goes to an offset; reading there may fail."""
        inside = position - self._base
        if 0 <= inside <= len(self._buffer):
            self._place = inside
        else:
            self._base, self._buffer, self._place = position, b"", 0

    def byte(self) -> int:
        """The next byte; -1 at the end."""
        place = self._place
        if place >= len(self._buffer):
            self._refill()
            place = 0
            if not self._buffer:
                return -1
        self._place = place + 1
        return self._buffer[place]

    def take(self, length: int) -> bytes:
        """The next bytes.

        Raises:
            RegionError: there are not as many.
        """
        if self.position + length > self.frame_end:
            self._cross()
        end = self._place + length
        if end <= len(self._buffer):
            data = self._buffer[self._place : end]
            self._place = end
            return data
        data = self.region.read(self.position, length)
        self.seek(self.position + length)
        return data

    def skip(self, length: int) -> None:
        """Passes over bytes.

        Raises:
            RegionError: there are not as many.
        """
        if self.position + length > self.frame_end:
            self._cross()
        if length > self.region.size - self.position:
            raise RegionError(f"{length:,} bytes at {self.position:,} leave the {self.region.size:,} that are there")
        self.seek(self.position + length)

    def line(self) -> tuple[bytes, bool, bool]:
        """The bytes up to a line feed, which is passed over; whether one ended them, and whether they are all."""
        if self.frame_end < NO_FRAME:
            self._cross_line()
        kept: list[bytes] = []
        room, whole = LINE_KEPT_BYTES, True
        while True:
            if self._place >= len(self._buffer):
                self._refill()
                if not self._buffer:
                    return b"".join(kept), False, whole
            end = self._buffer.find(b"\n", self._place)
            stop = len(self._buffer) if end < 0 else end
            piece = self._buffer[self._place : min(stop, self._place + room)]
            whole = whole and len(piece) == stop - self._place
            room -= len(piece)
            kept.append(piece)
            self._place = stop if end < 0 else end + 1
            if end >= 0:
                return b"".join(kept), True, whole

    def _cross(self) -> None:
        """Notes that an argument crosses the end of the frame that it starts in."""
        if self.position >= self.frame_end:
            return
        self.crossed = True
        if self.dropping:
            self.seek(self.frame_end)
            self.frame_end = NO_FRAME

    def _cross_line(self) -> None:
        """The same for a line: whether a line feed stands before the end of the frame."""
        position = self.position
        while position < self.frame_end:
            block = self.region.upto(position, min(_BUFFER_BYTES, self.frame_end - position))
            if not block or b"\n" in block:
                return
            position += len(block)
        self._cross()

    def _refill(self) -> None:
        self._base = self.position
        self._buffer = self.region.upto(self._base, _BUFFER_BYTES) if self._base < self.region.size else b""
        self._place = 0
