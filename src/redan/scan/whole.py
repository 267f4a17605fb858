"""Whole files and folders to `Scanned`: opened once, never followed through links, digested as examined."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from redan.errors import InputError
from redan.files import CHUNK_BYTES, confined, open_regular
from redan.scan.budget import Spent
from redan.scan.records import Detection, Scanned, ScanVerdict
from redan.scan.region import Region
from redan.scan.router import Router, roots_of, shortened
from redan.scan.shelf import FORMATS

Progress = Callable[[int, int, str], None]
_IN_MEMORY_BYTES = 64 << 20  # up to here the bytes that are digested are the very ones that are examined
_MOST_TOLD = 1000  # detections of one file and verdict; more are counted


def scan_bytes(data: bytes, name: str, *, siblings: Callable[[str], Region | None] | None = None) -> Scanned:
    """What a scan says of some bytes.

    Args:
        data: anything.
        name: as the file would be called; it raises expectations, it never decides what is read.
        siblings: files beside it by relative name, such as external tensors that the caller holds; none when None.
    """
    return _scanned(Region.of(data), name, hashlib.sha256(data).hexdigest(), siblings or _nothing_beside)


def scan_file(path: Path, name: str | None = None) -> Scanned:
    """What a scan says of one file.

    Args:
        path: of a regular file; links are refused.
        name: how the result calls it; the path when None.

    Returns:
        not-understood, with the reason, when the file cannot be read or changes while it is read.
    """
    called = _text(path) if name is None else name
    try:
        descriptor = open_regular(path)
    except InputError as error:
        return refused(called, f"The file {error.what}.")
    with ExitStack() as stack:
        stack.callback(os.close, descriptor)
        try:
            return _of_descriptor(descriptor, called, _beside(path, stack))
        except OSError as error:
            return refused(called, f"The file cannot be read: {(error.strerror or 'input error').lower()}.")


def scan_paths(paths: Iterable[Path], progress: Progress | None = None) -> Iterator[Scanned]:
    """What a scan says of files and of all files below folders, in the order of their names.

    Args:
        paths: files and folders.
        progress: called with files done, files in all, and the name of the next.
    """
    everything = [entry for path in paths for entry in _walk(path)]
    for done, (path, fault) in enumerate(everything):
        if progress is not None:
            progress(done, len(everything), path.name)
        yield scan_file(path) if fault is None else refused(_text(path), fault)
    if progress is not None:
        progress(len(everything), len(everything), "")


def refused(name: str, why: str) -> Scanned:
    """A file that was not examined."""
    detection = Detection(
        rule="unread-file",
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what=why,
        remedy="Give a regular, readable file that nothing writes to.",
    )
    return Scanned(name=name, format="unknown", sha256="", size=0, detections=(detection,), unread=(why,))


def _text(path: Path) -> str:
    """The path as text that every encoding can hold; bytes of a name that are no UTF-8 are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _walk(path: Path) -> Iterator[tuple[Path, str | None]]:
    """Every file of a folder, and why it is not opened; a folder that cannot be listed is one too."""
    try:
        mode = os.lstat(path).st_mode
        if not stat.S_ISDIR(mode):
            yield path, _not_regular(mode)
            return
        below = sorted(path.iterdir())
    except (OSError, ValueError) as error:
        yield path, f"The path cannot be opened: {(getattr(error, 'strerror', None) or 'not a valid name').lower()}."
        return
    for child in below:
        yield from _walk(child)


def _not_regular(mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return "The path is a symbolic link, which is not followed."
    return None if stat.S_ISREG(mode) else "The path is not a regular file."


def _of_descriptor(descriptor: int, name: str, siblings: Callable[[str], Region | None]) -> Scanned:
    before = os.fstat(descriptor)
    if before.st_size <= _IN_MEMORY_BYTES:
        data = _read_all(descriptor, before.st_size)
        done = _scanned(Region.of(data), name, hashlib.sha256(data).hexdigest(), siblings)
    else:
        sha256 = _digest(descriptor, before.st_size)
        done = _scanned(Region(descriptor, 0, before.st_size), name, sha256, siblings)
    after = os.fstat(descriptor)
    if _state(before) == _state(after) and done.size == after.st_size:
        return done
    changed = Detection(
        rule="unread-changing",
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what="The file changed while it was examined.",
        reference="CWE-367",
        remedy="Scan again when nothing writes to it.",
    )
    return Scanned(
        name=name,
        format=done.format,
        sha256="",
        size=after.st_size,
        detections=(*done.detections, changed),
        unread=(*done.unread, changed.what),
    )


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read_all(descriptor: int, size: int) -> bytes:
    """The whole file and one byte more if it grew."""
    blocks = []
    position = 0
    while position <= size and (block := os.pread(descriptor, min(CHUNK_BYTES, size + 1 - position), position)):
        blocks.append(block)
        position += len(block)
    return b"".join(blocks)


def _digest(descriptor: int, size: int) -> str:
    state = hashlib.sha256()
    position = 0
    while position < size and (block := os.pread(descriptor, min(CHUNK_BYTES, size - position), position)):
        state.update(block)
        position += len(block)
    return state.hexdigest()


def _beside(path: Path, stack: ExitStack) -> Callable[[str], Region | None]:
    def sibling(relative: str) -> Region | None:
        try:
            descriptor = open_regular(confined(path.parent, relative))
        except (InputError, OSError, ValueError):
            return None
        stack.callback(os.close, descriptor)
        return Region(descriptor, 0, os.fstat(descriptor).st_size)

    return sibling


def _nothing_beside(_relative: str) -> None:
    return None


def _scanned(region: Region, name: str, sha256: str, siblings: Callable[[str], Region | None]) -> Scanned:
    router = Router(FORMATS, Spent(region.size), siblings)
    found = router.recognised(region, name)
    refining = [shape.name for shape in found if shape.refines in roots_of(found)]
    told, unread = _collected(router.examine(region, name))
    return Scanned(
        name=name,
        format=(refining or [shape.name for shape in found] or ["unknown"])[0] if region.size else "empty",
        sha256=sha256,
        size=region.size,
        detections=told,
        unread=unread,
    )


def _collected(found: Iterable[Detection]) -> tuple[tuple[Detection, ...], tuple[str, ...]]:
    """Detections in their order and what was not read; those beyond what a person reads are counted."""
    told: list[Detection] = []
    unread: list[str] = []
    counts = dict.fromkeys(ScanVerdict, 0)
    for detection in found:
        counts[detection.verdict] += 1
        if counts[detection.verdict] <= _MOST_TOLD:
            told.append(detection)
            if detection.rule.startswith("unread-"):
                place = f"{shortened(detection.member)}: " if detection.member else ""
                unread.append(f"{place}{detection.what}")
    for verdict, count in counts.items():
        if count > _MOST_TOLD:
            what = f"{count - _MOST_TOLD:,} more detections of this verdict are not listed."
            told.append(Detection(rule="more", verdict=verdict, what=what))
    return tuple(told), tuple(unread)
