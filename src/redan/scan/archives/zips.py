"""Zip files: every member that some reader would see, read as each of them would."""

import stat
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from redan.scan.archives.directory import (
    CENTRAL,
    DESCRIPTOR,
    End,
    Entry,
    central_entries,
    end64_of,
    ends_of,
    is_zip,
    local_entry,
    locals_in,
)
from redan.scan.archives.kinds import Kind, kind_of
from redan.scan.archives.members import judged_link, judged_name
from redan.scan.archives.spool import spooled
from redan.scan.archives.unpack import Unpacker
from redan.scan.budget import Spent
from redan.scan.contract import Context, Format
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import Region
from redan.scan.router import shortened

_METHODS = {8: "deflate", 12: "bzip2"}
_STORED = 0
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PATCHED = 0x20
_SIZES_BEHIND = 0x8
_WIDEST_GAP = 64  # padding that aligners leave between members
_REMEDY = "Ask its maker to write it again with a standard tool."


class Directory(NamedTuple):
    """A directory under one reading: where it starts, what offsets are shifted by, and its end record."""

    start: int
    shift: int
    end: End


class Extent(NamedTuple):
    """Bytes that the structure accounts for."""

    start: int
    stop: int


def directories(region: Region) -> list[Directory]:
    """Every directory that some reader would take, the most usual one first."""
    found: dict[tuple[int, int], Directory] = {}
    for end in ends_of(region):
        for record in (end64_of(region, end), end):
            if record is None:
                continue
            before = record.at - record.size
            for start in (before, record.offset):
                shift = start - record.offset
                if 0 <= start < region.size and region.upto(start, 4) == CENTRAL:
                    found.setdefault((start, shift), Directory(start, shift, record))
    return list(found.values())


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Everything in the members, and every way in which readers of zip files would disagree about them."""
    found = directories(region)
    extents: list[Extent] = []
    pairs: dict[int, tuple[Entry, Entry | None]] = {}
    yield from _judged_ends(region, context, found)
    for directory in found:
        entries = list(central_entries(region, directory.start, context.budget))
        yield from _judged_directory(directory, entries, context)
        stop = entries[-1].stop if entries else directory.start
        extents.append(Extent(directory.start, stop))
        for entry in entries:
            at = entry.local + directory.shift
            pairs.setdefault(at, (entry, local_entry(region, at)))
    extents += _ends(region)
    kind = kind_of([entry.text for entry, _ in pairs.values()])
    for entry, local in pairs.values():
        extent = yield from _member(region, context, entry, local, kind)
        extents += [] if extent is None else [extent]
    yield from _hidden(region, context, extents, kind)


def _ends(region: Region) -> Iterator[Extent]:
    """The end records, and their 64-bit twins with the locators behind them."""
    for end in ends_of(region):
        twin = end64_of(region, end)
        yield Extent(end.at if twin is None else min(twin.at, end.at), end.stop)


def _judged_ends(region: Region, context: Context, found: list[Directory]) -> Iterator[Detection]:
    if not found and not any(end.entries == 0 and end.stop == region.size for end in ends_of(region)):
        yield _odd(context, "zip-no-directory", "The zip file has no directory; readers that need none see members.", 0)
    if len({directory.start for directory in found}) > 1:
        what = "The zip file has several directories; which members it has depends on the reader."
        yield _odd(context, "zip-two-directories", what, found[-1].start)
    elif any(directory.shift for directory in found):
        what = "Offsets of the zip file are shifted; readers differ in where its members begin."
        yield _odd(context, "zip-shifted", what, found[0].start)


def _judged_directory(directory: Directory, entries: list[Entry], context: Context) -> Iterator[Detection]:
    stated, size = directory.end.entries, (entries[-1].stop if entries else directory.start) - directory.start
    if stated != len(entries) or directory.end.size != size:
        what = f"The zip file states {stated:,} members and has {len(entries):,}, or is not as long as it states."
        yield _odd(context, "zip-directory-size", what, directory.start, "CWE-436")
    names: set[str] = set()
    for entry in entries:
        folded = entry.text.casefold()
        if folded in names:
            what = f"The name {shortened(entry.text)!r} stands twice; readers differ in which member they take."
            yield _odd(context, "zip-duplicate-name", what, entry.at, "CWE-694")
        names.add(folded)


def _member(
    region: Region, context: Context, entry: Entry, local: Entry | None, kind: Kind
) -> Generator[Detection, None, Extent | None]:
    """Reads one member under every reading; gives back the bytes that it takes."""
    yield from judged_name(entry.text, context.place, entry.at)
    if local is None:
        what = f"The member {shortened(entry.text)!r} has no local header where the directory says."
        yield _odd(context, "zip-no-local-header", what, entry.at)
        return None
    readings = _readings(entry, local)
    yield from _compared(context, entry, local)
    stop = local.data
    for reading in readings:
        consumed = yield from _content(region, context, reading._replace(data=local.data), kind)
        stop = max(stop, local.data + consumed)
    return Extent(local.at, _behind_descriptor(region, readings[0], stop))


def _readings(entry: Entry, local: Entry) -> list[Entry]:
    """The member as the directory describes it, and as the local header does where that is another stretch."""
    stated_behind = local.flags & _SIZES_BEHIND and local.packed == 0
    as_local = local._replace(mode=entry.mode, crc=entry.crc if stated_behind else local.crc)
    if stated_behind:
        as_local = as_local._replace(packed=entry.packed, size=entry.size)
    same = (entry.method, entry.packed, entry.name) == (as_local.method, as_local.packed, as_local.name)
    return [entry] if same else [entry, as_local]


def _compared(context: Context, entry: Entry, local: Entry) -> Iterator[Detection]:
    """Differences between directory and local header: each is a way to show two readers two files."""
    if entry.name != local.name:
        what = f"The member {shortened(entry.text)!r} is called {shortened(local.text)!r} in its local header."
        yield _odd(context, "zip-header-mismatch", what, local.at, "CVE-2025-1944")
    if (entry.flags ^ local.flags) & ~_SIZES_BEHIND or entry.method != local.method:
        what = f"The flags or method of {shortened(entry.text)!r} differ between the directory and its local header."
        yield _odd(context, "zip-header-mismatch", what, local.at, "CVE-2025-1945")
    left_open = {0} if local.flags & _SIZES_BEHIND else set()  # their values stand behind the data
    stated = ((entry.packed, local.packed), (entry.size, local.size), (entry.crc, local.crc))
    if any(theirs not in {ours, *left_open} for ours, theirs in stated):
        what = f"Size or checksum of {shortened(entry.text)!r} differ between the directory and its local header."
        yield _odd(context, "zip-header-mismatch", what, local.at, "CVE-2025-10156")


def _content(region: Region, context: Context, entry: Entry, kind: Kind) -> Generator[Detection, None, int]:
    """Reads one member; gives back, as a generator does, how many bytes it takes in the file."""
    name = entry.text
    if entry.flags & (_ENCRYPTED | _PATCHED):
        what = f"The member {shortened(name)!r} is marked as encrypted; loaders that ignore the mark read it."
        yield _odd(context, "unread-encrypted", what, entry.at, "CVE-2025-1945")
    packed = max(0, min(entry.packed, region.size - entry.data))
    if packed < entry.packed:
        yield _odd(context, "unread-truncated", f"The member {shortened(name)!r} is longer than the file.", entry.at)
    window = region.window(entry.data, packed)
    if entry.method == _STORED:
        yield from _judged_sum(context, entry, _sum(window), window.size)
        yield from _inside(context, entry, window, kind)
        return packed
    codec = _METHODS.get(entry.method)
    if codec is None:
        what = f"The member {shortened(name)!r} is compressed by method {entry.method}, which is not read."
        yield _odd(context, "unread-compression", what, entry.at, "")
        return packed
    # A decompressor stops at the end of its stream, wherever the header says that it is.
    unpacker = Unpacker(region.window(entry.data, region.size - entry.data), codec)
    with spooled(unpacker, context.budget) as content:
        yield from _judged_sum(context, entry, _sum(content), content.size)
        if unpacker.fault:
            what = f"The member {shortened(name)!r} {unpacker.fault}."
            yield _odd(context, "unread-broken-stream", what, entry.at)
        elif unpacker.end != entry.packed:
            what = f"The compressed data of {shortened(name)!r} end elsewhere than its header says."
            yield _odd(context, "zip-header-mismatch", what, entry.at, "CVE-2025-10156")
        yield from _inside(context, entry, content, kind)
    return packed if unpacker.fault else max(packed, unpacker.end)


def _inside(context: Context, entry: Entry, content: Region, kind: Kind) -> Iterator[Detection]:
    name = entry.text
    if stat.S_ISLNK(entry.mode):
        yield judged_link(name, content.upto(0, 4096).decode("utf-8", "replace"), context.place, entry.at)
        return
    if kind.is_label(name, content):
        return
    hint = "opaque" if entry.flags & _ENCRYPTED else kind.hint(name)
    yield from context.inside(name, content, hint=hint)


def _sum(content: Region) -> int:
    value, position = 0, 0
    while position < content.size and (block := content.upto(position, 1 << 20)):
        value = zlib.crc32(block, value)
        position += len(block)
    return value


def _judged_sum(context: Context, entry: Entry, found: int, size: int) -> Iterator[Detection]:
    if found != entry.crc or size != entry.size:
        what = f"The member {shortened(entry.text)!r} is not as long or not of the checksum that its header states."
        yield _odd(context, "zip-checksum", what, entry.at, "CVE-2025-10156")


def _behind_descriptor(region: Region, entry: Entry, stop: int) -> int:
    """Where a member ends when its sizes may stand behind its data."""
    if not entry.flags & _SIZES_BEHIND:
        return stop
    record = region.upto(stop, 24)
    skip = 4 if record[:4] == DESCRIPTOR else 0
    for width in (4, 8):
        sizes = record[skip + 4 : skip + 4 + 2 * width]
        packed = int.from_bytes(sizes[:width], "little")
        if len(sizes) == 2 * width and packed == entry.packed:
            return stop + skip + 4 + 2 * width
    return stop


def _hidden(region: Region, context: Context, extents: list[Extent], kind: Kind) -> Iterator[Detection]:
    """Stretches that no header accounts for: other formats, hidden members, leftovers."""
    position, last = 0, Extent(-1, -1)
    for extent in [*sorted(extents), Extent(region.size, region.size)]:
        if extent.start > position and not _padding(region, position, extent.start):
            size = extent.start - position
            what = f"{size:,} bytes stand between the members of the zip file and belong to none."
            yield _odd(context, "unread-gap", what, position, "CWE-436")
            yield from _undeclared(region, context, position, extent.start, kind)
        elif extent.start < position and extent != last:
            what = "Parts of the zip file share bytes; what unpacks from them can be far larger than the file."
            yield _odd(context, "zip-overlap", what, extent.start, "CVE-2019-9674")
        position, last = max(position, extent.stop), extent


def _padding(region: Region, start: int, stop: int) -> bool:
    return stop - start <= _WIDEST_GAP and start > 0 and not region.upto(start, stop - start).strip(b"\0")


def _undeclared(region: Region, context: Context, start: int, stop: int, kind: Kind) -> Iterator[Detection]:
    """Members that have a local header and are in no directory: readers that stream see them."""
    reached = start
    for at in locals_in(region, start, stop):
        local = local_entry(region, at)
        if local is None or at < reached:
            continue
        context.budget.spend(members=1, steps=10)
        what = f"The member {shortened(local.text)!r} is in no directory; readers that stream see it."
        yield _odd(context, "zip-hidden-member", what, at, "CWE-436")
        if local.flags & _SIZES_BEHIND and local.packed == 0 and local.method == _STORED:
            local = local._replace(packed=max(0, stop - local.data))
        consumed = yield from _content(region, context, local, kind)
        reached = local.data + consumed


def _odd(context: Context, rule: str, what: str, offset: int, reference: str = "CWE-436") -> Detection:
    return Detection(
        rule=rule,
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what=what,
        member=context.place,
        offset=offset,
        reference=reference,
        remedy=_REMEDY,
    )


def is_kind(name: str) -> Callable[[Region, str], bool]:
    """Whether a zip file is of one kind, by the names that its directories have."""

    def recognise(region: Region, called: str) -> bool:
        if not is_zip(region, called):
            return False
        budget = Spent(region.size)
        entries = (e for d in directories(region)[:1] for e in central_entries(region, d.start, budget))
        return kind_of([entry.text for entry in entries]).name == name

    return recognise


def _nothing_more(_region: Region, _context: Context) -> Iterator[Detection]:
    """The reader of zip files has walked the members."""
    yield from ()


ZIPS = (
    Format(name="zip", recognise=is_zip, read=read),
    *(
        Format(name=kind, recognise=is_kind(kind), read=_nothing_more, refines="zip")
        for kind in ("pytorch-zip", "torchscript", "npz")
    ),
)
