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

    __slots__ = ("base", "buffer", "crossed", "dropping", "frame_end", "place", "region")

    def __init__(self, region: Region, position: int = 0, *, dropping: bool = False) -> None:
        self.dropping = dropping
        self.frame_end = NO_FRAME
        self.crossed = False
        self.region = region
        self.base = position
        self.buffer = b""
        self.place = 0

    @property
    def position(self) -> int:
        """Offset of the next byte in the region."""
        return self.base + self.place

    def seek(self, position: int) -> None:
        """Goes to an offset; reading there may fail."""
        inside = position - self.base
        if 0 <= inside <= len(self.buffer):
            self.place = inside
        else:
            self.base, self.buffer, self.place = position, b"", 0

    def byte(self) -> int:
        """The next byte; -1 at the end."""
        place = self.place
        if place >= len(self.buffer):
            self.refill()
            place = 0
            if not self.buffer:
                return -1
        self.place = place + 1
        return self.buffer[place]

    def take(self, length: int) -> bytes:
        """The next bytes.

        Raises:
            RegionError: there are not as many.
        """
        if self.base + self.place + length > self.frame_end:
            self._cross()
        end = self.place + length
        if end <= len(self.buffer):
            data = self.buffer[self.place : end]
            self.place = end
            return data
        data = self.region.read(self.position, length)
        self.seek(self.position + length)
        return data

    def peek(self, length: int) -> bytes:
        """At most `length` of the next bytes, which stay where they are."""
        head = self.buffer[self.place : self.place + length]
        return head if len(head) == length else self.region.upto(self.position, length)

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
            if self.place >= len(self.buffer):
                self.refill()
                if not self.buffer:
                    return b"".join(kept), False, whole
            end = self.buffer.find(b"\n", self.place)
            stop = len(self.buffer) if end < 0 else end
            piece = self.buffer[self.place : min(stop, self.place + room)]
            whole = whole and len(piece) == stop - self.place
            room -= len(piece)
            kept.append(piece)
            self.place = stop if end < 0 else end + 1
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
        place = self.buffer.find(b"\n", self.place)
        if place >= 0:
            if self.base + place >= self.frame_end:
                self._cross()
            return
        position = self.base + len(self.buffer)
        while position < self.frame_end:
            block = self.region.upto(position, min(_BUFFER_BYTES, self.frame_end - position))
            if not block or b"\n" in block:
                return
            position += len(block)
        self._cross()

    def refill(self) -> None:
        """Reads on when the buffer is used up; it is empty at the end of the region."""
        self.base = self.position
        self.buffer = self.region.upto(self.base, _BUFFER_BYTES) if self.base < self.region.size else b""
        self.place = 0
