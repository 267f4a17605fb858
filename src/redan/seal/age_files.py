"""Locks and unlocks whole files: written under another name, whole or not at all; the original stays unless asked."""

import datetime as dt
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from redan.errors import InputError, InvalidError, UsageError
from redan.files import atomic_file, open_regular, read_bounded
from redan.seal import age

SUFFIX = ".age"
MODE = 0o600
_TEXT_LIMIT = 1 << 20
_PASSPHRASE_LIMIT = 1 << 12
_SECRET_WITHIN = 1 << 14  # bytes of a file of identities, comments before the first included
_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105 - how an identity begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What locks or unlocks: recipients or identities of age, or a passphrase; never both.

    Args:
        parties: recipients to lock, identities to unlock.
        passphrase: instead of them.
    """

    parties: tuple[object, ...] = field(default=(), repr=False)
    passphrase: bytes | None = field(default=None, repr=False)


def lock_file(path: Path, out: Path, keys: Keys, *, remove: bool = False) -> int:
    """Encrypts a file.

    Args:
        path: a regular file.
        out: the locked file, which must not exist; mode 0600.
        keys: recipients, or a passphrase.
        remove: delete the original once the locked file is on the disk.

    Returns:
        Bytes of the original.

    Raises:
        InputError: the original is absent, a link or not regular, changed while it was read, or is to be removed and
            has hard links that would keep it, or is an identity, without which what is locked to it stays locked.
        UsageError: the output exists or cannot be written.
    """
    with _source(path) as source, atomic_file(out, mode=MODE, replace=False) as target:
        before = os.fstat(source.fileno())
        if remove:
            _refuse_removal(path, source, before)
        if keys.passphrase is None:
            age.encrypt(source, target, keys.parties)
        else:
            age.encrypt_by_passphrase(source, target, keys.passphrase)
        _refuse_changed(path, before, os.fstat(source.fileno()))
    if remove:
        _remove(path, before)
    return before.st_size


def unlock_file(path: Path, out: Path, keys: Keys) -> None:
    """Decrypts a file.

    Args:
        path: what `lock_file` or another age tool wrote, binary or armored.
        out: the plain file, which must not exist; mode 0600.
        keys: identities, or a passphrase.

    Raises:
        InvalidError: nothing opens it, or it is cut short or altered; nothing is written.
        InputError: it is absent, a link or not regular.
        UsageError: the output exists or cannot be written.
    """
    with _source(path) as source, atomic_file(out, mode=MODE, replace=False) as target:
        try:
            if keys.passphrase is None:
                age.decrypt(source, target, keys.parties)
            else:
                age.decrypt_by_passphrase(source, target, keys.passphrase)
        except InvalidError as error:
            raise InvalidError(error.what, where=str(path), remedy=error.remedy) from error


def files_below(path: Path, *, locked: bool) -> tuple[Path, ...]:
    """The files of a folder that are to be locked or unlocked, sorted.

    Raises:
        InputError: there is a link, a special file or an unreadable folder, which would be left as it is.
    """
    found: list[Path] = []
    folders = [path]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError as error:
            what = f"cannot be read: {os.strerror(error.errno or 0).lower()}"
            raise InputError(what, where=str(folder), remedy="make it readable, or nest it less deeply") from error
        for entry in entries:
            each = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append(each)
            elif not entry.is_file(follow_symlinks=False):
                raise InputError("is a link or a special file", where=str(each), remedy="move it out of the folder")
            elif entry.name.endswith(SUFFIX) is locked:
                found.append(each)
    return tuple(sorted(found))


def read_recipients(texts: Sequence[str], file: Path | None) -> tuple[object, ...]:
    """Recipients given one by one and in a file, one a line.

    Raises:
        UsageError: one of them is malformed, or there is none.
    """
    lines = list(texts)
    if file is not None:
        lines += _lines(file, secret=False)
    if not lines:
        raise UsageError("there is no recipient", remedy="give --to age1...")
    return tuple(_recipient(line) for line in lines)


def read_identities(file: Path) -> tuple[object, ...]:
    """The identities in a file that only its owner can read: lines as age-keygen writes them, or an SSH private key.

    Raises:
        UsageError: the file is absent or open to others, or holds no identity.
    """
    import pyrage

    lines = _lines(file, secret=True)
    remedy = "give the file that age-keygen or 'redan lock --new-identity' wrote"
    try:
        if lines and lines[0].startswith("-----BEGIN "):
            return (pyrage.ssh.Identity.from_buffer(("\n".join(lines) + "\n").encode()),)
        found = tuple(pyrage.x25519.Identity.from_str(line) for line in lines)
    except (pyrage.IdentityError, ValueError) as error:
        raise UsageError("holds a line that is no identity", where=str(file), remedy=remedy) from error
    if not found:
        raise UsageError("holds no identity", where=str(file), remedy=remedy)
    return found


def read_passphrase(file: Path) -> bytes:
    """The first line of a file that only its owner can read.

    Raises:
        UsageError: the file is absent or open to others, or the line is empty.
    """
    first = _private(file, _PASSPHRASE_LIMIT).split(b"\n", 1)[0].removesuffix(b"\r")
    if not first:
        raise UsageError("holds no passphrase", where=str(file), remedy="write it into the first line")
    return first


def new_identity(file: Path, now: dt.datetime) -> str:
    """Makes an identity as age-keygen writes it, readable by its owner alone; never over an existing file.

    Args:
        file: where it goes.
        now: when it is made.

    Returns:
        Its recipient, `age1...`.

    Raises:
        UsageError: the file exists or cannot be written.
    """
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    text = f"# created: {now.isoformat(timespec='seconds')}\n# public key: {recipient}\n{identity}\n"
    with atomic_file(file, mode=MODE, replace=False) as target:
        target.write(text.encode("ascii"))
    return recipient


def _source(path: Path) -> BinaryIO:
    return os.fdopen(open_regular(path), "rb")


def _refuse_removal(path: Path, source: BinaryIO, found: os.stat_result) -> None:
    """Refuses before anything is written; the source is at its beginning before and after."""
    if found.st_nlink > 1:
        advice = "remove the other names first, or leave out --remove"
        raise InputError("has other names that would keep it readable", where=str(path), remedy=advice)
    start = source.read(_SECRET_WITHIN)
    source.seek(0)
    if any(line.startswith(_SECRET.encode()) for line in start.splitlines()):
        advice = "keep it apart from what is locked to it, or leave out --remove"
        raise InputError("is an identity, and removing it could lock it in", where=str(path), remedy=advice)


def _state(found: os.stat_result) -> tuple[int, ...]:
    """What changes when anybody writes; times of content can be set back, times of state cannot."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _refuse_changed(path: Path, before: os.stat_result, after: os.stat_result) -> None:
    if _state(before) != _state(after):
        raise InputError("changed while it was read", where=str(path), remedy="run again when nothing writes to it")


def _remove(path: Path, locked: os.stat_result) -> None:
    """Removes the very file that was locked, and no other that took its name meanwhile."""
    if _state(path.lstat()) != _state(locked):
        raise InputError("is another file now, so it was not removed", where=str(path), remedy="look at both files")
    path.unlink()


def _recipient(line: str) -> object:
    import pyrage

    kind = pyrage.ssh if line.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(line)
    except (pyrage.RecipientError, ValueError) as error:
        hint = "it is a secret identity; make a new one, and give its public key" if _SECRET in line.upper() else None
        raise UsageError(
            "one of the recipients is not one", remedy=hint or "give age1... or an SSH public key, one a line"
        ) from error


def _lines(file: Path, *, secret: bool) -> list[str]:
    data = _private(file, _TEXT_LIMIT) if secret else _read(file, _TEXT_LIMIT)
    try:
        lines = [line.strip() for line in data.decode("utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise UsageError("is not text", where=str(file), remedy="give a file of lines") from error
    return list(_stated(lines))


def _stated(lines: Sequence[str]) -> Iterator[str]:
    yield from (line for line in lines if line and not line.startswith("#"))


def _read(file: Path, limit: int) -> bytes:
    try:
        return read_bounded(Path(os.path.realpath(file)), limit)
    except InputError as error:
        raise UsageError(error.what, where=str(file), remedy=error.remedy) from error


def _private(file: Path, limit: int) -> bytes:
    real = Path(os.path.realpath(file))  # mounted secrets are links; the mode that counts is that of the open file
    try:
        descriptor = open_regular(real)
    except InputError as error:
        raise UsageError(error.what, where=str(file), remedy=error.remedy) from error
    with os.fdopen(descriptor, "rb") as source:
        if stat.S_IMODE(os.fstat(source.fileno()).st_mode) & 0o077:
            raise UsageError("can be read by others", where=str(file), remedy=f"run: chmod 600 {file}")
        data = source.read(limit + 1)
    if len(data) > limit:
        raise UsageError(f"is larger than {limit:,} bytes", where=str(file), remedy="give the right file")
    return data
