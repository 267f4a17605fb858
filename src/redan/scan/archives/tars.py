"""Tar archives: every header of every dialect, links and devices named, never followed.

Source: POSIX.1-2017 pax, GNU tar manual "Basic Tar Format"; Lib/tarfile.py.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from redan.scan.archives.members import judged_link, judged_name
from redan.scan.contract import Context
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import Region, RegionError
from redan.scan.router import shortened

BLOCK = 512
_LONG_NAME_BYTES = 1 << 20
_NO_ROOM_BYTES = 8 << 30  # twelve octal digits less one
_REGULAR = b"0\0 7"
_TORCH = ("storages", "tensors", "pickle")
_PAX_LINE = re.compile(rb"(\d{1,10}) ([^=]*)=")


class Header(NamedTuple):
    """One header: what kind of member, where its content stands."""

    name: str
    kind: bytes
    link: str
    size: int


def _number(field: bytes) -> int:
    """Octal text, or a big-endian number when the first bit is set."""
    if field[:1] in {b"\x80", b"\xff"}:
        value = int.from_bytes(field[1:], "big")
        return value - (1 << (8 * (len(field) - 1))) if field[:1] == b"\xff" else value
    text = field.split(b"\0")[0].strip()
    return int(text or b"0", 8)


def _sums(block: bytes) -> tuple[int, int]:
    """The checksum over unsigned and over signed bytes; both have been in use."""
    filled = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(filled)
    return unsigned, unsigned - 256 * sum(byte > 127 for byte in filled)  # noqa: PLR2004 -- the sign bit


def header_of(block: bytes) -> Header | None:
    """The header in a block; None when its checksum is wrong."""
    if len(block) != BLOCK:
        return None
    try:
        if _number(block[148:156]) not in _sums(block):
            return None
        size = _number(block[124:136])
    except ValueError:
        return None
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:262] == b"ustar" and block[156:157] != b"L" else ""
    return Header(
        f"{prefix}/{name}" if prefix and block[263:265] == b"00" else name, block[156:157], _text(block[157:257]), size
    )


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace")


def is_tar(region: Region, _name: str) -> bool:
    """Whether the first block is a header with a right checksum."""
    block = region.upto(0, BLOCK)
    return block.strip(b"\0") != b"" and header_of(block) is not None


def is_torch_tar(region: Region, name: str) -> bool:
    """Whether a tar holds what torch wrote before 0.1.10."""
    if not is_tar(region, name):
        return False
    names, position = set(), 0
    for _ in range(16):
        header = header_of(region.upto(position, BLOCK))
        if header is None or header.size < 0:
            break
        names.add(header.name)
        position += BLOCK + -(-header.size // BLOCK) * BLOCK
    return "pickle" in names and "storages" in names


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Everything in the members, and what stands behind the end of the archive."""
    position = 0
    names: set[str] = set()
    torch = is_torch_tar(region, context.name)
    carried: dict[str, str] = {}
    lasting: dict[str, str] = {}
    while position < region.size:
        block = region.upto(position, BLOCK)
        if not block.strip(b"\0"):
            yield from _behind(region, context, position)
            return
        header = header_of(block)
        if header is None:
            yield _odd(
                context, "unread-trailing", f"{region.size - position:,} bytes are no member of the tar.", position
            )
            return
        context.budget.spend(members=1, steps=10)
        stated, said = header, {**lasting, **carried}
        header = _renamed(stated, said)
        if _two_sizes(stated, header, said):
            what = f"Two sizes are given for the member {shortened(header.name)!r}; readers differ in which they take."
            yield _odd(context, "tar-size", what, position)
        content, after = _content(region, position + BLOCK, header)
        if header.kind in {b"L", b"K", b"x", b"X", b"g"}:
            found = _extended(content, header.kind)
            if content.size > _LONG_NAME_BYTES:
                yield _odd(context, "unread-header", "A header of the tar is too long to be read whole.", position)
            (lasting if header.kind == b"g" else carried).update(found)
            if any(key.startswith("GNU.sparse") for key in found):
                yield _odd(
                    context, "unread-sparse", "The tar holds a sparse file, whose holes are not filled in.", position
                )
        else:
            carried = {}
            yield from _member(context, header, content, position, names, torch=torch)
        position = after
    yield _odd(context, "tar-no-end", "The tar has no end; readers differ in what they make of that.", position)


def _content(region: Region, start: int, header: Header) -> tuple[Region, int]:
    if header.size < 0:
        raise RegionError(f"the size of {shortened(header.name)!r} is negative")
    holds = header.kind not in {b"1", b"2", b"3", b"4", b"5", b"6"}
    size = header.size if holds else 0
    content = region.window(start, size)
    return content, start + -(-size // BLOCK) * BLOCK


def _renamed(header: Header, carried: dict[str, str]) -> Header:
    """A header with what the records before it say; they override its own fields."""
    if header.kind in {b"L", b"K", b"x", b"X", b"g"}:
        return header
    size = carried.get("size", "")
    return Header(
        carried.get("path", header.name),
        header.kind,
        carried.get("linkpath", header.link),
        int(size) if size.isdecimal() and len(size) < 20 else header.size,  # noqa: PLR2004 -- digits of 64 bits
    )


def _two_sizes(stated: Header, header: Header, said: Mapping[str, str]) -> bool:
    """Whether a record gives another size than the header, which has room for every size below 8 GiB."""
    if "size" not in said or header is stated:
        return False
    return str(header.size) != said["size"] or (stated.size != header.size and header.size < _NO_ROOM_BYTES)


def _extended(content: Region, kind: bytes) -> dict[str, str]:
    data = content.read(0, min(content.size, _LONG_NAME_BYTES))
    if kind == b"L":
        return {"path": _text(data)}
    if kind == b"K":
        return {"linkpath": _text(data)}
    found: dict[str, str] = {}
    position = 0
    while match := _PAX_LINE.match(data, position):
        length = int(match[1])
        if length <= match.end() - position:
            break
        found[match[2].decode("utf-8", "replace")] = data[match.end() : position + length - 1].decode(
            "utf-8", "replace"
        )
        position += length
    return found


def _member(
    context: Context, header: Header, content: Region, at: int, names: set[str], *, torch: bool
) -> Iterator[Detection]:
    yield from judged_name(header.name, context.place, at)
    if header.name.casefold() in names and header.kind != b"5":
        what = f"The name {shortened(header.name)!r} stands twice; the later member wins."
        yield _odd(context, "tar-duplicate-name", what, at, "CWE-694")
    names.add(header.name.casefold())
    if header.kind in {b"1", b"2"}:
        yield judged_link(header.name if header.kind == b"2" else "", header.link, context.place, at)
    elif header.kind in {b"3", b"4", b"6"}:
        yield _odd(
            context, "archive-device", f"The member {shortened(header.name)!r} is a device or a pipe.", at, "CWE-66"
        )
    elif header.kind == b"S":
        yield _odd(context, "unread-sparse", "The tar holds a sparse file, whose holes are not filled in.", at)
        yield from context.inside(header.name, content)
    elif header.kind != b"5":
        if header.kind not in _REGULAR:
            what = f"The member {shortened(header.name)!r} is of kind {header.kind!r}, which readers take for a file."
            yield _odd(context, "tar-unknown-kind", what, at)
        hint = f"torch-{header.name}" if torch and header.name in _TORCH else ""
        yield from context.inside(header.name, content, hint=hint)


def _behind(region: Region, context: Context, position: int) -> Iterator[Detection]:
    """An archive ends with zero blocks; readers that pass over them see what stands behind."""
    while position < region.size:
        block = region.upto(position, 1 << 20)
        rest = block.lstrip(b"\0")
        if rest:
            at = position + len(block) - len(rest)
            what = f"{region.size - at:,} bytes stand behind the end of the tar; readers that go on see them."
            yield _odd(context, "unread-trailing", what, at)
            at -= at % BLOCK
            yield from context.inside("behind the end", region.window(at, region.size - at))
            return
        position += len(block)


def _odd(context: Context, rule: str, what: str, offset: int, reference: str = "CWE-436") -> Detection:
    return Detection(
        rule=rule,
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what=what,
        member=context.place,
        offset=offset,
        reference=reference,
        remedy="Ask its maker to write it again with a standard tool, with plain files only.",
    )


def nothing_more(_region: Region, _context: Context) -> Iterator[Detection]:
    """The reader of tars has walked the members."""
    yield from ()
