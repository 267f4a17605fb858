"""Hashing many files at once: hashlib releases the interpreter, so threads use every core.

Source: OMS v1.0 section 7 and its algorithm registry: sha256 (FIPS 180-4), blake2b (RFC 7693, 512 bits), blake3.
"""

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import NamedTuple, Protocol

from redan.errors import InputError, MissingExtraError
from redan.seal.oms.records import HashType, Progress
from redan.seal.oms.tree import Root, Stamp, opened_file, stamp_of

BUFFER_BYTES = 1 << 20
_MOST_THREADS = 16
_TELL_S = 0.1
_ROOM_BYTES = 4 << 20  # what a file is read in when all of it is wanted


class _State(Protocol):
    def update(self, data: bytes | memoryview, /) -> object: ...

    def hexdigest(self) -> str: ...


class Part(NamedTuple):
    """A file, or a byte range of it, to be hashed.

    Args:
        name: a listed name.
        start: first byte.
        end: the byte behind the last; None for the file's end.
        stamp: what the file looked like when it was listed; None when that does not matter.
        size: bytes to expect, for progress and order.
    """

    name: str
    start: int
    end: int | None
    stamp: Stamp | None
    size: int


def new(hash_type: HashType) -> Callable[[], _State]:
    """What makes the state of a hash.

    Raises:
        MissingExtraError: blake3 is wanted and not installed.
    """
    if hash_type == "sha256":
        return hashlib.sha256
    if hash_type == "blake2b":
        return hashlib.blake2b
    try:
        import blake3
    except ImportError as error:
        raise MissingExtraError("blake3", "blake3") from error
    maker: Callable[[], _State] = blake3.blake3
    return maker


def digests(
    root: Root, parts: Iterable[Part], hash_type: HashType, threads: int | None = None, progress: Progress | None = None
) -> dict[tuple[str, int, int | None], str]:
    """The hex digest of each part, by name and range.

    Args:
        root: the open root.
        parts: each is read once; the largest are started first.
        hash_type: one hash for all.
        threads: how many files are read at a time; one for each core when None.
        progress: told bytes done, bytes in all, and the file that was begun last.

    Raises:
        InputError: a file changed while it was read, or cannot be sealed.
        MissingExtraError: blake3 is wanted and not installed.
    """
    work = _Work(root, sorted(parts, key=lambda part: -part.size), new(hash_type))
    count = max(1, min(threads or len(os.sched_getaffinity(0)), len(work.waiting), _MOST_THREADS))
    with ThreadPoolExecutor(count) as pool:
        running = {pool.submit(work.run) for _ in range(count)}
        try:
            while running:
                done, running = wait(running, timeout=_TELL_S, return_when=FIRST_EXCEPTION)
                for each in done:
                    each.result()
                if progress is not None:
                    progress(sum(work.counts.values()), work.total, work.current)
        finally:
            work.stop.set()
    return work.found


def read_whole(root: Root, name: str, limit_bytes: int) -> bytes:
    """All bytes of a file, read once.

    Raises:
        InputError: larger than the limit, changed while it was read, or none that can be sealed.
    """
    with opened_file(root, name) as descriptor:
        before = os.fstat(descriptor)
        if before.st_size > limit_bytes:
            raise InputError(f"is larger than {limit_bytes:,} bytes", where=root.where(name), remedy="raise the limit")
        room = bytearray()
        while len(room) <= before.st_size and (block := os.read(descriptor, _ROOM_BYTES)):
            room += block
        _refuse_changed(root, name, stamp_of(before), descriptor, len(room) == before.st_size)
    return bytes(room)


class _Work:
    """What the threads share: the parts that wait, the digests that are done, and whether to stop."""

    def __init__(self, root: Root, parts: list[Part], maker: Callable[[], _State]) -> None:
        self.root = root
        self.waiting = deque(parts)
        self.maker = maker
        self.found: dict[tuple[str, int, int | None], str] = {}
        self.counts: dict[int, int] = {}
        self.total = sum(part.size for part in parts)
        self.current = ""
        self.stop = threading.Event()

    def run(self) -> None:
        """Hashes one part after the other until none is left."""
        buffer = memoryview(bytearray(BUFFER_BYTES))
        me = threading.get_ident()
        self.counts.setdefault(me, 0)  # one thread of the pool may run both halves
        while not self.stop.is_set():
            try:
                part = self.waiting.popleft()
            except IndexError:
                return
            self.current = part.name
            self.found[part.name, part.start, part.end] = self._digest(part, buffer, me)

    def _digest(self, part: Part, buffer: memoryview, me: int) -> str:
        state = self.maker()
        with opened_file(self.root, part.name) as descriptor:
            before = part.stamp or stamp_of(os.fstat(descriptor))
            end = part.end if part.end is not None else before[2]
            os.posix_fadvise(descriptor, part.start, end - part.start, os.POSIX_FADV_SEQUENTIAL)
            at = part.start
            while at < end and not self.stop.is_set():
                got = os.preadv(descriptor, [buffer[: min(BUFFER_BYTES, end - at)]], at)
                if got == 0:
                    break
                state.update(buffer[:got])
                at += got
                self.counts[me] += got
            # A file of /proc, and of some network file systems, says that it is empty and is not.
            more = part.end is None and os.preadv(descriptor, [buffer[:1]], at) > 0
            _refuse_changed(self.root, part.name, before, descriptor, at == end and not more)
        return state.hexdigest()


def _refuse_changed(root: Root, name: str, before: Stamp, descriptor: int, complete: bool) -> None:
    if not complete or stamp_of(os.fstat(descriptor)) != before:
        raise InputError(
            "changed while it was read", where=root.where(name), remedy="run again when nothing writes to it"
        )
