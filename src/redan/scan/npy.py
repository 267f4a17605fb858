"""NumPy array files: a header that is a Python literal, then numbers, or a pickle where the array holds objects.

Source: numpy/lib/format.py, NEP 1.
"""

import ast
import re
from collections.abc import Iterator

from redan.scan.contract import Context
from redan.scan.pickles import streams
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import Region

_MAGIC = b"\x93NUMPY"
_MOST_HEADER_BYTES = 1 << 16  # NumPy itself refuses more than 10,000 unless pickles are allowed
_KEYS = {"descr", "fortran_order", "shape"}
_MOST_DIMENSIONS = 64
_LONG = re.compile(r"(?<=[(, ])(\d+)L(?=[,) ])")  # how Python 2 wrote the numbers of a shape
_DEEPEST = 16
_SIZES = {"b": 1, "?": 1, "i": 0, "u": 0, "f": 0, "c": 0, "m": 8, "M": 8, "S": 0, "a": 0, "V": 0, "U": 0, "O": 8}


class _LyingError(ValueError):
    """The header is not one that NumPy writes."""


def is_npy(region: Region, _name: str) -> bool:
    """The magic of six bytes."""
    return region.upto(0, 6) == _MAGIC


def read(region: Region, context: Context) -> Iterator[Detection]:
    """What stands behind the header: exactly the numbers that it announces, or a pickle."""
    try:
        start, size, objects = _header(region)
    except (_LyingError, SyntaxError, RecursionError, MemoryError) as error:
        what = f"The array's header is none that NumPy writes: {error}." if isinstance(error, _LyingError) else ""
        yield _odd(context, "npy-header", what or "The array's header is not a literal.", 0)
        return
    rest = region.size - start
    if objects:
        yield from _objects(region, context, start)
    elif rest < size:
        yield _odd(context, "unread-truncated", f"The array announces {size:,} bytes and has {rest:,}.", start)
    elif rest > size:
        what = f"{rest - size:,} bytes stand behind the array; a loader that is called again reads them."
        yield _odd(context, "unread-trailing", what, start + size)
        yield from context.inside("behind the array", region.window(start + size, rest - size))


def _objects(region: Region, context: Context, start: int) -> Iterator[Detection]:
    """The pickle of an array of objects; offsets are told as they are in the whole file."""
    from dataclasses import replace

    window = region.window(start, region.size - start)
    if not window.size:
        yield _odd(context, "unread-truncated", "The array announces objects and has none.", start)
        return
    for found in streams.read(window, context):
        inner = found.member == context.place and found.offset is not None
        yield replace(found, offset=(found.offset or 0) + start) if inner else found


def _header(region: Region) -> tuple[int, int, bool]:
    """Where the content starts, how many bytes it announces, and whether it is of objects."""
    major = region.read(6, 1)[0]
    width = 2 if major == 1 else 4
    if major not in {1, 2, 3}:
        raise _LyingError(f"its version is {major}")
    length = int.from_bytes(region.read(8, width), "little")
    if length > _MOST_HEADER_BYTES:
        raise _LyingError(f"it is {length:,} bytes long")
    text = region.read(8 + width, length).decode("latin-1" if major < 3 else "utf-8")  # noqa: PLR2004 -- NEP 1
    value = ast.literal_eval(_LONG.sub(r"\1", text.strip()))
    if not isinstance(value, dict) or set(value) != _KEYS:
        raise _LyingError("it has other keys")
    count = 1
    shape = value["shape"]
    if not isinstance(shape, tuple) or len(shape) > _MOST_DIMENSIONS or not isinstance(value["fortran_order"], bool):
        raise _LyingError("its shape or order is of another type")
    for side in shape:
        if not isinstance(side, int) or isinstance(side, bool) or side < 0:
            raise _LyingError("its shape holds what is no length")
        count *= side
    size, objects = _element(value["descr"], 0)
    return 8 + width + length, count * size, objects


def _element(descr: object, depth: int) -> tuple[int, bool]:
    """Bytes of one element, and whether any part of it is an object."""
    if depth > _DEEPEST:
        raise _LyingError("its type nests too deep")
    if isinstance(descr, str):
        return _plain(descr)
    if isinstance(descr, tuple) and len(descr) == 2:  # noqa: PLR2004 -- type and shape of a subarray
        return _times(_element(descr[0], depth + 1), descr[1])
    if not isinstance(descr, list):
        raise _LyingError("its type is none")
    size, objects = 0, False
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in {2, 3}:
            raise _LyingError("a field of its type is none")
        inner = _element(field[1], depth + 1)
        width, holds = _times(inner, field[2]) if len(field) > 2 else inner  # noqa: PLR2004 -- name, type, shape
        size, objects = size + width, objects or holds
    return size, objects


def _times(element: tuple[int, bool], shape: object) -> tuple[int, bool]:
    sides = shape if isinstance(shape, tuple) else (shape,)
    size = element[0]
    for side in sides:
        if not isinstance(side, int) or side < 0:
            raise _LyingError("a subarray has what is no length")
        size *= side
    return size, element[1]


def _plain(descr: str) -> tuple[int, bool]:
    code = descr.lstrip("<>|=")
    kind, width = code[:1], code[1:].partition("[")[0]
    if kind == "O":
        return 8, True
    if kind not in _SIZES or not ((width.isdecimal() and len(width) < 10) or code == "?"):  # noqa: PLR2004 -- digits
        raise _LyingError("its type is not known")
    if code == "?":
        return 1, False
    return int(width) * (4 if kind == "U" else 1), False


def _odd(context: Context, rule: str, what: str, offset: int) -> Detection:
    return Detection(
        rule=rule,
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what=what,
        member=context.place,
        offset=offset,
        reference="CWE-20",
        remedy="Load it with allow_pickle=False, or ask its maker for a file that NumPy wrote.",
    )
