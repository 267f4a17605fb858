"""Files at the rim: bounded reads, atomic writes, digests that notice a file changing underneath.

Every path that redan reads is hostile: it may be huge, a link out of its folder, a device, or change while read.
"""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from redan.errors import InputError, UsageError

CHUNK_BYTES = 1 << 20
TEXT_LIMIT_BYTES = 4 << 20  # no hand-written description or policy is near this


class FileDigest(NamedTuple):
    """SHA-256 (64 hex digits) and size in bytes of one regular file."""

    sha256: str
    size: int


def confined(root: Path, relative: str) -> Path:
    """The path of `relative` below `root`, refusing anything that leaves it.

    Args:
        root: the folder that must contain the path.
        relative: a path as a description gives it.

    Returns:
        The absolute path; it need not exist.

    Raises:
        InputError: the path is absolute, holds NUL, climbs with `..` or leaves the root through a link.
    """
    parts = Path(relative)
    if parts.is_absolute() or "\0" in relative or ".." in parts.parts:
        raise InputError(
            f"path {relative!r} leaves the project folder", remedy="use a path relative to redan.toml, without '..'"
        )
    base = root.resolve()
    try:
        whole = (base / parts).resolve()
    except (OSError, RuntimeError) as error:
        raise InputError(f"path {relative!r} cannot be followed: {error}", remedy="remove the link") from error
    if not whole.is_relative_to(base):
        raise InputError(f"path {relative!r} leaves the project folder through a link", remedy="remove the link")
    return whole


def open_regular(path: Path) -> int:
    """An open descriptor of a regular file, never of a link, device or pipe.

    Raises:
        InputError: the file is absent, unreadable, a link or not a regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        what = "is a symbolic link" if error.errno == errno.ELOOP else os.strerror(error.errno or 0).lower()
        raise InputError(f"cannot be opened: {what}", where=str(path), remedy="give a readable file") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError("is not a regular file", where=str(path), remedy="give a regular file")
    return descriptor


def read_bounded(path: Path, limit_bytes: int) -> bytes:
    """All bytes of a regular file of at most `limit_bytes`.

    Raises:
        InputError: the file is absent, unreadable, not regular or larger than the limit.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise InputError(f"is larger than {limit_bytes:,} bytes", where=str(path), remedy="give a smaller file")
    return data


def digest_file(path: Path) -> FileDigest:
    """SHA-256 and size of a regular file.

    Raises:
        InputError: the file is absent, unreadable, not regular, or changed while it was read.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        before = os.fstat(file.fileno())
        state = hashlib.sha256()
        while block := file.read(CHUNK_BYTES):
            state.update(block)
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError("changed while it was read", where=str(path), remedy="run again when nothing writes to it")
    return FileDigest(state.hexdigest(), after.st_size)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Writes a whole file or nothing: temporary file, fsync, rename, fsync of the folder.

    Raises:
        UsageError: the path is a device, a pipe or a folder, the folder cannot be written or the disk is full; what
            was there is untouched.
    """
    with atomic_file(path, mode=mode) as file:
        _write(file, data, path)


@contextmanager
def atomic_file(path: Path, *, mode: int = 0o644, replace: bool = True) -> Iterator[BinaryIO]:
    """A file that appears under its name, whole, when the block ends, and not at all when it raises.

    Args:
        path: the name.
        mode: permission bits, whatever the umask says.
        replace: whether a file that has the name gives way; it is never touched otherwise.

    Raises:
        UsageError: the path is a device, a pipe or a folder, the folder cannot be written or the disk is full, or the
            name is taken and `replace` is not set; what was there is untouched.
    """
    temporary = None
    try:
        try:
            _refuse_special(path)
            make_folder(path.parent)
            descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
            file = os.fdopen(descriptor, "wb")
        except OSError as error:
            raise _unwritable(path, error) from error
        with file:
            yield file
            try:
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
                if replace:
                    os.replace(temporary, path)
                    temporary = None
                else:
                    os.link(temporary, path)  # unlike rename, fails when the name is taken
                _sync_folder(path.parent)
            except OSError as error:
                raise _unwritable(path, error) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Accepts a name that a file can be written under, so that work which takes long is not begun in vain.

    Args:
        path: the name; folders above it need not be there, and nothing is left behind.

    Raises:
        UsageError: it is a device, a pipe or a folder, or its folder cannot be made or written.
    """
    try:
        _refuse_special(path)
        with tempfile.TemporaryFile(dir=next(one for one in path.absolute().parents if one.exists())):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _write(file: BinaryIO, data: bytes, path: Path) -> None:
    try:
        file.write(data)
        file.flush()
    except OSError as error:
        raise _unwritable(path, error) from error


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unwritable(path: Path, error: OSError) -> UsageError:
    if isinstance(error, FileExistsError):
        return UsageError("exists already", where=str(path), remedy="move it away, or name another file")
    what = f"cannot be written: {error.strerror or error}"
    return UsageError(what, where=str(path), remedy="free space or change permissions")


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, writable by nobody but the owner whatever the umask says.

    Raises:
        OSError: it cannot be made, or a file is in the way.
    """
    if not path.is_dir():
        make_folder(path.parent)
        try:
            path.mkdir(mode=0o755)
        except FileExistsError:  # another process was first
            if not path.is_dir():
                raise


def _refuse_special(path: Path) -> None:
    """A rename replaces whatever has the name, a device such as /dev/null too, when the caller may do that."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise UsageError(
            "is not a regular file", where=str(path), remedy="name a file; without one, the output goes to the terminal"
        )
