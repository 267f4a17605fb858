"""Protocol Buffers on the wire: a bounded walker that knows which fields a message may have.

Source: the encoding guide of Protocol Buffers. Unknown fields, wrong wire types, groups and single fields that stand
twice are refused, because parsers skip, convert or merge them each in their own way.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from redan.scan.contract import Budget
from redan.scan.region import Region

_BLOCK = 1 << 18
_LONGEST_VARINT = 10
_ENDLESS = re.compile(rb"[\x80-\xff]{10}")  # no number goes on after its tenth byte
_TEXT_LIMIT = 1 << 16
_STEPS_OF_A_MESSAGE = 8  # what opening one costs, even if it is empty
_U64 = (1 << 64) - 1
_ONE_BYTE = 0x80
_HIGH = bytes(range(_ONE_BYTE, 256))
_NONE: frozenset[int] = frozenset()
_MOST_ROWS = 64  # patterns for one file: to compile one costs as much as to read fifty fields

# number -> wire types that are allowed, and whether the field may stand more than once
Shape: TypeAlias = Mapping[int, tuple[frozenset[int], bool]]
_WIRES = {"v": {0}, "d": {1}, "b": {2}, "f": {5}, "p": {0, 2}, "q": {5, 2}, "e": {1, 2}}


# name -> shape, and which fields hold messages of which name
Shapes: TypeAlias = Mapping[str, tuple[Shape, Mapping[int, str]]]
_DEEPEST = 100


class ProtoError(ValueError):
    """The bytes are not a message of this shape; one sentence without values."""


class Field(NamedTuple):
    """One field: its number, wire type, where its payload lies, and the value of a varint or fixed field.

    Args:
        more: fields of the same head right behind it, that were passed over.
    """

    number: int
    wire: int
    start: int
    size: int
    value: int
    more: int = 0


def shape(**fields: str) -> Shape:
    """A shape from words such as `f7="b"`, `f1="v*"`.

    Letters: v varint, d fixed 64, b bytes or message, f fixed 32, p packed varints, q packed floats, e packed doubles;
    a star allows repetition.
    """
    return {int(name[1:]): (frozenset(_WIRES[kind[0]]), kind.endswith("*")) for name, kind in fields.items()}


class Wire:
    """Reads messages of a region by position; holds one block of it.

    Args:
        region: the bytes.
        budget: one step is spent per field.
    """

    __slots__ = ("_block", "_block_start", "_budget", "_region", "_rows", "size")

    def __init__(self, region: Region, budget: Budget | None) -> None:
        self._region = region
        self._budget = budget
        self._block = b""
        self._block_start = 0
        self._rows: dict[tuple[int, int], re.Pattern[bytes]] = {}
        self.size = region.size

    def fields(self, start: int, size: int, passed: frozenset[int] = _NONE) -> Iterator[Field]:
        """The fields of the message at `start`.

        Args:
            start: of its first field.
            size: of all of them, in bytes.
            passed: tags, a number and a wire type, of which not every field is needed: of a row of fields with one head
                the first is given, and how many follow. A forest of trees has millions of numbers, one field each.

        Raises:
            ProtoError: they do not end exactly where the message ends, or are not well formed.
        """
        at, end = start, start + size
        while at < end:
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if not 0 < number < 1 << 29:
                raise ProtoError("a field has no valid number")
            if wire == 0:
                begin = at
                value, at = self._varint(at, end)
                more, after = self._alike(tag, 0, at, end) if tag in passed else (0, at)
                yield Field(number, wire, begin, at - begin, value, more)
                at = after
                continue
            length, at = self._length(wire, at, end)
            if length > end - at:
                raise ProtoError("a field leaves its message")
            value = int.from_bytes(self._bytes(at, length), "little") if wire != 2 else 0  # noqa: PLR2004 -- the wire type
            more, after = self._alike(tag, length, at + length, end) if tag in passed else (0, at + length)
            yield Field(number, wire, at, length, value, more)
            at = after

    def _alike(self, tag: int, length: int, at: int, end: int) -> tuple[int, int]:
        """How many fields with this head follow at once, and where they end; those that are in the block."""
        place = at - self._block_start
        if tag >= _ONE_BYTE or length >= _ONE_BYTE or not 0 <= place <= len(self._block):
            return 0, at
        until = min(len(self._block), end - self._block_start)
        row = self._rows.get((tag, length))
        if row is None:
            if len(self._rows) >= _MOST_ROWS:
                return 0, at
            row = self._rows[tag, length] = _row(tag, length)
        found = row.match(self._block, place, until)
        size = found.end() - place if found is not None else 0
        if tag & 7 == 0:  # the tag and the last byte of a number are its only ones below 0x80
            return len(self._block[place : place + size].translate(None, _HIGH)) // 2, at + size
        return size // (length + 1 + (tag & 7 == 2)), at + size  # noqa: PLR2004 -- the wire type

    def message(self, start: int, size: int, known: Shape, passed: frozenset[int] = _NONE) -> dict[int, list[Field]]:
        """The fields of a message by number, checked against its shape.

        Args:
            start: of its first field.
            size: of all of them, in bytes.
            known: its shape.
            passed: numbers of which not every field is needed, where the shape lets them be repeated; packed ones are
                looked at all the same.

        Raises:
            ProtoError: a field is unknown, of another wire type, or stands twice though it may not.
        """
        found: dict[int, list[Field]] = {}
        count = 0
        for field in self.fields(start, size, _repeated(known, passed)):
            count += 1 + field.more
            allowed = known.get(field.number)
            if allowed is None or field.wire not in allowed[0]:
                raise ProtoError(f"field {field.number} of wire type {field.wire} is not one of this message")
            here = found.setdefault(field.number, [])
            if here and not allowed[1]:
                raise ProtoError(f"the single field {field.number} stands twice, and parsers differ in what they do")
            if field.wire == 2 and len(allowed[0]) > 1:  # noqa: PLR2004 -- the wire type
                self._packed(field, min(allowed[0] - {2}))
            here.append(field)
        if self._budget is not None:
            self._budget.spend(steps=count + _STEPS_OF_A_MESSAGE)
        return found

    def _packed(self, field: Field, wire: int) -> None:
        """Packed numbers end where their field ends, each of them."""
        if wire:
            if field.size % (8 if wire == 1 else 4):
                raise ProtoError("packed numbers leave their field")
            return
        end = field.start + field.size
        for at in range(field.start, end, _BLOCK):
            # A number that crosses two blocks is seen whole in the first of them.
            block = self._region.upto(at, min(_BLOCK + _LONGEST_VARINT, end - at))
            if _ENDLESS.search(block) or (at + len(block) == end and block[-1] & 0x80):
                raise ProtoError("a packed number does not end")

    def check(self, field: Field, name: str, shapes: Shapes) -> None:
        """Walks through messages of which nothing is needed but that they are well formed.

        Raises:
            ProtoError: one of them is not, or they nest deeper than parsers allow.
        """
        waiting = [(field, name, 0)]
        while waiting:
            here, kind, depth = waiting.pop()
            if depth > _DEEPEST:
                raise ProtoError(f"messages nest deeper than {_DEEPEST}")
            known, inner = shapes[kind]
            for number, fields in self.message(here.start, here.size, known).items():
                if number in inner:
                    waiting.extend((f, inner[number], depth + 1) for f in fields)

    def text(self, field: Field) -> str:
        """A text field.

        Raises:
            ProtoError: it is not UTF-8, or longer than any name.
        """
        if field.size > _TEXT_LIMIT:
            raise ProtoError(f"a name of {field.size:,} bytes is none")
        try:
            return self._bytes(field.start, field.size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProtoError("a name is not UTF-8") from error

    def first(self, found: dict[int, list[Field]], number: int) -> str:
        """The text of a single field; the empty string when it is absent."""
        return self.text(found[number][0]) if number in found else ""

    def numbers(self, fields: list[Field]) -> Iterator[int]:
        """The values of a repeated varint field, packed or not."""
        for field in fields:
            if field.wire == 0:
                yield field.value
                continue
            at, end = field.start, field.start + field.size
            while at < end:
                value, at = self._varint(at, end)
                yield value

    def _length(self, wire: int, at: int, end: int) -> tuple[int, int]:
        if wire == 2:  # noqa: PLR2004 -- the wire type
            return self._varint(at, end)
        if wire == 1:
            return 8, at
        if wire == 5:  # noqa: PLR2004 -- the wire type
            return 4, at
        raise ProtoError(f"wire type {wire} is not used any more")

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        place = at - self._block_start
        if not 0 <= place <= len(self._block) - _LONGEST_VARINT:
            self._block = self._region.upto(at, _BLOCK)
            self._block_start, place = at, 0
        block, value = self._block, 0
        if at < end and place < len(block) and block[place] < 0x80:  # noqa: PLR2004 -- most numbers are of one byte
            return block[place], at + 1
        for count in range(min(_LONGEST_VARINT, end - at, len(block) - place)):
            byte = block[place + count]
            value |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:  # noqa: PLR2004 -- the bit that says that more follows
                return value & _U64, at + count + 1
        raise ProtoError("a number does not end")

    def _bytes(self, at: int, length: int) -> bytes:
        place = at - self._block_start
        if place >= 0 and place + length <= len(self._block):
            return self._block[place : place + length]
        return self._region.read(at, length)

    def data(self, field: Field) -> bytes:
        """The bytes of a field."""
        return self._bytes(field.start, field.size)


def tags(numbers: Iterable[int], wires: Iterable[int] = (0, 1, 2, 5)) -> frozenset[int]:
    """What fields of these numbers and wire types begin with."""
    return frozenset(number << 3 | wire for number in numbers for wire in wires)


def _repeated(known: Shape, passed: frozenset[int]) -> frozenset[int]:
    many = ((number, known[number][0]) for number in passed if number in known and known[number][1])
    return frozenset().union(*(tags((number,), wires - {2} if len(wires) > 1 else wires) for number, wires in many))


def _row(tag: int, length: int) -> re.Pattern[bytes]:
    head = re.escape(bytes([tag]))
    if tag & 7 == 0:
        return re.compile(rb"(?:%b[\x80-\xff]{0,9}[\x00-\x7f])*+" % head)
    size = re.escape(bytes([length])) if tag & 7 == 2 else b""  # noqa: PLR2004 -- the wire type
    return re.compile(rb"(?:%b%b.{%d})*+" % (head, size, length), re.DOTALL)


def looks_like(region: Region, known: Shape, needed: frozenset[int], *, most: int = 2000) -> bool:
    """Whether the first fields of a region are those of a message, the needed ones among them."""
    if region.size == 0:
        return False
    seen: set[int] = set()
    try:
        for count, field in enumerate(Wire(region, None).fields(0, region.size)):
            allowed = known.get(field.number)
            if allowed is None or field.wire not in allowed[0]:
                return False
            seen.add(field.number)
            if count > most:
                break
    except ProtoError:
        return False
    return needed <= seen
