"""The address of the store that replicas share; its password stands in no description and in no message.

Source: A-MLSG-004-D003.
"""

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from redan.errors import ConfigError
from redan.files.beside import Beside

_SCHEMES: Final = ("valkey", "valkeys", "redis", "rediss", "unix")
_ELSEWHERE: Final = re.compile(r"env:[A-Z][A-Z0-9_]{0,99}|file:[^\x00-\x1f\x7f]{1,500}")
_REMEDY: Final = "write 'valkey://127.0.0.1:6379', or 'env:NAME' where it holds a password"
_SHOWN: Final = "give 'valkeys://user:password@host:6379/0' there"


def accept_store(said: str, where: str) -> None:
    """Accepts what a description says of the store, or raises.

    Args:
        said: an address, or `env:NAME` or `file:NAME` for where the address is.
        where: for the error.

    Raises:
        ConfigError: it is neither, or an address with a password in it.
    """
    if _ELSEWHERE.fullmatch(said):
        return
    if not _store(said):
        raise ConfigError("is no address of a store", where=where, remedy=_REMEDY)
    if _secretive(said):
        raise ConfigError(
            "holds a password that everybody reads who reads the description",
            where=where,
            remedy="write 'env:NAME', give the whole address in that variable, and take a new password",
        )


def store_address(said: str, beside: Beside) -> str:
    """The address itself; no message holds any of what was elsewhere.

    Args:
        said: as `accept_store` accepted it.
        beside: where references lead.

    Raises:
        ConfigError: the variable is not set, the file cannot be read or may be read by others, or what is there is no
            address of a store.
    """
    if not _ELSEWHERE.fullmatch(said):
        return said
    try:
        found = beside.secret(said).decode("ascii")
    except UnicodeDecodeError:
        found = ""
    if not _store(found):
        raise ConfigError("holds no address of a store", where=f"gateway.store: {said}", remedy=_SHOWN)
    return found


def _store(text: str) -> bool:
    """Whether it is an address that the client of the store takes."""
    try:
        parts = urlsplit(text)
        return parts.scheme in _SCHEMES and bool(parts.hostname or Path(parts.path).name) and parts.port != 0
    except ValueError:
        return False


def _secretive(text: str) -> bool:
    parts = urlsplit(text)
    return parts.password is not None or "password=" in parts.query
