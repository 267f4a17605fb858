"""safetensors: a header of JSON and raw numbers behind it, checked by the rules of the library and a few more.

Source: `safetensors/src/tensor.rs` of safetensors 0.8: header of at most 100,000,000 bytes that begins with a brace,
offsets that start at 0, follow each other without holes or overlaps, fit shape and type, and end with the file.
"""

from collections.abc import Iterator
from itertools import pairwise

from redan.canon import Json
from redan.scan.contract import Context, Format
from redan.scan.formats import strict_json
from redan.scan.records import Detection
from redan.scan.region import READ_LIMIT_BYTES, Region
from redan.scan.say import Voice, shown

HEADER_LIMIT_BYTES = 100_000_000
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
_LARGEST = 1 << 64
_REFERENCE = "safetensors tensor.rs"
_REMEDY = "Save the tensors again with a current release of safetensors."


class _BrokenError(ValueError):
    """A rule of the format is broken; one sentence."""


def recognise(region: Region, name: str) -> bool:
    """Whether a brace follows eight bytes that are a possible length of a header."""
    head = region.upto(0, 9)
    possible = int.from_bytes(head[:8], "little") <= min(HEADER_LIMIT_BYTES, region.size)
    return head[8:] == b"{" and (possible or name.endswith(".safetensors"))


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a file; none when the library and every other reader agree on all of it."""
    say = Voice(context.place)
    try:
        _whole(region, context)
    except _BrokenError as error:
        yield say.unclear(
            "safetensors-header", f"The file breaks a rule: {error}.", reference=_REFERENCE, remedy=_REMEDY
        )


def _whole(region: Region, context: Context) -> None:
    """Reads the header and compares it with the size of the file."""
    length = int.from_bytes(region.read(0, 8), "little")
    if length > HEADER_LIMIT_BYTES:
        raise _BrokenError(f"the header of {length:,} bytes is longer than {HEADER_LIMIT_BYTES:,}")
    if length > READ_LIMIT_BYTES:
        raise _BrokenError(f"the header of {length:,} bytes is longer than this scanner reads")
    raw = region.read(8, length)
    context.budget.spend(steps=length // 16)
    end = _check(_header(raw))
    if end + 8 + length != region.size:
        raise _BrokenError(f"the tensors end at {end + 8 + length:,} and the file at {region.size:,} bytes")


def _header(raw: bytes) -> dict[str, Json]:
    if not raw.startswith(b"{"):
        raise _BrokenError("the header does not begin with a brace")
    try:
        parsed = strict_json.parse(raw)
    except strict_json.JsonError as error:
        raise _BrokenError(f"the header cannot be read: {error}") from error
    if parsed.duplicates:
        raise _BrokenError(f"the header names `{shown(parsed.duplicates[0])}` twice")
    if not isinstance(parsed.value, dict):
        raise _BrokenError("the header is no object")
    return parsed.value


def _check(header: dict[str, Json]) -> int:
    """The end of the last tensor, counted from the end of the header.

    Raises:
        _BrokenError: any rule is broken.
    """
    metadata = header.get("__metadata__")
    if metadata is not None and not _texts(metadata):
        raise _BrokenError("__metadata__ is no map of texts")
    spans = sorted(_tensor(name, entry) for name, entry in header.items() if name != "__metadata__")
    if not all(_unicode(name) for name in header):
        raise _BrokenError("a name holds half of a character")
    if spans and spans[0][0] != 0:
        raise _BrokenError("the first tensor does not begin where the header ends")
    for before, after in pairwise(spans):
        if before[1] != after[0]:
            raise _BrokenError("there is a hole or an overlap between tensors")
    return spans[-1][1] if spans else 0


def _texts(value: Json) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) and _unicode(v) and _unicode(k) for k, v in value.items())


def _unicode(text: str) -> bool:
    """Whether a text has no lone surrogates, which JSON can spell and UTF-8 cannot hold."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _tensor(name: str, entry: Json) -> tuple[int, int]:
    """Where a tensor begins and ends."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _BrokenError(f"the tensor `{shown(name)}` does not have exactly a type, a shape and offsets")
    bits, shape, offsets = _bits(entry["dtype"]), _numbers(entry["shape"]), _numbers(entry["data_offsets"])
    if bits is None:
        raise _BrokenError(f"the tensor `{shown(name)}` is of an unknown type")
    if shape is None or offsets is None or len(offsets) != 2:  # noqa: PLR2004 -- begin and end
        raise _BrokenError(f"the shape or offsets of `{shown(name)}` are no lists of numbers")
    count = 1
    for dim in shape:
        count *= dim
        if count * bits >= _LARGEST:
            raise _BrokenError(f"the shape of `{shown(name)}` asks for more than any memory")
    begin, end = offsets
    if count * bits % 8 or count * bits // 8 != end - begin:
        raise _BrokenError(f"the bytes of `{shown(name)}` do not fit its shape and type")
    return begin, end


def _bits(value: Json) -> int | None:
    return _BITS.get(value) if isinstance(value, str) else None


def _numbers(value: Json) -> list[int] | None:
    if not isinstance(value, list):
        return None
    found = [v for v in value if isinstance(v, int) and not isinstance(v, bool) and 0 <= v < _LARGEST]
    return found if len(found) == len(value) else None


FORMAT = Format(name="safetensors", recognise=recognise, read=read)
