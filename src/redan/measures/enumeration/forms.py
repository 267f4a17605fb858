"""What a column of pseudonyms looks like: digests in hex or base64, whole or cut short, with whatever stands around."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

FEWEST_DIGITS = 8  # hex digits; shorter values are numbers or codes
SHARE = 0.9  # of the values must have the form
LONGEST = 200  # characters; no digest is written with more
_HEX = re.compile(r"[0-9a-f]+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_WHOLE: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        32: ("md5", "sha256", "sha1"),
        40: ("sha1", "sha256"),
        56: ("sha224", "sha3_224"),
        64: ("sha256", "sha3_256", "blake2s"),
        96: ("sha384",),
        128: ("sha512", "blake2b", "sha3_512"),
    }
)
_CUT = ("sha256", "md5", "sha1")  # of a digest cut short, any may be the source


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What digests look like.

    Args:
        encoding: `hex`, `base64`, `base32` or `uuid`.
        digits: hex digits that are left of each digest.
        algorithms: hash functions that may have made them, likeliest first.
        values: the digests as lower-case hex.
    """

    encoding: str
    digits: int
    algorithms: tuple[str, ...]
    values: tuple[str, ...]


def form_of(values: Sequence[str]) -> Form | None:
    """The digests that pseudonyms are; None when most are none.

    Args:
        values: distinct pseudonyms; what all of them begin with, up to a separator, is passed over.
    """
    if not values:
        return None
    texts = _without_front([v[: LONGEST + 1].strip() for v in values])
    readers: tuple[tuple[str, Callable[[str], str | None]], ...] = (
        ("uuid", _uuid),
        ("hex", _hex),
        ("base64", _base64),
        ("base32", _base32),
    )
    for encoding, read in readers:
        found = Counter(len(h) for t in texts if (h := read(t)) is not None)
        if not found:
            continue
        digits, count = found.most_common(1)[0]
        if count >= SHARE * len(texts) and digits >= FEWEST_DIGITS:
            digests = tuple(h for t in texts if (h := read(t)) is not None and len(h) == digits)
            if not _are_numbers(digests):
                return Form(encoding=encoding, digits=digits, algorithms=_algorithms(digits), values=digests)
    return None


def decoded(values: Sequence[str]) -> list[str]:
    """The texts that values merely encode, in base64 or hex; empty unless nearly all do."""
    found = [text for v in values if len(v) <= LONGEST and (text := _text(v.strip())) is not None]
    return found if found and len(found) >= SHARE * len(values) else []


def _algorithms(digits: int) -> tuple[str, ...]:
    return _WHOLE.get(digits, _CUT)


def _are_numbers(digests: Sequence[str]) -> bool:
    """Hex digits without a single letter are decimal numbers."""
    return not any(not d.isdecimal() for d in digests)


def _without_front(texts: list[str]) -> list[str]:
    first, last = min(texts), max(texts)  # what these two share, all share
    front = first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    cut = max((i + 1 for i, c in enumerate(front) if not c.isalnum()), default=0)
    return [t[cut:] for t in texts]


def _uuid(text: str) -> str | None:
    return text.lower().replace("-", "") if _UUID.fullmatch(text.lower()) else None


def _hex(text: str) -> str | None:
    bare = text.lower().removeprefix("0x")
    return bare if _HEX.fullmatch(bare) else None


def _base64(text: str) -> str | None:
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) in (16, 20, 28, 32, 48, 64) else None


def _base32(text: str) -> str | None:
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) in (10, 16, 20, 32) else None


def _text(value: str) -> str | None:
    for read in (bytes.fromhex, _from_base64):
        try:
            text = read(value).decode("ascii")
        except (ValueError, binascii.Error):
            continue
        if len(text) >= FEWEST_DIGITS // 2 and text.isprintable():
            return text
    return None


def _from_base64(value: str) -> bytes:
    return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
