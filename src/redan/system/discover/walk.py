"""A bounded walk over a folder that may be hostile: links are not followed, devices and pipes are not opened."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from redan.errors import InputError
from redan.files import open_regular

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist", "htmlcov"})
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")  # what marks a folder as an installed Python


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far discovery goes before it says that it stopped.

    Args:
        depth: folders below the root.
        files: files opened; the walk itself looks at ten times as many names.
        seconds: wall time.
    """

    depth: int = 12
    files: int = 20_000
    seconds: float = 30.0


@dataclass(slots=True)
class Walk:
    """The files of a folder, and what was left out.

    Args:
        files: paths relative to the root with `/`, sorted within each folder, shallow folders first.
        notes: one sentence per reason for leaving something out.
    """

    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def walk(root: Path, limits: Limits, clock: Callable[[], float]) -> Walk:
    """The regular files below a folder.

    Args:
        root: the folder.
        limits: where to stop.
        clock: seconds that only grow.
    """
    found = Walk()
    left_out = {"links": 0, "unreadable": 0, "deep": 0, "unnamable": 0}
    end = clock() + limits.seconds
    names = limits.files * 10
    queue: list[tuple[str, int]] = [("", 0)]
    for folder, depth in queue:  # grows while it is walked: breadth first, so that a limit cuts the deep parts
        if clock() > end or names <= 0 or len(found.files) >= limits.files:
            found.notes.append(f"stopped after {len(found.files):,} files; name the other files in redan.toml yourself")
            break
        for entry in _entries(root / folder, left_out, names):
            names -= 1
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_symlink():
                left_out["links"] += 1
            elif not _speakable(entry.name):
                left_out["unnamable"] += 1
            elif entry.is_dir(follow_symlinks=False):
                if depth >= limits.depth:
                    left_out["deep"] += 1
                elif _of_interest(root / path, entry.name):
                    queue.append((path, depth + 1))
            elif not entry.name.startswith(".") and _regular(entry) and len(found.files) < limits.files:
                found.files.append(path)
    found.notes += _notes(left_out, limits)
    return found


def head(root: Path, path: str, size: int) -> bytes:
    """The first bytes of a file; none when it cannot be opened or read."""
    try:
        with os.fdopen(open_regular(root / path), "rb") as file:
            return file.read(size)
    except (InputError, OSError):
        return b""


def _entries(folder: Path, left_out: dict[str, int], limit: int) -> list[os.DirEntry[str]]:
    entries: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                if len(entries) >= limit:
                    break
                entries.append(entry)
    except OSError:
        left_out["unreadable"] += 1
    return sorted(entries, key=lambda entry: entry.name)


def _of_interest(path: Path, name: str) -> bool:
    if name.startswith(".") or name in _SKIPPED:
        return False
    return not any(os.path.lexists(path / mark) for mark in _ENVIRONMENT)


def _regular(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return False


def _speakable(name: str) -> bool:
    """Whether TOML can write the name: file systems allow bytes that are not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _notes(left_out: dict[str, int], limits: Limits) -> list[str]:
    says = {
        "links": "{n:,} symbolic links were not followed",
        "unreadable": "{n:,} folders could not be read",
        "deep": f"{{n:,}} folders lie deeper than {limits.depth} levels and were not looked at",
        "unnamable": "{n:,} names are not UTF-8 and cannot stand in redan.toml",
    }
    return [says[kind].format(n=n) for kind, n in left_out.items() if n]
