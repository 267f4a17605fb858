"""JSON of anyone: bounded, read once, with what two parsers could read differently said aloud.

Source: RFC 8259 section 4 leaves duplicate names open; section 9 lets a parser set limits.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from redan.canon import Json

LIMIT_BYTES = 64 << 20
LIMIT_NESTED = 4_000_000  # objects and arrays; each takes twenty times its two bytes once it is read
_PATH_CHARS = 200
_BOM = b"\xef\xbb\xbf"


class JsonError(Exception):
    """These bytes are no JSON, or JSON nested too deep; the message is one sentence without values."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value and what the grammar left open in it.

    Args:
        value: the last of duplicate names counts, as in Python and most loaders.
        duplicates: names that stand twice in one object, at most a few.
    """

    value: Json
    duplicates: tuple[str, ...]


def parse(data: bytes) -> Parsed:
    """The value of JSON bytes in UTF-8.

    Args:
        data: bytes of anyone; one byte order mark may lead, as Python's loader allows it.

    Returns:
        The value, and duplicate names.

    Raises:
        JsonError: they are not JSON in UTF-8, too long, or nested deeper than the interpreter's stack.
    """
    if len(data) > LIMIT_BYTES:
        raise JsonError(f"{len(data):,} bytes of JSON are more than the limit of {LIMIT_BYTES:,}")
    if data.count(b"{") + data.count(b"[") > LIMIT_NESTED:
        raise JsonError(f"the JSON text has more than {LIMIT_NESTED:,} objects and arrays")
    twice: list[str] = []
    try:
        text = data.removeprefix(_BOM).decode("utf-8")
        value = json.loads(text, object_pairs_hook=_pairs(twice))
    except UnicodeDecodeError as error:
        raise JsonError("the JSON text is not UTF-8") from error
    except RecursionError as error:
        raise JsonError("the JSON text is nested too deep") from error
    except ValueError as error:
        raise JsonError("the text is not JSON") from error
    return Parsed(value, tuple(twice))


def _pairs(twice: list[str]) -> Callable[[list[tuple[str, Json]]], dict[str, Json]]:
    def build(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) != len(pairs) and len(twice) < 3:  # noqa: PLR2004 -- three names are enough for a message
            names = [name for name, _ in pairs]
            twice.extend(sorted({n for n in names if names.count(n) > 1})[:3] if len(names) < 1000 else names[:1])  # noqa: PLR2004
        return found

    return build


def walk(value: Json) -> Iterator[tuple[str, Json]]:
    """Every value inside a value with its path such as `$.layers[3].config`, without recursion, in document order."""
    waiting = [iter([("$", value)])]
    while waiting:
        for path, here in waiting[-1]:
            yield path, here
            if isinstance(here, dict | list):
                waiting.append(_children(path, here))
                break
        else:
            waiting.pop()


def _children(path: str, here: "dict[str, Json] | list[Json]") -> Iterator[tuple[str, Json]]:
    """The values of one object or array, one after the other: millions of paths at once would fill the memory."""
    if isinstance(here, dict):
        for name, value in here.items():
            yield (f"{path}.{name}" if len(path) < _PATH_CHARS else path), value
    else:
        for place, value in enumerate(here):
            yield (f"{path}[{place}]" if len(path) < _PATH_CHARS else path), value
