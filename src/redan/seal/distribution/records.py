"""What a distribution is made of: roles, targets, releases, and what publishing and pulling came to."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from redan.canon import Json

Role: TypeAlias = Literal["root", "targets", "snapshot", "timestamp"]
ROLES: tuple[Role, ...] = get_args(Role)
Kind: TypeAlias = Literal["file", "folder"]

METADATA = "metadata"  # folder of the signed metadata, below the distribution
TARGETS = "targets"  # folder of the files, below the distribution
SEAL_LIMIT_BYTES = 32 << 20  # a seal lists some 150 bytes per file
KEY_LIMIT_BYTES = 64 << 10
ROOT_LIMIT_BYTES = 512_000  # as the reference client bounds them
TARGETS_LIMIT_BYTES = 5_000_000
LIFE_DAYS: Mapping[Role, int] = {"root": 365, "targets": 180, "snapshot": 30, "timestamp": 7}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file as the targets metadata signs it.

    Args:
        path: its name in the metadata, percent-encoded.
        length: bytes.
        sha256: 64 hex digits.
        custom: what the publisher says about it; None when nothing.
    """

    path: str
    length: int
    sha256: str
    custom: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedFile:
    """One file of a release.

    Args:
        path: below the release, with `/`, not encoded.
        target: how the metadata signs it.
    """

    path: str
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of one model.

    Args:
        name: of the model.
        version: as the publisher calls it.
        number: version of the targets metadata that it joined; the newest release has the highest.
        root: root digest of its seal, 64 hex digits.
        kind: whether a file or a folder was sealed.
        key_id: of the key that sealed it.
        seal: the OMS bundle.
        key: the public key of the seal, as PEM.
        files: what the seal covers.
    """

    name: str
    version: str
    number: int
    root: str
    kind: Kind
    key_id: str
    seal: Target
    key: Target
    files: tuple[ReleasedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of the files, without seal and key."""
        return sum(file.target.length for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a distribution stands: what a client trusts after it looked.

    Args:
        versions: by role.
        expires: by role, UTC.
        targets: by path.
    """

    versions: Mapping[Role, int]
    expires: Mapping[Role, dt.datetime]
    targets: Mapping[str, Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a change of a distribution came to.

    Args:
        folder: of the distribution.
        standing: as a client sees it now.
        release: that was added or was there already; None for other changes.
        began: whether the distribution was made just now.
        unchanged: whether the newest release was this one already.
        made: private keys that were made, by role.
        retired: ids of keys that count no longer, with the files of their private halves where these are at hand.
        away: roles that are due for renewal and whose keys are not in the key folder.
        withdrawn: the release that was taken back.
    """

    folder: Path
    standing: Standing
    release: Release | None = None
    began: bool = False
    unchanged: bool = False
    made: tuple[tuple[Role, Path], ...] = ()
    retired: tuple[tuple[str, Path | None], ...] = ()
    away: tuple[Role, ...] = ()
    withdrawn: Release | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull came to.

    Args:
        place: folder of the release.
        release: that lies there now.
        standing: what the client trusts.
        before: the version that lay there, None for the first.
        fetched: whether anything was downloaded.
        restored: why what lay there was fetched again, when it was not as sealed.
        pinned: whether the key of the seal was given by the caller.
    """

    place: Path
    release: Release
    standing: Standing
    before: str | None = None
    fetched: bool = True
    restored: str | None = None
    pinned: bool = False
