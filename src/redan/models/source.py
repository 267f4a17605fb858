"""Where a model's bytes come from: a verified seal, or, on demand, plain files that are at least no links."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from redan.errors import InputError, UsageError
from redan.files import open_regular
from redan.seal.oms import Sealed, Trust, Verified, read_verified

LIMIT_BYTES = 16 << 30  # the whole of it must fit in memory


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

    def read(self, name: str, limit_bytes: int) -> bytes:
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
    """

    folder: Path
    name: str

    @property
    def sealed(self) -> Sealed | None:
        """Nothing vouches for these bytes."""
        return None

    def read(self, name: str, limit_bytes: int) -> bytes:
        """The bytes of one regular file; links and second names are refused (CVE-2025-51480, CVE-2026-27489)."""
        path = self.folder / name
        if any((self.folder / step).is_symlink() for step in PurePosixPath(name).parents if step.name):
            raise InputError("lies behind a symbolic link", where=str(path), remedy="give a regular file")
        with os.fdopen(open_regular(path), "rb") as file:
            if os.fstat(file.fileno()).st_nlink > 1:
                raise InputError("has a second name (a hard link)", where=str(path), remedy="copy the file")
            data = file.read(limit_bytes + 1)
        if len(data) > limit_bytes:
            raise InputError(f"is larger than {limit_bytes:,} bytes", where=str(path), remedy="raise limit_bytes")
        return data


@dataclass(frozen=True, slots=True)
class Vouched:
    """Files that a verified seal lists.

    Args:
        verified: the seal, with the reader of its files.
        name: of the model's file, as the seal lists it.
    """

    verified: Verified
    name: str

    @property
    def sealed(self) -> Sealed | None:
        """What the signer listed."""
        return self.verified.sealed

    def read(self, name: str, limit_bytes: int) -> bytes:
        """The bytes of a listed file, exactly those that were verified."""
        return self.verified.open(name, limit_bytes)


def vouched(path: Path, within: Path | None, seal: bytes, trust: Trust, ignore: Iterable[str]) -> Vouched:
    """A source of files that a seal lists.

    Args:
        path: the model's file.
        within: the folder that the seal covers; None when it covers the file alone.
        seal: the bytes of the seal.
        trust: whose signature is believed.
        ignore: files of the folder that the seal does not cover.

    Raises:
        InvalidError: the seal does not verify.
        UsageError: the file does not lie in the folder.
    """
    if within is None:
        return Vouched(read_verified(path, seal, trust), path.name)
    name = below(path, within)
    if name is None:
        raise UsageError(
            "the model does not lie in the sealed folder", where=str(path), remedy="give the folder that was sealed"
        )
    return Vouched(read_verified(within, seal, trust, ignore=tuple(ignore)), name)


def below(path: Path, folder: Path) -> str | None:
    """The name of a file in a folder with `/`, a link in its last place not followed; None when it lies elsewhere."""
    try:
        return (path.parent.resolve() / path.name).relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None
