"""Verifying: the signature first, then the list, then every byte."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from redan.errors import UsageError
from redan.seal.oms.records import Progress, Sealed, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A seal whose signature is valid and whose files are all there; their bytes are verified when they are read.

    Args:
        path: the sealed file or folder.
        sealed: what the signer listed.
    """

    path: Path
    sealed: Sealed

    def open(self, name: str, limit_bytes: int = 16 << 30) -> bytes:
        """The bytes of a listed file, read once, and exactly those that were verified."""
        raise UsageError("not there yet")


def verify(
    path: Path,
    bundle: bytes,
    trust: Trust,
    *,
    ignore_unsigned: bool = False,
    ignore: Iterable[str] = (),
    now: dt.datetime | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Sealed:
    """What a seal covers, after every byte of it was verified."""
    raise UsageError("not there yet")


def read_verified(
    path: Path,
    bundle: bytes,
    trust: Trust,
    *,
    ignore_unsigned: bool = False,
    ignore: Iterable[str] = (),
    now: dt.datetime | None = None,
) -> Verified:
    """A reader of a sealed path: verifies the signature and the list now, and the bytes of each file when it is read."""
    raise UsageError("not there yet")
