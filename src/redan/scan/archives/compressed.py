"""Compressed files: gzip, zlib, bzip2, xz, lzma. What they unpack to goes back to the router."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from redan.scan.archives.spool import spooled
from redan.scan.archives.unpack import Unpacker
from redan.scan.contract import Context, Format
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import Region

_NOT_UNDERSTOOD = ScanVerdict.NOT_UNDERSTOOD
_SUFFIXES = frozenset({".gz", ".gzip", ".z", ".zlib", ".bz2", ".xz", ".lzma", ".tgz", ".tbz2", ".txz"})
_TRIAL_BYTES = 4096
_ZLIB_METHOD = 8
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
_LZMA_PROPERTIES = 225
_LZMA_MOST = 1 << 38


def _tries(region: Region, codec: str) -> bool:
    """Whether the first bytes decompress without a fault; breaking off is none."""
    head = Unpacker(region.window(0, min(region.size, _TRIAL_BYTES)), codec, _TRIAL_BYTES)
    given = sum(len(chunk) for chunk in head)
    return "broken" not in head.fault and (given > 0 or region.size > _TRIAL_BYTES or not head.fault)


def is_gzip(region: Region, _name: str) -> bool:
    """Source: RFC 1952."""
    return region.upto(0, 2) == b"\x1f\x8b"


def is_zlib(region: Region, _name: str) -> bool:
    """Source: RFC 1950: method, window, checksum of the header; then the data itself."""
    head = region.upto(0, 2)
    if len(head) != len(b"CF") or head[0] & 15 != _ZLIB_METHOD or head[0] >> 4 > _ZLIB_METHOD - 1:
        return False
    return int.from_bytes(head, "big") % 31 == 0 and _tries(region, "zlib")


def is_bzip2(region: Region, _name: str) -> bool:
    """A level and a block, or the end of an empty stream."""
    head = region.upto(0, 10)
    return head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:] in _BZIP2_BLOCKS


def is_xz(region: Region, _name: str) -> bool:
    """Source: The .xz File Format 1.2.1."""
    return region.upto(0, 6) == b"\xfd7zXZ\x00"


def is_lzma(region: Region, _name: str) -> bool:
    """LZMA alone has no magic: plausible properties and sizes, then the data itself."""
    head = region.upto(0, 13)
    if len(head) != 13 or head[0] >= _LZMA_PROPERTIES:  # noqa: PLR2004 -- the header's length, as sliced
        return False
    dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:], "little")
    shapes = {1 << n for n in range(12, 31)} | {3 << n for n in range(11, 30)} | {(1 << 32) - 1}
    if dictionary not in shapes or not (size == (1 << 64) - 1 or size < _LZMA_MOST):
        return False
    return _tries(region, "lzma")


def _reader(codec: str) -> Callable[[Region, Context], Iterable[Detection]]:
    def read(region: Region, context: Context) -> Iterator[Detection]:
        unpacker = Unpacker(region, codec)
        with spooled(unpacker, context.budget) as content:
            yield from context.inside(_inner_name(context.name), content, hint=context.hint)
        if unpacker.fault:
            yield _told(context, "unread-broken-stream", f"The {codec} data {unpacker.fault}.", unpacker.end)
        elif unpacker.end < region.size:
            rest = region.size - unpacker.end
            what = f"{rest:,} bytes stand behind the end of the {codec} data."
            yield _told(context, "unread-trailing", what, unpacker.end)

    return read


def _inner_name(name: str) -> str:
    base = PurePosixPath(name.replace("\\", "/")).name
    path = PurePosixPath(base)
    if path.suffix.lower() in _SUFFIXES:
        return f"{path.stem}.tar" if path.suffix.lower().startswith(".t") else path.stem
    return base or "content"


def _told(context: Context, rule: str, what: str, offset: int) -> Detection:
    return Detection(
        rule=rule,
        verdict=_NOT_UNDERSTOOD,
        what=what,
        member=context.place,
        offset=offset,
        reference="CWE-436",
        remedy="Ask its maker for a whole file with nothing behind it.",
    )


COMPRESSED = (
    Format(name="gzip", recognise=is_gzip, read=_reader("gzip")),
    Format(name="zlib", recognise=is_zlib, read=_reader("zlib")),
    Format(name="bzip2", recognise=is_bzip2, read=_reader("bzip2")),
    Format(name="xz", recognise=is_xz, read=_reader("xz")),
    Format(name="lzma", recognise=is_lzma, read=_reader("lzma")),
)
