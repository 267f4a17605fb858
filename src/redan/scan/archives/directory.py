"""The structure of a zip file: ends, directories and local headers, each read on its own.

Source: PKWARE APPNOTE 6.3.10; Lib/zipfile.py; miniz as PyTorch uses it. Readers differ in which of several ends they
take, whether they trust the directory or the local headers, and whether they shift offsets by what stands before.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from redan.scan.contract import Budget
from redan.scan.region import Region

END = b"PK\x05\x06"
CENTRAL = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"
DESCRIPTOR = b"PK\x07\x08"
_END_BYTES = 22
_LOCATOR_BYTES = 20
_TAIL_BYTES = _END_BYTES + 0xFFFF
_MOST_ENDS = 16
_MOST_FOUND = 10_000
_FULL = 0xFFFFFFFF
_FULL_SHORT = 0xFFFF
_UTF8 = 0x800
_CENTRAL_FORM = struct.Struct("<4s6H3I5H2I")
_LOCAL_FORM = struct.Struct("<4s5H3I2H")


class End(NamedTuple):
    """An end of central directory: where it stands, and the directory that it names."""

    at: int
    entries: int
    size: int
    offset: int
    comment: int
    stop: int


class Entry(NamedTuple):
    """A member as one header describes it; `at` is the header's own offset, `local` that of the local header."""

    at: int
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    local: int
    mode: int
    stop: int
    data: int

    @property
    def text(self) -> str:
        """The name as readers decode it."""
        return self.name.decode("utf-8" if self.flags & _UTF8 else "cp437", "replace")


def ends_of(region: Region) -> list[End]:
    """The end records that readers take: the last one, and others whose comment ends with the file."""
    start = max(0, region.size - _TAIL_BYTES)
    tail = region.upto(start, _TAIL_BYTES)
    found: list[End] = []
    place = tail.rfind(END)
    while place >= 0 and len(found) < _MOST_ENDS:
        if place + _END_BYTES <= len(tail):
            end = _end(region, tail[place : place + _END_BYTES], start + place)
            if not found or end.at + _END_BYTES + end.comment == region.size:
                found.append(end)
        place = tail.rfind(END, 0, place)
    return found


def _end(region: Region, record: bytes, at: int) -> End:
    _, _, _, _, entries, size, offset, comment = struct.unpack("<4s4H2IH", record)
    stop = min(at + _END_BYTES + comment, region.size)
    return End(at, entries, size, offset, comment, stop)


def end64_of(region: Region, end: End) -> End | None:
    """The 64-bit twin that stands before an end, if there is one."""
    locator = region.upto(max(0, end.at - _LOCATOR_BYTES), _LOCATOR_BYTES)
    if end.at < _LOCATOR_BYTES or locator[:4] != LOCATOR64:
        return None
    stated = int.from_bytes(locator[8:16], "little")
    for at in (end.at - _LOCATOR_BYTES - 56, stated):
        record = region.upto(at, 56) if 0 <= at < region.size else b""
        if record[:4] == END64 and len(record) == 56:  # noqa: PLR2004 -- the record's fixed part, as read
            entries, size, offset = struct.unpack("<3Q", record[32:56])
            return End(at, entries, size, offset, 0, end.stop)
    return None


def central_entries(region: Region, start: int, budget: Budget) -> Iterator[Entry]:
    """The entries of a directory, for as long as there is a signature."""
    while 0 <= start <= region.size - _CENTRAL_FORM.size:
        fields = _CENTRAL_FORM.unpack(region.read(start, _CENTRAL_FORM.size))
        if fields[0] != CENTRAL:
            return
        budget.spend(members=1, steps=10)
        flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
        names, extras, comments, attributes, local = fields[10], fields[11], fields[12], fields[15], fields[16]
        variable = region.upto(start + _CENTRAL_FORM.size, names + extras)
        stop = start + _CENTRAL_FORM.size + names + extras + comments
        wide = _wide(variable[names:], (size, packed, local))
        yield Entry(start, variable[:names], flags, method, crc, wide[1], wide[0], wide[2], attributes >> 16, stop, -1)
        start = stop


def local_entry(region: Region, at: int) -> Entry | None:
    """The local header at an offset; None when there is none."""
    head = region.upto(at, _LOCAL_FORM.size) if 0 <= at < region.size else b""
    if len(head) != _LOCAL_FORM.size or head[:4] != LOCAL:
        return None
    _, _, flags, method, _, _, crc, packed, size, names, extras = _LOCAL_FORM.unpack(head)
    variable = region.upto(at + _LOCAL_FORM.size, names + extras)
    wide = _wide(variable[names:], (size, packed, 0))
    data = at + _LOCAL_FORM.size + names + extras
    return Entry(at, variable[:names], flags, method, crc, wide[1], wide[0], at, 0, data, data)


def _wide(extras: bytes, values: tuple[int, int, int]) -> list[int]:
    """Sizes and offset with their 64-bit values where the 32-bit ones are full."""
    wide = list(values)
    place = 0
    while place + 4 <= len(extras):
        kind, length = struct.unpack_from("<2H", extras, place)
        body = extras[place + 4 : place + 4 + length]
        if kind == 1:
            taken = 0
            for index, value in enumerate(values):
                if value == _FULL and taken + 8 <= len(body):
                    wide[index] = int.from_bytes(body[taken : taken + 8], "little")
                    taken += 8
        place += 4 + length
    return wide


def locals_in(region: Region, start: int, stop: int) -> Iterator[int]:
    """Offsets of local headers in a stretch that no directory names."""
    position, found = start, 0
    while position < stop and found < _MOST_FOUND:
        block = region.upto(position, min(1 << 20, stop - position))
        if not block:
            return
        place = block.find(LOCAL)
        while place >= 0 and found < _MOST_FOUND:
            yield position + place
            found += 1
            place = block.find(LOCAL, place + 1)
        position += len(block) - 3 if len(block) > 3 and position + len(block) < stop else len(block)  # noqa: PLR2004


def is_zip(region: Region, _name: str) -> bool:
    """Whether it begins with a member, or ends with a directory as Python's zipfile finds it."""
    if region.upto(0, 4) in {LOCAL, END}:
        return True
    return any(_names_directory(region, end) for end in ends_of(region))


def _names_directory(region: Region, end: End) -> bool:
    """Whether an end record stands behind a directory, or states that there is none."""
    twin = end64_of(region, end)
    starts = {end.at - end.size, end.offset} | ({twin.at - twin.size, twin.offset} if twin else set())
    if any(0 <= start < region.size and region.upto(start, 4) == CENTRAL for start in starts):
        return True
    return end.entries == 0 and end.size == 0 and end.offset <= end.at and end.stop == region.size
