"""Where a distribution is fetched from: a folder, a web server, or memory; each bounded in size and time.

Source: TUF specification 1.0.31, section 5 (bounded downloads); the attacks are endless data and slow retrieval.
"""

import os
import queue
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, SlowRetrievalError
from tuf.ngclient import FetcherInterface
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from redan.errors import UsageError
from redan.seal.distribution.names import fault

_CHUNK_BYTES = 1 << 18
_WEB_CHUNK_BYTES = 1 << 14  # small, so that a trickle is noticed
_BACKLOG = 16  # chunks between the thread that reads and the one that waits
_PATIENCE_S = 60.0  # per file, before the least speed counts
_SPEED = 16_384  # bytes per second: the slowest way that is waited for
_MISSING = 404


class Source(FetcherInterface):  # type: ignore[misc]
    """What the reference client fetches through: remembers the last file by name, so that a refusal can name it.

    Args:
        base: what stands before `metadata/` and `targets/` in an address.
        scratch: folder for what is being downloaded, on the file system where it is going to stay; the system's own
            when None.
    """

    def __init__(self, base: str = "", scratch: Path | None = None) -> None:
        self.base = base
        self.scratch = scratch
        self.asked = ""
        self.received: bytes | None = None

    def deadline_s(self, length: int) -> float | None:  # noqa: ARG002 -- a way that is slow for long files overrides it
        """Seconds that a file of at most `length` bytes may take; None where the way is not somebody else's."""
        return None

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[IO[bytes]]:
        """The content of an address, at most `max_length` bytes of it, within the deadline."""
        self.asked, self.received = url.removeprefix(self.base), None
        allowed = self.deadline_s(max_length)
        until = None if allowed is None else time.monotonic() + allowed
        with tempfile.TemporaryFile(dir=self.scratch) as file:
            size = 0
            for chunk in self._timed(url, until):
                size += len(chunk)
                if size > max_length:
                    raise DownloadLengthMismatchError(f"more than {max_length} bytes")
                file.write(chunk)
            file.seek(0)
            yield file

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """The content of an address as bytes; remembered until the next one."""
        with self.download_file(url, max_length) as file:
            self.received = file.read()
        return self.received

    def _timed(self, url: str, until: float | None) -> Iterator[bytes]:
        if until is None:
            yield from self.fetch(url)
            return
        yield from _within(lambda: self.fetch(url), until)


class FolderSource(Source):
    """A plain folder; no link in it is followed, at no depth.

    Args:
        folder: the distribution.
        scratch: see `Source`.

    Raises:
        UsageError: the folder is a link, or is none.
    """

    def __init__(self, folder: Path, scratch: Path | None = None) -> None:
        super().__init__(scratch=scratch)
        self._folder = folder
        if folder.is_symlink() or not folder.is_dir():
            raise UsageError("is not a folder of a distribution", where=str(folder), remedy="name the folder itself")

    def _fetch(self, url: str) -> Iterator[bytes]:
        segments = [unquote(segment) for segment in url.split("/")]
        if fault("/".join(segments)) is not None or any("/" in segment for segment in segments):
            raise DownloadError("the name leads out of the distribution")
        return self._chunks(segments)

    def _chunks(self, segments: list[str]) -> Iterator[bytes]:
        with os.fdopen(self._open(segments), "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def _open(self, segments: list[str]) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        at = os.open(self._folder, flags | os.O_DIRECTORY)
        try:
            for segment in segments[:-1]:
                below = os.open(segment, flags | os.O_DIRECTORY, dir_fd=at)
                os.close(at)
                at = below
            file = os.open(segments[-1], flags, dir_fd=at)
        except FileNotFoundError as error:
            raise DownloadHTTPError("there is no such file", _MISSING) from error
        except OSError as error:
            raise DownloadError("a link or something else that is no file stands there") from error
        finally:
            os.close(at)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise DownloadError("something that is no file stands there")
        return file


class WebSource(Source):
    """A static web server, over the reference client's own fetcher.

    Args:
        address: of the distribution, `http` or `https`.
        scratch: see `Source`.
        patience_s: seconds that any file may take; larger ones take longer, by the least speed.

    Raises:
        UsageError: the address is none that can be fetched from.
    """

    def __init__(self, address: str, scratch: Path | None = None, patience_s: float = _PATIENCE_S) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise UsageError(f"{address!r} is no address of a distribution", remedy="give http(s)://HOST/PATH")
        super().__init__(base=address.rstrip("/") + "/", scratch=scratch)
        self._patience_s = patience_s
        self._inner: Any = None

    def deadline_s(self, length: int) -> float:
        """The patience, and the time that `length` bytes take at the least speed."""
        return self._patience_s + length / _SPEED

    def _fetch(self, url: str) -> Iterator[bytes]:
        if self._inner is None:
            from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

            gap = max(1, round(min(self._patience_s, 30)))
            self._inner = Urllib3Fetcher(socket_timeout=gap, chunk_size=_WEB_CHUNK_BYTES, app_user_agent="redan")
        found: Iterator[bytes] = self._inner.fetch(url)
        return found


class OverlaidSource(FolderSource):
    """A folder with some files in the place of others: what an attacker between publisher and site could offer.

    Args:
        folder: the distribution.
        overlay: content by name below it.
    """

    def __init__(self, folder: Path, overlay: Mapping[str, bytes]) -> None:
        super().__init__(folder)
        self._overlay = overlay

    def _fetch(self, url: str) -> Iterator[bytes]:
        if url in self._overlay:
            return iter((self._overlay[url],))
        return super()._fetch(url)


def open_source(place: str, scratch: Path | None = None, patience_s: float = _PATIENCE_S) -> Source:
    """The source that a user names: an address or a folder.

    Raises:
        UsageError: it is neither.
    """
    if "://" in place:
        return WebSource(place, scratch, patience_s)
    return FolderSource(Path(place), scratch)


def _within(fetch: Callable[[], Iterator[bytes]], until: float) -> Iterator[bytes]:
    """Chunks of a fetch, up to a moment.

    A peer may trickle head or body so that no single wait is long; only a clock beside the connection ends that.
    """
    chunks: queue.Queue[bytes | BaseException | None] = queue.Queue(_BACKLOG)
    left = threading.Event()

    def put(item: bytes | BaseException | None) -> bool:
        while not left.is_set():
            try:
                chunks.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        end: BaseException | None = DownloadError("the connection broke")
        try:
            for chunk in fetch():
                if not put(chunk):
                    return
            end = None
        except (DownloadError, HTTPError, OSError) as error:
            end = error if isinstance(error, DownloadError) and not _unanswered(error) else DownloadError("no answer")
        finally:
            put(end)

    threading.Thread(target=work, name="redan-fetch", daemon=True).start()
    try:
        yield from _taken(chunks, until)
    finally:
        left.set()


def _unanswered(error: BaseException) -> bool:
    """Whether nobody listens there, which the library counts among the connections that take too long."""
    cause = error.__cause__
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _taken(chunks: "queue.Queue[bytes | BaseException | None]", until: float) -> Iterator[bytes]:
    while True:
        try:
            item = chunks.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise SlowRetrievalError("slower than is waited for") from None
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        if time.monotonic() > until:
            raise SlowRetrievalError("slower than is waited for")
        yield item
