"""Canonical bytes and digests: the same value always has the same bytes.

Source: RFC 8785 (JSON Canonicalization Scheme), FIPS 180-4 (SHA-256).
"""

import hashlib
from typing import TypeAlias

import rfc8785

Json: TypeAlias = "None | bool | int | float | str | list[Json] | tuple[Json, ...] | dict[str, Json]"


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
