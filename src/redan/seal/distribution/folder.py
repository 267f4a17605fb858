"""The published folder as its publisher handles it: locked, looked at as a client would, written in the safe order."""

import datetime as dt
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redan.errors import IncompleteError, InvalidError, UsageError
from redan.files import make_folder, read_bounded, write_atomic
from redan.seal.distribution.client import Client, documents, trusted_root
from redan.seal.distribution.edits import Write
from redan.seal.distribution.keyring import PIN, SEEN
from redan.seal.distribution.records import METADATA, ROLES, ROOT_LIMIT_BYTES, TARGETS, Role, Standing
from redan.seal.distribution.roles import Documents
from redan.seal.distribution.sources import FolderSource

_LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # nothing is expired then: a publisher must be able to renew
_VERSION = re.compile(r"([1-9][0-9]{0,8})\.(root|targets|snapshot|timestamp)\.json")
_STAGE = ".redan-staging-"


class Folder:
    """A distribution on this disk.

    Args:
        path: made when it is not there.
        home: of the keys; holds the first root, and what the publisher saw last.
    """

    def __init__(self, path: Path, home: Path) -> None:
        self.path, self._home = path, home
        self.pin = home / PIN

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other publishers out; removes what a killed one left half-copied.

        Raises:
            UsageError: another one is at work, or a part of the folder is a link.
        """
        for part in (self.path, self.path / METADATA, self.path / TARGETS):
            if part.is_symlink() or (part.exists() and not part.is_dir()):
                raise UsageError("is a link, or no folder", where=str(part), remedy="name the folder itself")
        make_folder(self.path)
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in self.path.glob(f"{_STAGE}*"):
                shutil.rmtree(left)
            yield
        except BlockingIOError as error:
            raise UsageError("is being published to just now", where=str(self.path), remedy="try again") from error
        finally:
            os.close(descriptor)

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """An empty folder on the same file system, which nobody refers to."""
        place = Path(tempfile.mkdtemp(prefix=_STAGE, dir=self.path))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def held(self) -> Documents | None:
        """The newest documents, as a client that saw everything before accepts them; only `root` while none is whole.

        Returns:
            None when there is no distribution yet.

        Raises:
            UsageError: there is one, and these keys are of another.
            InvalidError: the folder was set back, or is not what was published.
        """
        began = (self.path / METADATA / "1.root.json").exists()
        if not self.pin.exists():
            if began:
                raise UsageError(
                    f"these are not the keys of {self.path}: its first root is not beside them",
                    where=str(self.pin),
                    remedy=f"name the folder of its keys with --keys; on a new machine, put {PIN} beside the keys",
                )
            return None
        pin = read_bounded(self.pin, ROOT_LIMIT_BYTES)
        if not (self.path / METADATA / "timestamp.json").exists():
            if documents(self._seen) if self._seen.exists() else {}:
                raise InvalidError(
                    "the distribution of these keys is gone from here",
                    where=str(self.path),
                    remedy="restore it from a copy; for a new distribution, name an empty folder with --keys",
                )
            return {"root": pin}
        self._client(pin, _LONG_AGO).refresh()
        return self._trusted()

    def salvaged(self) -> Documents:
        """The newest documents; where somebody else signed the folder's, those that this publisher saw last.

        Raises:
            RedanError: there are none.
        """
        try:
            found = self.held()
        except (InvalidError, IncompleteError) as error:
            kept = self._trusted() if self._seen.exists() else {}
            if "targets" not in kept:
                raise InvalidError(f"cannot be mended: {error.what}", where=error.where, remedy=error.remedy) from error
            return kept
        if found is None or "targets" not in found:
            raise UsageError("there is no distribution", where=str(self.path), remedy="publish a release first")
        return found

    def taken(self) -> dict[Role, int]:
        """The highest version of each role that a file is named for, whether it counts or not."""
        highest: dict[Role, int] = {}
        place = self.path / METADATA
        for path in place.iterdir() if place.exists() else ():
            found = _VERSION.fullmatch(path.name)
            for role in ROLES:
                if found is not None and found[2] == role:
                    highest[role] = max(highest.get(role, 0), int(found[1]))
        return highest

    def write(self, writes: Iterable[Write]) -> None:
        """Writes whole files, in the order given; each is on the disk before the next one begins."""
        for write in writes:
            write_atomic(self.path / write.path, write.data)

    def standing(self, now: dt.datetime) -> Standing:
        """Where the distribution stands for a client now; remembers it.

        Raises:
            RedanError: a client would refuse it.
        """
        return self._client(read_bounded(self.pin, ROOT_LIMIT_BYTES), now).refresh()

    @property
    def _seen(self) -> Path:
        return self._home / SEEN

    def _client(self, pin: bytes, now: dt.datetime) -> Client:
        return Client(FolderSource(self.path), self._seen, pin, now, where=str(self.path))

    def _trusted(self) -> Documents:
        return {"root": trusted_root(self._seen), **documents(self._seen)}
