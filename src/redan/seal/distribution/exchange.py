"""One folder in the place of another, so that readers find the old one or the new one and never neither.

Source: Linux renameat2(2), RENAME_EXCHANGE. Where the system or the file system lacks it, two renames take its place;
between them nothing is there, and the next pull mends what a crash left.
"""

import ctypes
import errno
import os
import shutil
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_LACKING = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM})


def mend(place: Path, old: Path) -> None:
    """Puts the previous folder back when a crash between two renames left nothing, and clears what is no longer needed.

    Args:
        place: where the folder belongs.
        old: where the previous one waits.
    """
    if not old.is_dir():
        return
    if os.path.lexists(place):
        shutil.rmtree(old)
    else:
        os.rename(old, place)  # noqa: PTH104 -- flags and errors of the system call are what this module is about


def put(fresh: Path, place: Path, old: Path) -> None:
    """Puts a whole folder in place; what was there goes when the new one is in its place, not before.

    Args:
        fresh: complete and on the disk.
        place: where it belongs, on the same file system.
        old: an unused name beside `fresh`.

    Raises:
        OSError: it cannot be moved; what was there is still there.
    """
    if not os.path.lexists(place):
        os.rename(fresh, place)  # noqa: PTH104
    elif exchanged(fresh, place):
        os.rename(fresh, old)  # noqa: PTH104
    else:
        os.rename(place, old)  # noqa: PTH104
        try:
            os.rename(fresh, place)  # noqa: PTH104
        except OSError:
            os.rename(old, place)  # noqa: PTH104
            raise
    _sync(place.parent)
    shutil.rmtree(old, ignore_errors=True)


def exchanged(one: Path, other: Path) -> bool:
    """Exchanges two folders at once; False when the system cannot.

    Raises:
        OSError: it can, and this exchange failed.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _LACKING:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
