"""GGUF: metadata and tensor infos checked number by number, templates read as templates.

Source: the GGUF specification of ggml, versions 1 to 3; sizes of types as in gguf-py 0.19. CVE-2024-34359 (templates);
the memory faults of loaders come from counts, lengths and offsets that were believed.
"""

from collections.abc import Iterator
from itertools import pairwise

from redan.scan.contract import Context, Format
from redan.scan.formats import template
from redan.scan.formats.cursor import Cursor
from redan.scan.records import Detection
from redan.scan.region import Region, RegionError
from redan.scan.say import Voice, shown

_FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_BOOL, _STRING, _ARRAY, _U32 = 7, 8, 9, 4
# type -> elements per block, bytes per block
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18),
}  # fmt: skip
_KEY_LIMIT = 65_535  # of the specification
_DIMS_LIMIT = 4  # of ggml
_DEEPEST = 4
_ALIGNMENT = 32
_LARGEST = 1 << 62
_REMEDY = "Convert the model again with a current release of gguf-py."


class _BrokenError(ValueError):
    """A rule of the format is broken; one sentence."""


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the bytes begin with the magic."""
    return region.upto(0, 4) == b"GGUF"


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a model: what breaks the format, and what its templates reach for."""
    say = Voice(context.place)
    cursor = Cursor(region, 4)
    version = cursor.number(4)
    if version not in {1, 2, 3}:
        what = f"Version {version} of GGUF is not read."
        if version.to_bytes(4, "little") in {b"\0\0\0\1", b"\0\0\0\2", b"\0\0\0\3"}:
            what = "The file is written for big-endian machines, which is not read."
        yield say.unclear("gguf-version", what, remedy=_REMEDY)
        return
    reader = _Reader(cursor, version, context, say)
    try:
        yield from reader.read()
    except (_BrokenError, RegionError) as error:
        yield say.unclear(
            "gguf-structure",
            f"The file breaks a rule of GGUF: {error}.",
            offset=cursor.at,
            reference="GGUF specification",
            remedy=_REMEDY,
        )


class _Reader:
    """One file, from the counts to the end of the last tensor."""

    def __init__(self, cursor: Cursor, version: int, context: Context, say: Voice) -> None:
        self._cursor = cursor
        self._wide = 4 if version == 1 else 8
        self._context = context
        self._say = say
        self._alignment = _ALIGNMENT

    def read(self) -> Iterator[Detection]:
        tensors, pairs = self._cursor.number(self._wide), self._cursor.number(self._wide)
        # Each pair and each tensor takes some bytes: a count beyond that is a lie.
        if pairs > self._cursor.left // 9 or tensors > self._cursor.left // 20:
            raise _BrokenError(f"{pairs:,} settings and {tensors:,} tensors do not fit into the file")
        keys: set[str] = set()
        for _ in range(pairs):
            key = self._text(_KEY_LIMIT)
            if key in keys:
                raise _BrokenError(f"the setting `{shown(key)}` stands twice")
            keys.add(key)
            yield from self._setting(key)
        self._tensors(tensors)

    def _setting(self, key: str) -> Iterator[Detection]:
        self._context.budget.spend(steps=1)
        kind = self._cursor.number(4)
        if kind == _STRING and "template" in key:
            yield from template.examine(self._text(template.LIMIT_CHARS), self._say, shown(key))
        elif key == "general.alignment":
            if kind != _U32:
                raise _BrokenError("the alignment is no number of 32 bits")
            self._alignment = self._cursor.number(4)
            if self._alignment == 0 or self._alignment % 8 or self._alignment > 1 << 20:
                raise _BrokenError(f"the alignment {self._alignment:,} is not possible")
        else:
            templates = "template" in key
            for text in self._value(kind, 0, keep=templates):
                yield from template.examine(text, self._say, shown(key))

    def _value(self, kind: int, depth: int, *, keep: bool) -> Iterator[str]:
        """Moves past a value; yields texts of templates only."""
        cursor = self._cursor
        if kind == _BOOL:
            if cursor.number(1) > 1:
                raise _BrokenError("a truth value is neither 0 nor 1")
        elif kind in _FIXED:
            cursor.skip(_FIXED[kind])
        elif kind == _STRING:
            size = cursor.number(self._wide)
            if keep:
                yield self._decoded(size, template.LIMIT_CHARS)
            else:
                self._skip(size)
        elif kind == _ARRAY:
            yield from self._array(depth, keep=keep)
        else:
            raise _BrokenError(f"a value is of the unknown type {kind}")

    def _array(self, depth: int, *, keep: bool) -> Iterator[str]:
        if depth >= _DEEPEST:
            raise _BrokenError(f"arrays nest deeper than {_DEEPEST}")
        cursor = self._cursor
        inner, count = cursor.number(4), cursor.number(self._wide)
        if count > cursor.left:
            raise _BrokenError(f"an array of {count:,} values does not fit into the file")
        self._context.budget.spend(steps=1 + count // 8)
        if inner in _FIXED:
            self._skip(count * _FIXED[inner])
            return
        if inner == _STRING and not keep:
            number, wide, skip = cursor.number, self._wide, cursor.skip
            for _ in range(count):  # a vocabulary has hundreds of thousands
                skip(number(wide))
            return
        for _ in range(count):
            yield from self._value(inner, depth + 1, keep=keep)

    def _skip(self, size: int) -> None:
        if size > self._cursor.left:
            raise _BrokenError(f"a value of {size:,} bytes does not fit into the file")
        self._cursor.skip(size)

    def _text(self, limit: int) -> str:
        return self._decoded(self._cursor.number(self._wide), limit)

    def _decoded(self, size: int, limit: int) -> str:
        if size > limit:
            raise _BrokenError(f"a text of {size:,} bytes is longer than {limit:,}")
        try:
            return self._cursor.take(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _BrokenError("a text is not UTF-8") from error

    def _tensors(self, count: int) -> None:
        """Checks that the tensors lie one after the other, aligned, inside the file, up to its end."""
        cursor = self._cursor
        names: set[str] = set()
        spans: list[tuple[int, int]] = []
        self._context.budget.spend(steps=count)
        for _ in range(count):
            name = self._text(_KEY_LIMIT)
            if name in names:
                raise _BrokenError(f"the tensor `{shown(name)}` stands twice")
            names.add(name)
            spans.append(self._span())
        start = self._aligned(cursor.at)
        end = self._end(sorted(spans))
        size = cursor.region.size
        if spans and start + end > size:
            raise _BrokenError(f"the tensors end at {start + end:,} and the file at {size:,} bytes")
        last = self._aligned(start + end) if spans else start
        if size > last:
            raise _BrokenError(f"{size - last:,} bytes follow the last tensor")

    def _span(self) -> tuple[int, int]:
        cursor = self._cursor
        dims = cursor.number(4)
        if dims > _DIMS_LIMIT:
            raise _BrokenError(f"a tensor of {dims:,} dimensions is not possible")
        shape = [cursor.number(self._wide) for _ in range(dims)]
        kind, offset = cursor.number(4), cursor.number(8)
        if kind not in _BLOCKS:
            raise _BrokenError(f"a tensor is of the unknown type {kind}")
        elements = 1
        for dim in shape:
            elements *= dim
            if elements > _LARGEST:
                raise _BrokenError("a tensor has more elements than any memory")
        per_block, size = _BLOCKS[kind]
        if (shape[0] if shape else 1) % per_block:
            raise _BrokenError("a row of a tensor is no whole number of blocks")
        if offset % self._alignment or offset > _LARGEST:
            raise _BrokenError("a tensor does not begin at a multiple of the alignment")
        return offset, offset + elements // per_block * size

    def _end(self, spans: list[tuple[int, int]]) -> int:
        if spans and spans[0][0] != 0:
            raise _BrokenError("the first tensor does not begin where the data begins")
        for before, after in pairwise(spans):
            if self._aligned(before[1]) != after[0]:
                raise _BrokenError("there is a hole or an overlap between tensors")
        return spans[-1][1] if spans else 0

    def _aligned(self, at: int) -> int:
        return -(-at // self._alignment) * self._alignment


FORMAT = Format(name="gguf", recognise=recognise, read=read)
