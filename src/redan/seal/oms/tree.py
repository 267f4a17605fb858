"""The sealed path as it lies on disk: listed and opened component by component, never through a link.

Everything is reached from an open descriptor of the root, so neither a listed name nor a folder that is exchanged for a
link meanwhile can lead outside it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from redan.errors import InputError

_DEPTH_LIMIT = 64  # folders below the root; each holds a descriptor open while it is listed
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
Sort: TypeAlias = Literal["file", "link", "hard-link", "special"]
Stamp: TypeAlias = tuple[int, int, int, int, int]
WORDS: dict[str, str] = {
    "link": "is a symbolic link",
    "hard-link": "has more than one name (a hard link), so it can change from elsewhere",
    "special": "is a device, a pipe or a socket",
}


class Entry(NamedTuple):
    """One thing below the root that is not a folder.

    Args:
        name: path below the root with `/`; the file's own name when the root is a file.
        sort: what it is; only `file` can be sealed.
        size: in bytes.
        stamp: device, inode, size, time of content and time of state: what changes when anybody writes.
    """

    name: str
    sort: Sort
    size: int
    stamp: Stamp


class Root(NamedTuple):
    """The open root.

    Args:
        path: as it was given, for messages.
        descriptor: of the folder; of the folder around it when the root is a single file.
        file: the file's own name; None for a folder.
    """

    path: Path
    descriptor: int
    file: str | None

    def where(self, name: str) -> str:
        """The place of a listed name in a message."""
        return str(self.path) if self.file is not None else str(self.path / name)


@contextmanager
def opened(path: Path) -> Iterator[Root]:
    """The root, open as long as the context is.

    Raises:
        InputError: it is absent, unreadable, a link, or neither a folder nor a regular file.
    """
    whole = Path.cwd() / path
    try:
        mode = os.lstat(whole).st_mode
    except (OSError, ValueError) as error:
        raise _absent(path, error) from error
    if stat.S_ISLNK(mode):
        raise InputError("is a symbolic link", where=str(path), remedy="give what it points to")
    single = not stat.S_ISDIR(mode)
    try:
        descriptor = os.open(whole.parent if single else whole, _FOLDER & ~(os.O_NOFOLLOW if single else 0))
    except OSError as error:
        raise _absent(path, error) from error
    try:
        yield Root(path, descriptor, whole.name if single else None)
    finally:
        os.close(descriptor)


def entries(root: Root, prune: frozenset[str] = frozenset()) -> list[Entry]:
    """Everything below the root that is not a folder, sorted by name as code points.

    Args:
        root: a folder or a single file.
        prune: folders and files whose names are not looked at.

    Raises:
        InputError: a folder cannot be read, or is nested too deeply.
    """
    if root.file is not None:
        found = os.stat(root.file, dir_fd=root.descriptor, follow_symlinks=False)
        return [_entry(root.file, found)]
    return sorted(_below(root, root.descriptor, "", prune, 0))


@contextmanager
def opened_file(root: Root, name: str) -> Iterator[int]:
    """A descriptor of a regular file with one name, reached without following a link.

    Raises:
        InputError: something on the way is a link, or the file is none that can be sealed, or is absent.
    """
    folder, close = root.descriptor, False
    parts = [root.file] if root.file is not None else name.split("/")
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            if close:
                os.close(folder)
            folder, close = inner, True
        descriptor = os.open(parts[-1], _FILE, dir_fd=folder)
    except OSError as error:
        raise _refused(root.where(name), error) from error
    finally:
        if close:
            os.close(folder)
    try:
        sort = _sort(os.fstat(descriptor))
        if sort != "file":
            raise InputError(WORDS[sort], where=root.where(name), remedy="put a regular file with one name there")
        yield descriptor
    finally:
        os.close(descriptor)


def stamp_of(found: os.stat_result) -> Stamp:
    """What changes when anybody writes to a file."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _below(root: Root, folder: int, prefix: str, prune: frozenset[str], depth: int) -> Iterator[Entry]:
    if depth > _DEPTH_LIMIT:
        raise InputError(f"folders are nested deeper than {_DEPTH_LIMIT}", where=root.where(prefix))
    try:
        with os.scandir(folder) as listing:
            found = [(item.name, item.stat(follow_symlinks=False)) for item in listing]
    except OSError as error:
        raise _refused(root.where(prefix), error) from error
    for item, status in found:
        name = prefix + item
        if name in prune:
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield _entry(name, status)
            continue
        try:
            inner = os.open(item, _FOLDER, dir_fd=folder)
        except OSError as error:
            raise _refused(root.where(name), error) from error
        try:
            yield from _below(root, inner, f"{name}/", prune, depth + 1)
        finally:
            os.close(inner)


def _entry(name: str, status: os.stat_result) -> Entry:
    return Entry(name, _sort(status), status.st_size, stamp_of(status))


def _sort(status: os.stat_result) -> Sort:
    if stat.S_ISLNK(status.st_mode):
        return "link"
    if not stat.S_ISREG(status.st_mode):
        return "special"
    return "file" if status.st_nlink <= 1 else "hard-link"


def _absent(path: Path, error: Exception) -> InputError:
    why = os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else "the name holds NUL"
    return InputError(f"cannot be opened: {why}", where=str(path), remedy="give a readable file or folder")


def _refused(where: str, error: OSError) -> InputError:
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:  # O_NOFOLLOW on a link, or a file where a folder was
        return InputError(
            "is a symbolic link, or no longer a folder", where=where, remedy="put the files themselves there"
        )
    return InputError(
        f"cannot be opened: {os.strerror(error.errno or 0).lower()}", where=where, remedy="make it readable"
    )
