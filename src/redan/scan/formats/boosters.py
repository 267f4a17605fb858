"""Boosted trees in their own formats: XGBoost UBJSON and old binary, LightGBM text, CatBoost.

Sources: Universal Binary JSON draft 12 as `xgboost/src/common/json.cc` writes it;
`lightgbm/src/boosting/gbdt_model_text.cpp`. JSON dumps of all three are read as JSON.
"""

import re
from collections.abc import Iterator

from redan.scan.contract import Context, Format
from redan.scan.formats import plain, strict_json
from redan.scan.formats.cursor import Cursor
from redan.scan.records import Detection
from redan.scan.region import READ_LIMIT_BYTES, Region, RegionError
from redan.scan.say import Voice, shown

_DEEPEST = 64
_KEY_LIMIT = 1 << 16
_FIXED = {b"Z": 0, b"N": 0, b"T": 0, b"F": 0, b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8, b"d": 4, b"D": 8, b"C": 1}
_LENGTHS = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}
_BOOSTER = re.compile(rb"(?:\x06|\x08|\x04)\0{7}(?:gbtree|gblinear|dart)")
_TREE_LINE = re.compile(r"[a-z_]+(?:=.*)?\Z")
_SECTIONS = re.compile(r"Tree=\d+\Z|end of trees\Z|feature_importances:\Z|parameters:\Z|end of parameters\Z")
_PARAMETER = re.compile(r"\[[\w.]+: .*\]\Z|\[[\w.]+:\]\Z")
_IMPORTANCE = re.compile(r".+=[\d.eE+\-]+\Z")


class _BrokenError(ValueError):
    """A rule of the format is broken; one sentence."""


def recognise_ubjson(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the bytes begin with an object of UBJSON whose first name has a length."""
    head = region.upto(0, 2)
    return head[:1] == b"{" and head[1:] in _LENGTHS and b'"' not in region.upto(0, 3)


def read_ubjson(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of an XGBoost model: none when it is well formed to its last byte."""
    say = Voice(context.place)
    cursor = Cursor(region, 0)
    try:
        _model(cursor, context)
    except (_BrokenError, RegionError) as error:
        yield say.unclear(
            "ubjson-structure",
            f"The file is not understood as UBJSON of XGBoost: {error}.",
            offset=cursor.at,
            remedy="Save the model as JSON with a current release of XGBoost.",
        )


def _model(cursor: Cursor, context: Context) -> None:
    """Walks one model, which is the whole file.

    Raises:
        _BrokenError: it is not.
    """
    if "learner" not in _walk(cursor, context):
        raise _BrokenError("it holds no learner, so it is no model of XGBoost")
    if cursor.left:
        raise _BrokenError(f"{cursor.left:,} bytes follow its end")


def _walk(cursor: Cursor, context: Context) -> set[str]:
    """Names of the outermost object, after every value was walked over."""
    if cursor.take(1) != b"{":
        raise _BrokenError("it is no object")
    names: set[str] = set()
    # Each open container: whether it is an object, how many values are left (None: until its end mark), their type.
    open_: list[tuple[bool, int | None, bytes]] = [(True, *_container(cursor, context))]
    while open_:
        context.budget.spend(steps=1)
        is_object, count, kind = open_.pop()
        if count == 0 or (count is None and _ends(cursor, is_object)):
            continue
        open_.append((is_object, None if count is None else count - 1, kind))
        if is_object:
            key = _text(cursor)
            if len(open_) == 1:
                names.add(key)
        mark = kind or cursor.take(1)
        if mark in {b"{", b"["}:
            if len(open_) >= _DEEPEST:
                raise _BrokenError(f"it nests deeper than {_DEEPEST}")
            open_.append((mark == b"{", *_container(cursor, context)))
            _skip_numbers(cursor, open_)
        else:
            _scalar(cursor, mark)
    return names


def _container(cursor: Cursor, context: Context) -> tuple[int | None, bytes]:
    """Count and type of a container that states them; None and nothing when it does not."""
    kind = b""
    mark = _peek(cursor)
    if mark == b"$":
        cursor.take(1)
        kind = cursor.take(1)
        if kind not in _FIXED and kind not in {b"S", b"{", b"["}:
            raise _BrokenError("a list is of an unknown type")
        mark = _peek(cursor)
        if mark != b"#":
            raise _BrokenError("a list states a type and no count")
    if mark != b"#":
        return None, b""
    cursor.take(1)
    count = _length(cursor)
    if count > max(cursor.left, 1) * (1 if _FIXED.get(kind, 1) else 1 << 20):
        raise _BrokenError(f"a list of {count:,} values does not fit into the file")
    context.budget.spend(steps=1)
    return count, kind


def _skip_numbers(cursor: Cursor, open_: list[tuple[bool, int | None, bytes]]) -> None:
    """A list of numbers of one size is stepped over at once."""
    is_object, count, kind = open_[-1]
    if not is_object and count is not None and kind in _FIXED:
        open_.pop()
        cursor.skip(count * _FIXED[kind])


def _ends(cursor: Cursor, is_object: bool) -> bool:
    if _peek(cursor) != (b"}" if is_object else b"]"):
        return False
    cursor.take(1)
    return True


def _peek(cursor: Cursor) -> bytes:
    mark = cursor.take(1)
    cursor.at -= 1
    return mark


def _length(cursor: Cursor) -> int:
    mark = cursor.take(1)
    if mark not in _LENGTHS:
        raise _BrokenError("a length is no number")
    value = int.from_bytes(cursor.take(_LENGTHS[mark]), "big", signed=mark != b"U")
    if value < 0:
        raise _BrokenError("a length is negative")
    return value


def _text(cursor: Cursor) -> str:
    size = _length(cursor)
    if size > _KEY_LIMIT:
        raise _BrokenError("a name is too long")
    try:
        return cursor.take(size).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _BrokenError("a name is not UTF-8") from error


def _scalar(cursor: Cursor, mark: bytes) -> None:
    if mark in _FIXED:
        cursor.skip(_FIXED[mark])
    elif mark in {b"S", b"H"}:
        cursor.skip(_length(cursor))
    else:
        raise _BrokenError("a value is of an unknown type")


def recognise_xgboost(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the name of a booster stands where XGBoost's old format has it, or the buffer of a pickle begins."""
    head = region.upto(0, 512)
    return (
        head[:4] == b"binf" or head.startswith(b"CONFIG-offset:") or (b"\0\0" in head and bool(_BOOSTER.search(head)))
    )


def read_xgboost(_region: Region, context: Context) -> Iterator[Detection]:
    """The old format of XGBoost is not read: it has no magic, no lengths and no check."""
    yield Voice(context.place).unclear(
        "unread-xgboost-binary",
        "The old binary format of XGBoost cannot be checked.",
        remedy='Save the model as "model.json" or "model.ubj" with a current release of XGBoost.',
    )


def recognise_lightgbm(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the text begins as LightGBM writes it."""
    return bool(re.match(rb"(?:tree|average_output)\r?\n(?:version=v\d+)", region.upto(0, 64)))


def read_lightgbm(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a LightGBM model: its lines are settings, trees, importances and parameters, nothing else."""
    say = Voice(context.place)
    if region.size > READ_LIMIT_BYTES:
        yield say.unclear("unread-text", f"{region.size:,} bytes of text are more than this scanner reads.")
        return
    data = region.read(0, region.size)
    yield from plain.encoding_faults(data, say)
    offset, part = 0, "head"
    for raw in data.split(b"\n"):
        line = raw.decode("utf-8", errors="replace").rstrip("\r")
        part, fault = _lightgbm_line(line, part)
        if fault:
            yield say.unclear(
                "lightgbm-line",
                f"A line is none that LightGBM writes: `{shown(line, 40)}`.",
                offset=offset,
                remedy="Save the model again with LightGBM.",
            )
            return
        offset += len(raw) + 1
    context.budget.spend(steps=offset // 64)
    if part != "end":
        yield say.unclear("lightgbm-line", "The text breaks off before the end of the trees.", offset=offset)


_PARTS = {
    "end of trees": "end",
    "feature_importances:": "importances",
    "parameters:": "parameters",
    "end of parameters": "end",
}


def _lightgbm_line(line: str, part: str) -> tuple[str, bool]:
    """The part of the file after a line, and whether the line does not belong there."""
    if not line.strip():
        return part, False
    if line.startswith("pandas_categorical:"):
        return "end", not _is_json(line.partition(":")[2])
    if _SECTIONS.match(line):
        return _PARTS.get(line, "tree"), False
    allowed = _LINES.get(part)
    return part, allowed is None or not allowed.match(line)


_LINES = {"head": _TREE_LINE, "tree": _TREE_LINE, "importances": _IMPORTANCE, "parameters": _PARAMETER}


def _is_json(text: str) -> bool:
    try:
        strict_json.parse(text.encode())
    except strict_json.JsonError:
        return False
    return True


def recognise_catboost(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the bytes begin with the magic of CatBoost."""
    return region.upto(0, 4) == b"CBM1"


def read_catboost(_region: Region, context: Context) -> Iterator[Detection]:
    """CatBoost's binary format is not read."""
    yield Voice(context.place).unclear(
        "unread-catboost",
        "The binary format of CatBoost is not examined.",
        remedy='Save the model with format="json" or format="onnx".',
    )


FORMATS = (
    Format(name="xgboost-ubjson", recognise=recognise_ubjson, read=read_ubjson),
    Format(name="xgboost-binary", recognise=recognise_xgboost, read=read_xgboost),
    Format(name="lightgbm", recognise=recognise_lightgbm, read=read_lightgbm),
    Format(name="catboost", recognise=recognise_catboost, read=read_catboost),
)
