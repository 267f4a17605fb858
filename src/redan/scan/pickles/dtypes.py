"""How many bytes an element of a NumPy array takes, said by the pickled dtype alone."""

import re
from typing import NamedTuple

from redan.scan.pickles.machine import tuple_of
from redan.scan.pickles.values import Bag, Made, Name, Value

_CODE = re.compile(r"[<>|=]?([?bBhHiIlLqQefdgFDGOSUVcmMapP]|[biufcmMSUVOa])(\d{0,12})")
# Letters whose width depends on the platform (l, L, g, G, p, P) are left out: nothing writes them.
_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8, "e": 2, "f": 4}
_MORE_SIZES = {"d": 8, "F": 8, "D": 16, "c": 1, "m": 8, "M": 8}
_CLASSES = {"bool": 1, "bool_": 1, "intc": 4, "half": 2, "single": 4, "double": 8, "longlong": 8, "float": 8}
_WIDTH = re.compile(r"(?:uint|int|float|complex)(8|16|32|64|128|256)")
_TEXTUAL = re.compile(r"[<>|=]?[SUVa]")
_DTYPES = ("numpy.dtype",)
_DEEPEST = 32
_STATE_PARTS = 8  # version, byte order, subarray, names, fields, size, alignment, flags
_PAIR = 2
_OBJECT_FLAGS = 3


class Layout(NamedTuple):
    """Bytes of one element, and whether elements are Python objects."""

    size: int
    objects: bool


def layout_of(value: Value, depth: int = 0) -> Layout | None:
    """The layout of a pickled dtype; None when it cannot be told.

    Source: numpy/core/src/multiarray/descriptor.c, `arraydescr_reduce`.
    """
    if isinstance(value, Name):
        return _of_class(value)
    if not isinstance(value, Made) or not isinstance(value.func, Name) or depth > _DEEPEST:
        return None
    if value.func.module == "numpy.dtypes":
        return _of_word(value.func.name.removesuffix("DType").lower())
    items = tuple_of(value.args)
    if not value.of(*_DTYPES) or not items:
        return None
    code = items[0]
    plain = _of_code(code) if isinstance(code, str) else layout_of(code, depth + 1)
    return _of_state(tuple_of(value.state), plain, isinstance(code, str) and _TEXTUAL.match(code) is not None, depth)


def _of_state(state: list[Value] | None, plain: Layout | None, textual: bool, depth: int) -> Layout | None:
    """What the state makes of the code: subarrays, fields and the width of text are written there."""
    if state is None or len(state) < _STATE_PARTS:
        return plain
    if state[2] is not None:
        return _of_subarray(state[2], depth)
    if isinstance(state[4], Bag):
        return _of_fields(state[4], state[5], depth)
    size = state[5]
    return Layout(size, False) if textual and isinstance(size, int) and size > 0 else plain


def lies(dtype: Made) -> bool:
    """Whether a dtype's state says what NumPy never writes: hidden objects, or fields behind the end.

    Source: numpy/core/include/numpy/ndarraytypes.h, `NPY_ITEM_HASOBJECT` and `NPY_LIST_PICKLE`.
    """
    state = tuple_of(dtype.state)
    if state is None or len(state) < _STATE_PARTS:
        return False
    layout, flags = layout_of(dtype), state[7]
    if layout is None or not isinstance(flags, int) or (layout.objects and flags & _OBJECT_FLAGS != _OBJECT_FLAGS):
        return True
    fields = state[4].items[1::2] if isinstance(state[4], Bag) else []
    return any(not _inside(tuple_of(entry), layout.size) for entry in fields)


def _inside(field: list[Value] | None, size: int) -> bool:
    """Whether a field of a structure ends where the structure does, or before."""
    if not field or len(field) < _PAIR or not isinstance(field[1], int):
        return False
    inner = layout_of(field[0])
    return inner is not None and 0 <= field[1] <= size - inner.size


def _of_code(code: str) -> Layout | None:
    found = _CODE.fullmatch(code)
    if found is None:
        return _of_word(code)
    letter, digits = found[1], found[2]
    if letter == "O":
        return Layout(8, True)
    if digits:
        size = int(digits) * (4 if letter == "U" else 1)
        return Layout(8 if letter in {"m", "M"} else size, False)
    width = {**_SIZES, **_MORE_SIZES}.get(letter)
    return None if width is None else Layout(width, False)


def _of_word(word: str) -> Layout | None:
    if word in {"object", "object_"}:
        return Layout(8, True)
    if word in _CLASSES:
        return Layout(_CLASSES[word], False)
    found = _WIDTH.fullmatch(word)
    return None if found is None else Layout(int(found[1]) // 8, False)


def _of_class(value: Name) -> Layout | None:
    return _of_word(value.name) if value.module in {"numpy", "builtins"} else None


def _of_subarray(pair: Value, depth: int) -> Layout | None:
    items = tuple_of(pair)
    if items is None or len(items) != _PAIR:
        return None
    base = layout_of(items[0], depth + 1)
    sides = [items[1]] if isinstance(items[1], int) else tuple_of(items[1])
    if base is None or sides is None:
        return None
    size = base.size
    for side in sides:
        if not isinstance(side, int) or side < 0:
            return None
        size *= side
    return Layout(size, base.objects)


def _of_fields(fields: Bag, size: Value, depth: int) -> Layout | None:
    if not isinstance(size, int) or size < 0 or not fields.whole:
        return None
    objects = False
    for entry in fields.items[1::2]:
        parts = tuple_of(entry)
        inner = layout_of(parts[0], depth + 1) if parts else None
        if inner is None:
            return None
        objects = objects or inner.objects
    return Layout(size, objects)
