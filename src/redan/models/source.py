"""Where a model's bytes come from: a verified seal, or, on demand, plain files that are at least no links."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from redan.errors import InputError, UsageError
from redan.files import open_regular
from redan.seal.oms import Sealed, Trust, read_verified

LIMIT_BYTES = 16 << 30  # of one file; the whole of it must fit in memory


class Source(Protocol):
    """Hands out files of one model, each read once; what it hands out is what was verified."""

    @property
    def name(self) -> str:
        """The model's own file, as the seal lists it or below its folder."""
        ...

    @property
    def sealed(self) -> Sealed | None:
        """What vouches for the bytes; None when nothing does."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            InvalidError: they are not those that were sealed, or the seal does not list the file.
            InputError: the file is missing, too large, a link, or has a second name.
        """
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """Files below one folder that nothing vouches for.

    Args:
        folder: the model's folder.
        name: of the model's file in it.
        limit_bytes: of one file.
    """

    folder: Path
    name: str
    limit_bytes: int

    @property
    def sealed(self) -> Sealed | None:
        """Nothing vouches for these bytes."""
        return None

    def read(self, name: str) -> bytes:
        """The bytes of one regular file; links and second names are refused (CVE-2025-51480, CVE-2026-27489)."""
        path = self.folder / name
        if any(parent.is_symlink() for parent in path.parents if parent != self.folder and self.folder in parent.parents):
            raise InputError("lies behind a symbolic link", where=str(path), remedy="give a regular file")
        with os.fdopen(open_regular(path), "rb") as file:
            before = os.fstat(file.fileno())
            if before.st_nlink > 1:
                raise InputError("has a second name (a hard link)", where=str(path), remedy="copy the file")
            data = file.read(self.limit_bytes + 1)
        if len(data) > self.limit_bytes:
            raise InputError(f"is larger than {self.limit_bytes:,} bytes", where=str(path), remedy="raise limit_bytes")
        return data


@dataclass(frozen=True, slots=True)
class Vouched:
    """Files that a verified seal lists.

    Args:
        verified: the seal, with the reader of its files.
        name: of the model's file, as the seal lists it.
        limit_bytes: of one file.
    """

    verified: "_Verified"
    name: str
    limit_bytes: int

    @property
    def sealed(self) -> Sealed | None:
        """What the signer listed."""
        return self.verified.sealed

    def read(self, name: str) -> bytes:
        """The bytes of a listed file, exactly those that were verified."""
        return self.verified.open(name, self.limit_bytes)


class _Verified(Protocol):
    @property
    def sealed(self) -> Sealed: ...

    def open(self, name: str, limit_bytes: int = ...) -> bytes: ...


def plain(path: Path, limit_bytes: int) -> Plain:
    """A source of files that nothing vouches for.

    Args:
        path: the model's file.
        limit_bytes: of one file.
    """
    return Plain(path.parent, path.name, limit_bytes)


def vouched(
    path: Path, within: Path | None, seal: bytes, trust: Trust, *, ignore: Iterable[str], limit_bytes: int
) -> Vouched:
    """A source of files that a seal lists.

    Args:
        path: the model's file.
        within: the folder that the seal covers; None when it covers the file alone.
        seal: the bytes of the seal.
        trust: whose signature is believed.
        ignore: files of the folder that the seal does not cover, such as the seal itself.
        limit_bytes: of one file.

    Raises:
        InvalidError: the seal does not verify, or does not list the file.
        UsageError: the file does not lie in the folder.
    """
    if within is None:
        verified = read_verified(path, seal, trust)
        return Vouched(verified, verified.sealed.names[0], limit_bytes)
    try:
        name = Path(os.path.abspath(path)).relative_to(os.path.abspath(within)).as_posix()
    except ValueError as error:
        raise UsageError(
            "the model does not lie in the sealed folder", where=str(path), remedy="give the folder that was sealed"
        ) from error
    return Vouched(read_verified(within, seal, trust, ignore=tuple(ignore)), name, limit_bytes)
