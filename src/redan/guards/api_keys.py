"""Clients known by a key of their own, of which only the SHA-256 is held.

Keys are 256 random bits, so a plain hash cannot be turned back, and the whole digest is what is looked up: no prefix,
and no comparison whose time tells how much of a guess was right (research: R21, R22).
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Final

from redan.errors import ConfigError
from redan.exchange.flow import Identity

PREFIX: Final = "redan_"
_FORM = re.compile(r"redan_[A-Za-z0-9_-]{43}")
_DIGEST_BYTES = 32


def new_key() -> str:
    """A new key: `redan_` and 256 random bits in base64url."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(key: str) -> str:
    """What is kept of a key: 64 hex digits.

    Raises:
        ConfigError: it is no key of `new_key`; a password has too little in it to be kept this way.
    """
    if not _FORM.fullmatch(key):
        raise ConfigError("is no key of redan's", remedy="make one of 256 random bits")
    return hashlib.sha256(key.encode()).hexdigest()


def by_digest(clients: Mapping[str, Identity]) -> dict[bytes, Identity]:
    """Identities by the digest of their key, as `Identify` looks them up.

    Args:
        clients: by the hex digits of `hashed`.

    Raises:
        ConfigError: a digest is none of SHA-256.
    """
    try:
        found = {bytes.fromhex(digest): identity for digest, identity in clients.items()}
    except ValueError as error:
        raise ConfigError("a key's digest is not 64 hex digits") from error
    if any(len(digest) != _DIGEST_BYTES for digest in found) or len(found) != len(clients):
        raise ConfigError("a key's digest is not 64 hex digits, or is there twice")
    return found
