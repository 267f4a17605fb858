"""Opcodes that make plain values and move them: numbers, text, bytes, containers, stack and memo."""

import re
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from redan.scan.pickles.carried import bytes_begin, in_text
from redan.scan.pickles.machine import Machine
from redan.scan.pickles.values import Bag, Blob, Made, Name, Opaque, Value
from redan.scan.records import ScanVerdict

Handler: TypeAlias = Callable[[Machine], None]
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.|\n)", re.DOTALL)
_BROKEN_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\(?:x(?![0-9a-fA-F]{2})|$)")
_SIMPLE_ESCAPES: Mapping[bytes, bytes] = MappingProxyType(
    {
        b"\\": b"\\",
        b"'": b"'",
        b'"': b'"',
        b"a": b"\a",
        b"b": b"\b",
        b"f": b"\f",
        b"n": b"\n",
        b"r": b"\r",
        b"t": b"\t",
        b"v": b"\v",
        b"\n": b"",
    }
)
NEWEST_PROTOCOL = 5
_NUMBER_BYTES = 512  # of longer numbers only the length is looked at
TEXT_KEPT = 4096  # characters; no name that can be imported is longer
_SHARED = ("builtins.type", "logging.getLogger")  # they give objects that others hold, too
_MOST_HASHED = 1 << 20  # parts of one key
_HASHING = ("dict", "set")
_NOT_UNDERSTOOD = ScanVerdict.NOT_UNDERSTOOD
_INT_DIGITS = 4000  # longer decimal numbers are refused by the interpreter, too
_KEY_LIMIT = 1 << 63


def _constant(value: Value) -> Handler:
    def push(m: Machine) -> None:
        m.stack.append(value)

    return push


def _number(form: str) -> Handler:
    shape = struct.Struct(form)
    unpack, size = shape.unpack, shape.size

    def push(m: Machine) -> None:
        m.stack.append(unpack(m.cursor.take(size))[0])

    return push


def _text(form: str) -> Handler:
    shape = struct.Struct(form)

    def push(m: Machine) -> None:
        length = shape.unpack(m.cursor.take(shape.size))[0]
        m.push(_decoded(m, length))

    return push


def _decoded(m: Machine, length: int) -> Value:
    if length > TEXT_KEPT * 4:
        in_text(m, m.cursor.region.upto(m.cursor.position, length))
        m.cursor.skip(length)
        return Opaque.LONG_TEXT
    data = m.cursor.take(length)
    in_text(m, data)
    if data.isascii():
        return data.decode("ascii")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        m.fault("holds text that is not UTF-8")
        return data.decode("utf-8", "replace")


def _byte_string(form: str) -> Handler:
    """Strings of Python 2: text or bytes, as the caller of the loader chose."""
    shape = struct.Struct(form)

    def push(m: Machine) -> None:
        length = shape.unpack(m.cursor.take(shape.size))[0]
        if length < 0:
            m.fault("holds a string of negative length")
            length = 0
        start = m.cursor.position
        bytes_begin(m, start, length)
        if length > TEXT_KEPT:
            m.cursor.skip(length)
            m.push(Blob(start, length))
            return
        data = m.cursor.take(length)
        in_text(m, data)
        m.push(data.decode("latin-1"))

    return push


def _blob(form: str) -> Handler:
    shape = struct.Struct(form)

    def push(m: Machine) -> None:
        length = shape.unpack(m.cursor.take(shape.size))[0]
        start = m.cursor.position
        bytes_begin(m, start, length)
        m.cursor.skip(length)
        m.push(Blob(start, length))

    return push


def _long(form: str) -> Handler:
    shape = struct.Struct(form)

    def push(m: Machine) -> None:
        length = shape.unpack(m.cursor.take(shape.size))[0]
        if length < 0:
            m.fault("holds a number of negative length")
            length = 0
        if length > _NUMBER_BYTES:
            m.cursor.skip(length)
            m.push(Opaque.NUMBER)
            return
        m.push(int.from_bytes(m.cursor.take(length), "little", signed=True))

    return push


def line_of(m: Machine) -> bytes:
    """A line of the stream; a fault when nothing ends it, or when it is longer than names and numbers are."""
    line, ended, whole = m.cursor.line()
    if not ended:
        return _unended(m, line)
    if not whole:
        m.fault("holds a name or number that is too long")
    return line


def _unended(m: Machine, line: bytes) -> bytes:
    """A line that the file ends: unpicklers take its last byte for the line feed, and go on to the end."""
    if not m.strict:
        m.fault("holds a line that nothing ends")
    return line[:-1]


def _text_line(m: Machine) -> bytes | None:
    """A line of text; None when it is too long to be kept."""
    line, ended, whole = m.cursor.line()
    line = line if ended else _unended(m, line)
    return line if whole else None


def _int_line(m: Machine) -> None:
    line = line_of(m)
    if line in {b"00", b"01"}:
        m.push(line == b"01")
        return
    m.push(_parsed(m, line, 0))


def _long_line(m: Machine) -> None:
    m.push(_parsed(m, line_of(m).rstrip(b"L"), 0))


def _parsed(m: Machine, line: bytes, base: int) -> Value:
    if len(line) > _INT_DIGITS:
        return Opaque.NUMBER
    try:
        return int(line, base)
    except ValueError:
        m.fault("holds a number that is none")
        return Opaque.NUMBER


def _float_line(m: Machine) -> None:
    line_of(m)
    m.push(Opaque.NUMBER)


def _float_bytes(m: Machine) -> None:
    m.cursor.skip(8)
    m.push(Opaque.NUMBER)


def _unescaped(match: re.Match[bytes]) -> bytes:
    """One escape of a string as Python 2 wrote it; one that is none stays as it is."""
    body = match[1]
    if body[:1] == b"x" and body != b"x":
        return bytes([int(body[1:], 16)])
    if body[0] in b"01234567":
        return bytes([int(body, 8) & 0xFF])
    return _SIMPLE_ESCAPES.get(body, match[0])


def _quoted_line(m: Machine) -> None:
    found = _text_line(m)
    if found is None:
        m.push(Opaque.LONG_TEXT)
        return
    line = found.rstrip(b" \t\r")
    if line[-1:] not in {b"'", b'"'} or line[:1] != line[-1:] or line == line[:1]:
        m.fault("holds a string without quotes")
        m.push(Opaque.LONG_TEXT)
        return
    if _BROKEN_ESCAPE.search(line[1:-1]):
        m.fault("holds a string with a broken escape")
    data = _ESCAPE.sub(_unescaped, line[1:-1])
    in_text(m, data)
    text = data.decode("latin-1")
    m.push(text if len(text) <= TEXT_KEPT else Opaque.LONG_TEXT)


def _raw_text_line(m: Machine) -> None:
    line = _text_line(m)
    if line is None:
        m.push(Opaque.LONG_TEXT)
        return
    try:
        text = line.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        m.fault("holds text with a broken escape")
        text = line.decode("latin-1")
    in_text(m, text.encode("utf-8", "surrogatepass"))
    m.push(text if len(text) <= TEXT_KEPT else Opaque.LONG_TEXT)


def _empty(kind: str) -> Handler:
    def push(m: Machine) -> None:
        m.push(Bag(kind, []))

    return push


def _gathered(kind: str) -> Handler:
    def push(m: Machine) -> None:
        items = m.pop_mark()
        if Name in map(type, items):
            m.handed_over(items)
        if kind in _HASHING and Bag in map(type, items):
            _hashed(m, items, kind)
        bag = Bag(kind, [])
        bag.extend(items)
        m.push(bag)

    return push


def _tuple_of(count: int) -> Handler:
    def push(m: Machine) -> None:
        stack = m.stack
        if len(stack) - count >= m.fence:
            items = stack[-count:]
            del stack[-count:]
        else:
            items = [m.pop() for _ in range(count)][::-1]
        if Name in map(type, items):
            m.handed_over(items)
        stack.append(Bag("tuple", items))

    return push


def _append(m: Machine) -> None:
    item = m.pop()
    _added(m, [item], "list")


def _set_item(m: Machine) -> None:
    value, key = m.pop(), m.pop()
    _added(m, [key, value], "dict")


def _many(kind: str) -> Handler:
    def add(m: Machine) -> None:
        _added(m, m.pop_mark(), kind)

    return add


def _added(m: Machine, items: list[Value], kind: str) -> None:
    """Items go into what is on top: a container of the stream, or an object with methods of its own."""
    target = m.top()
    if Name in map(type, items):
        m.handed_over(items)
    if kind != "list" and Bag in map(type, items):
        _hashed(m, items, kind)
    if writes_into_process(m, target, "writes into"):
        return
    if isinstance(target, Bag):
        if target.kind != kind:
            m.fault(f"adds to a {target.kind} as if it were a {kind}")
        target.extend(items)
    elif isinstance(target, Made):
        m.seen.acted = True
    elif target is not Opaque.UNKNOWN:
        m.fault("adds items to what holds none")


def _hashed(m: Machine, items: list[Value], kind: str) -> None:
    """Keys of tuples are hashed part by part; tuples that hold one another twice, forty deep, take years."""
    keys = items[::2] if kind == "dict" else items if kind == "set" else []
    for key in keys:
        waiting = [key] if type(key) is Bag else []
        parts = 0
        while waiting and parts <= _MOST_HASHED:
            held = waiting.pop().items
            parts += len(held)
            waiting += [item for item in held if type(item) is Bag]
        if parts > _MOST_HASHED:
            m.say("pickle-expands", _NOT_UNDERSTOOD, "has a key that takes very long to hash", "CWE-407")
            return
        m.context.budget.spend(steps=parts >> 2)


def writes_into_process(m: Machine, target: Value, how: str) -> bool:
    """Whether a write goes into something that the process shares: what was imported, a class, a logger."""
    shared = isinstance(target, Made) and target.of(*_SHARED)
    if not shared and not isinstance(target, Name):
        return False
    name = target if isinstance(target, Name) else target.func if isinstance(target, Made) else None
    if isinstance(name, Name):
        m.called(name)
        which = f"what {name.path[:200]!r} gave" if shared else f"{name.path[:200]!r}, which it imported"
        what = f"{how} {which}: the process is changed, not only the object"
        m.say("pickle-writes-into-process", ScanVerdict.MALICIOUS, what, "CWE-915")
    return True


def _pop(m: Machine) -> None:
    if m.marks and m.marks[-1] == len(m.stack):
        m.marks.pop()
    else:
        m.pop()


def _pop_mark(m: Machine) -> None:
    m.pop_mark()


def _dup(m: Machine) -> None:
    m.push(m.top())


def _mark(m: Machine) -> None:
    m.mark()


def _remember(m: Machine, key: Value) -> None:
    if not isinstance(key, int) or not 0 <= key < _KEY_LIMIT:
        m.fault("remembers under a key that is none")
        return
    m.memo[key] = m.top()


def _recall(m: Machine, key: Value) -> None:
    if isinstance(key, int) and key in m.memo:
        m.push(m.memo[key])
        return
    m.fault("recalls what was never remembered")
    m.push(Opaque.UNKNOWN)


def _keyed(act: Callable[[Machine, Value], None], form: str) -> Handler:
    if not form:
        return lambda m: act(m, _parsed(m, line_of(m), 10))
    shape = struct.Struct(form)
    return lambda m: act(m, shape.unpack(m.cursor.take(shape.size))[0])


def _recall_byte(m: Machine) -> None:
    """The most frequent opcode, without the detours of the others."""
    key = m.cursor.take(1)[0]
    if key in m.memo:
        m.stack.append(m.memo[key])
    else:
        _recall(m, key)


def _memoise(m: Machine) -> None:
    stack, memo = m.stack, m.memo
    value = stack[-1] if stack and not m.marks else m.top()
    if memo.others:
        memo[len(memo)] = value
    else:
        memo.in_turn.append(value)


def _frame(m: Machine) -> None:
    (length,) = struct.unpack("<Q", m.cursor.take(8))
    start = m.cursor.position
    nested = m.framed and start < m.frame_end
    if nested:
        m.say(
            "pickle-frame",
            ScanVerdict.NOT_UNDERSTOOD,
            "begins a frame inside a frame: unpicklers differ in what they read then",
            "CWE-436",
        )
        m.cursor.crossed = True
    if nested and m.cursor.dropping:
        if start + length <= m.frame_end:
            return
        start = m.frame_end  # Modules/_pickle.c reads the inner frame behind the outer one, and drops what is between
        m.cursor.seek(start)
    if length > m.cursor.region.size - start:
        m.fault("announces a frame that is longer than the file")
        return
    m.cursor.frame_end = start + length


def _protocol(m: Machine) -> None:
    (version,) = m.cursor.take(1)
    if version > NEWEST_PROTOCOL:
        m.fault(f"says that it is of protocol {version}, which does not exist")


def _nothing(_m: Machine) -> None:
    """READONLY_BUFFER changes a view, not the value."""


DATA_OPS: Mapping[int, Handler] = MappingProxyType(
    {
        ord("N"): _constant(None),
        0x88: _constant(True),
        0x89: _constant(False),
        ord("K"): _number("<B"),
        ord("M"): _number("<H"),
        ord("J"): _number("<i"),
        ord("I"): _int_line,
        ord("L"): _long_line,
        0x8A: _long("<B"),
        0x8B: _long("<i"),
        ord("F"): _float_line,
        ord("G"): _float_bytes,
        0x8C: _text("<B"),
        ord("X"): _text("<I"),
        0x8D: _text("<Q"),
        ord("V"): _raw_text_line,
        ord("S"): _quoted_line,
        ord("U"): _byte_string("<B"),
        ord("T"): _byte_string("<i"),
        ord("C"): _blob("<B"),
        ord("B"): _blob("<I"),
        0x8E: _blob("<Q"),
        0x96: _blob("<Q"),
        ord("]"): _empty("list"),
        ord(")"): _empty("tuple"),
        ord("}"): _empty("dict"),
        0x8F: _empty("set"),
        ord("l"): _gathered("list"),
        ord("t"): _gathered("tuple"),
        ord("d"): _gathered("dict"),
        0x91: _gathered("set"),
        0x85: _tuple_of(1),
        0x86: _tuple_of(2),
        0x87: _tuple_of(3),
        ord("a"): _append,
        ord("e"): _many("list"),
        ord("s"): _set_item,
        ord("u"): _many("dict"),
        0x90: _many("set"),
        ord("0"): _pop,
        ord("1"): _pop_mark,
        ord("2"): _dup,
        ord("("): _mark,
        ord("g"): _keyed(_recall, ""),
        ord("h"): _recall_byte,
        ord("j"): _keyed(_recall, "<I"),
        ord("p"): _keyed(_remember, ""),
        ord("q"): _keyed(_remember, "<B"),
        ord("r"): _keyed(_remember, "<I"),
        0x94: _memoise,
        0x95: _frame,
        0x80: _protocol,
        0x98: _nothing,
    }
)
