"""What a run did to each file, told apart as it happens: bounded, however often the run opens it."""

from collections.abc import Callable
from dataclasses import dataclass, field

FILES_LIMIT = 200_000  # distinct files; a training run on a folder of images stays below
PROGRAMS_LIMIT = 10_000
_KERNEL = (b"/proc/", b"/sys/", b"/dev/")


def nothing(_path: bytes) -> None:
    """Tells nobody that a file was read."""


@dataclass(slots=True)
class Access:
    """What happened to one file so far.

    Args:
        read: it was read while it held what the run had not written.
        written: it was written, or put in place by a rename.
        own: what it holds now was written by the run.
    """

    read: bool = False
    written: bool = False
    own: bool = False


@dataclass(slots=True)
class Tally:
    """Every file that a run opened, once.

    Args:
        existed: whether a file was there before the run; None when that is not known.
        on_read: told once per file, as soon as content from before the run is read.
        limit: distinct files that are kept.
    """

    existed: Callable[[bytes], bool | None] = field(default=lambda _path: None)
    on_read: Callable[[bytes], None] = nothing
    limit: int = FILES_LIMIT
    files: dict[bytes, Access] = field(default_factory=dict)
    programs: dict[bytes, None] = field(default_factory=dict)
    kernel: int = 0
    dropped: int = 0

    def opened(self, path: bytes, *, read: bool, written: bool, emptied: bool = False) -> None:
        """A file was opened.

        Args:
            path: absolute.
            read: for reading.
            written: for writing.
            emptied: what it held was discarded, or it was made by this call.
        """
        if path.startswith(_KERNEL) and not path.startswith(b"/dev/shm/"):
            self.kernel += 1
            return
        found = self._access(path)
        if found is None:
            return
        if emptied or (written and not found.read and self.existed(path) is False):
            found.own = True
        if written:
            found.written = True
        if read and not found.own:
            self._was_read(path, found)

    def renamed(self, source: bytes, target: bytes) -> None:
        """A file got another name; what had that name is gone."""
        moved = self.files.get(source)
        found = self._access(target)
        if found is None:
            return
        found.written = True
        found.own = moved.own if moved is not None else self.existed(source) is False
        if moved is not None:
            moved.own = False

    def linked(self, source: bytes, target: bytes) -> None:
        """A file got a second name."""
        moved = self.files.get(source)
        if moved is not None and moved.own and (found := self._access(target)) is not None:
            found.written = found.own = True

    def truncated(self, path: bytes) -> None:
        """A file was cut by its name."""
        if (found := self._access(path)) is not None:
            found.written = True

    def executed(self, path: bytes) -> None:
        """A program was started."""
        if len(self.programs) < PROGRAMS_LIMIT or path in self.programs:
            self.programs[path] = None
        else:
            self.dropped += 1

    def _was_read(self, path: bytes, found: Access) -> None:
        if not found.read:
            found.read = True
            self.on_read(path)

    def _access(self, path: bytes) -> Access | None:
        found = self.files.get(path)
        if found is None:
            if len(self.files) >= self.limit:
                self.dropped += 1
                return None
            found = self.files[path] = Access()
        return found
