"""The files of a release on their way into the distribution: copied once, and only as the seal lists them."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from redan.errors import InputError, InvalidError, UsageError
from redan.files import CHUNK_BYTES, make_folder, open_regular
from redan.seal.distribution.names import fault, target_path
from redan.seal.distribution.records import TARGETS, Release, ReleasedFile, Target
from redan.seal.keys import PublicKey
from redan.seal.oms import Sealed, verify


class Staged(NamedTuple):
    """A copy of one file that nobody asks for yet."""

    path: str
    copy: Path
    length: int
    sha256: str


def stage(source: Path, sealed: Sealed, seal: bytes, key: PublicKey, into: Path) -> tuple[Staged, ...]:
    """Copies what a seal covers, and proves of the copy that the seal covers it.

    Args:
        source: the sealed file or folder.
        sealed: what the seal says, verified over `source`.
        seal: the bundle.
        key: the signer's.
        into: an empty folder on the file system of the distribution.

    Raises:
        InvalidError: a file changed between its verification and the copy.
        InputError: a name cannot be published.
    """
    whole = source.is_dir()
    names = sealed.names if whole else (source.name,)
    for name in names:
        if (why := fault(name)) is not None:
            raise InputError(f"a file cannot be published: its name {name[:120]!a} {why}", where=str(source))
    root = into if whole else into / source.name
    staged = tuple(_copied(name, source / name if whole else source, into / name) for name in names)
    listed = {resource.name: resource.digest for resource in sealed.resources if resource.algorithm == "sha256"}
    if sealed.serialization.method == "files" and set(listed) == set(sealed.names):
        for file in staged:
            if file.sha256 != listed.get(file.path if whole else sealed.names[0]):
                raise InvalidError(
                    f"{file.path!r} changed after its seal was verified", where=str(source), remedy="publish again"
                )
    else:
        verify(root, seal, key)
    return staged


def place(release: Release, staged: tuple[Staged, ...], folder: Path, extras: dict[str, bytes]) -> None:
    """Moves copies to where clients look for them; nothing refers to them yet.

    Args:
        release: whose files these are.
        staged: in any order.
        folder: of the distribution.
        extras: content of seal and key, by target path.
    """
    copies = {file.path: file.copy for file in staged}
    for file in release.files:
        _move(copies[file.path], folder, file.target)
    scratch = copies[release.files[0].path].with_name(".extra")
    for target in (release.seal, release.key):
        _write(scratch, extras[target.path])
        _move(scratch, folder, target)


def described(release_of: tuple[str, str], staged: tuple[Staged, ...]) -> tuple[ReleasedFile, ...]:
    """How the metadata will name the staged files of a release, given its name and version."""
    name, version = release_of
    return tuple(
        ReleasedFile(
            path=file.path,
            target=Target(path=target_path(name, version, "file", file.path), length=file.length, sha256=file.sha256),
        )
        for file in staged
    )


def on_disk(folder: Path, target: Target) -> Path:
    """Where a file lies on the disk: under its decoded name, with the digest before it (consistent snapshots)."""
    head, _, tail = unquote(target.path).rpartition("/")
    return folder / TARGETS / head / f"{target.sha256}.{tail}"


def _copied(name: str, source: Path, copy: Path) -> Staged:
    make_folder(copy.parent)
    state, length = hashlib.sha256(), 0
    try:
        with os.fdopen(open_regular(source), "rb") as there, copy.open("xb") as here:
            while block := there.read(CHUNK_BYTES):
                state.update(block)
                here.write(block)
                length += len(block)
            here.flush()
            os.fsync(here.fileno())
    except OSError as error:
        raise UsageError(f"cannot be copied: {error.strerror}", where=str(source), remedy="free space") from error
    return Staged(name, copy, length, state.hexdigest())


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _move(copy: Path, folder: Path, target: Target) -> None:
    there = on_disk(folder, target)
    make_folder(there.parent)
    if not there.parent.resolve().is_relative_to(folder.resolve()):
        raise UsageError("a folder of the distribution is a link", where=str(there.parent), remedy="remove the link")
    copy.chmod(0o644)
    os.replace(copy, there)
    below = there.parent
    while below != folder:
        _sync(below)
        below = below.parent


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
