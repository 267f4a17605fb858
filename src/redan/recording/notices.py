"""Which files of a project were opened, as the file system tells: by whatever code, without tracing, on Linux.

Source: inotify(7). It does not say who opened a file, so what another process reads meanwhile is counted too; and it
tells of the project's own folders alone. It fills what audit hooks leave open: files that compiled code opens.
"""

import ctypes
import os
import select
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from redan.recording.tally import Access

FOLDERS_LIMIT = 4_000  # the system's own limit of watches is 8,192 or more
FILES_LIMIT = 200_000
_SKIPPED = frozenset({b".git", b".hg", b".svn", b".redan", b"node_modules", b"site-packages", b"__pycache__"})
_ACCESS, _CLOSE_WRITE, _CLOSE_NOWRITE, _MOVED_TO, _CREATE = 0x1, 0x8, 0x10, 0x80, 0x100
_OVERFLOW, _ISDIR, _ONLYDIR = 0x4000, 0x40000000, 0x01000000
_MASK = _ACCESS | _CLOSE_WRITE | _CLOSE_NOWRITE | _MOVED_TO | _CREATE | _ONLYDIR
_HEAD = struct.Struct("iIII")
_READ_BYTES = 1 << 16
_POLL_MS = 50


class Notices:
    """Listens until it is closed; call `start`, which says whether it can.

    Args:
        root: the project's folder, without links.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        self._folders: dict[int, bytes] = {}
        self._stop = threading.Event()
        self._descriptor = -1
        self._thread: threading.Thread | None = None
        self.files: dict[bytes, Access] = {}
        self.lost = False

    def start(self) -> bool:
        """Begins to listen; false where the system has no such notices, or the project has too many folders."""
        if not sys.platform.startswith("linux"):
            return False
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._descriptor < 0:
            return False
        if not self._watch(self._root):
            os.close(self._descriptor)
            return False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return True

    def close(self) -> None:
        """Takes what is still waiting, and stops; may be called again."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None
            os.close(self._descriptor)

    def _watch(self, top: bytes) -> bool:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            if len(self._folders) >= FOLDERS_LIMIT:
                return False
            number = self._libc.inotify_add_watch(self._descriptor, folder, _MASK)
            if number < 0:
                return False
            self._folders[number] = folder
            try:
                with os.scandir(folder) as entries:
                    waiting += [e.path for e in entries if e.is_dir(follow_symlinks=False) and e.name not in _SKIPPED]
            except OSError:
                continue
        return True

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while True:
            stopping = self._stop.is_set()
            if poll.poll(_POLL_MS):
                for folder, mask, name in self._events(os.read(self._descriptor, _READ_BYTES)):
                    self._take(folder, mask, name)
            elif stopping:
                return

    def _events(self, data: bytes) -> Iterator[tuple[bytes | None, int, bytes]]:
        place = 0
        while place + _HEAD.size <= len(data):
            number, mask, _, length = _HEAD.unpack_from(data, place)
            place += _HEAD.size
            yield self._folders.get(number), mask, data[place : place + length].rstrip(b"\0")
            place += length

    def _take(self, folder: bytes | None, mask: int, name: bytes) -> None:
        if mask & _OVERFLOW:
            self.lost = True
        if folder is None or not name:
            return
        path = folder + b"/" + name
        if mask & _ISDIR:
            if mask & _CREATE and name not in _SKIPPED:
                self.lost |= not self._watch(path) and os.path.isdir(path)  # noqa: PTH112 -- names are bytes
            return
        if mask & _CREATE:
            return
        if path not in self.files and len(self.files) >= FILES_LIMIT:
            self.lost = True
            return
        found = self.files.setdefault(path, Access())
        if mask & (_CLOSE_WRITE | _MOVED_TO):
            found.written = True
        elif not found.written:
            found.read = True
