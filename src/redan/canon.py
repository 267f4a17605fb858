"""Canonical bytes and digests: the same value always has the same bytes.

Source: RFC 8785 (JSON Canonicalization Scheme), FIPS 180-4 (SHA-256).
"""

import hashlib
import json
import re
from typing import TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | float | str | list[Json] | tuple[Json, ...] | dict[str, Json] | None"

# Possessive, and an open string runs to the end: hostile quotes cost linear time.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{}\]]', re.DOTALL)
_EXACT_DIGITS = 15  # every integer of 15 digits is a double without rounding


def canonical(value: Json) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Args:
        value: a JSON value; numbers must be finite and integers within 2**53.

    Returns:
        UTF-8 bytes without insignificant white space, object keys sorted.

    Raises:
        ValueError: a number is not finite or an integer is too large, or a key is not a string.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


def digest(data: bytes) -> str:
    """The SHA-256 of bytes as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value: Json) -> str:
    """The SHA-256 of a JSON value's canonical bytes, as 64 lower-case hex digits."""
    return digest(canonical(value))


def parse_canonical(data: bytes, *, limit_bytes: int, depth: int = 32) -> Json:
    """The JSON value whose canonical bytes `data` is, and nothing else.

    Source: RFC 8785; RFC 8259 section 4 leaves duplicate names open, here they are refused.

    Args:
        data: bytes of anyone.
        limit_bytes: the most bytes that are looked at.
        depth: the deepest nesting of arrays and objects.

    Returns:
        The value; `canonical` of it is `data`.

    Raises:
        ValueError: too large, too deep, not JSON, a name twice, or not canonical; names the byte offset if it can.
    """
    value = parse_strict(data, limit_bytes=limit_bytes, depth=depth)
    again = canonical(value)
    if again != data:
        raise ValueError(f"not canonical JSON from byte {_first_difference(again, data):,} on")
    return value


def parse_strict(data: bytes, *, limit_bytes: int, depth: int = 32) -> Json:
    """The JSON value of bytes that need not be canonical, as files of other tools are not.

    Source: RFC 8259; section 4 leaves duplicate names open, here they are refused.

    Args:
        data: bytes of anyone.
        limit_bytes: the most bytes that are looked at.
        depth: the deepest nesting of arrays and objects.

    Returns:
        The value; numbers beyond 15 digits are doubles, and may be infinite.

    Raises:
        ValueError: too large, too deep, not JSON, or a name twice in one object; names the byte offset if it can.
    """
    if len(data) > limit_bytes:
        raise ValueError(f"larger than {limit_bytes:,} bytes")
    _refuse_depth(data, depth)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start:,}") from error
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_int=_number, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at byte {len(text[: error.pos].encode()):,}: {error.msg}") from error
    return value  # type: ignore[no-any-return]


def _refuse_depth(data: bytes, depth: int) -> None:
    level = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        token = match.group()
        if token in (b"{", b"["):
            level += 1
        elif token in (b"}", b"]"):
            level -= 1
        if level > depth:
            raise ValueError(f"nested deeper than {depth} at byte {match.start():,}")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return table


def _number(text: str) -> int | float:
    # RFC 8785 section 3.2.2.3: a number is a double; beyond 2**53 an int would claim more digits than it has.
    return int(text) if len(text) <= _EXACT_DIGITS else float(text)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _first_difference(one: bytes, other: bytes) -> int:
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)
