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
    left_out = {"links": 0, "unreadable": 0, "deep": 0, "unnamable": 0, "described": 0}
    end = clock() + limits.seconds
    names = limits.files * 10
    queue: list[tuple[str, int]] = [("", 0)]
    for folder, depth in queue:  # grows while it is walked: breadth first, so that a limit cuts the deep parts
        late = clock() > end
        entries = [] if late else _entries(root / folder, left_out, names + 1)
        names -= len(entries)
        files: list[str] = []
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            kind = _kind(entry, root / path, depth < limits.depth)
            if kind == "folder":
                queue.append((path, depth + 1))
            elif kind == "file":
                files.append(path)
            elif kind in left_out:
                left_out[kind] += 1
        room = limits.files - len(found.files)
        found.files += files[:room]
        if late or names < 0 or len(files) > room:
            found.notes.append(f"stopped after {len(found.files):,} files; name the other files in redan.toml yourself")
            break
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


def _kind(entry: os.DirEntry[str], path: Path, descend: bool) -> str:
    """`file`, `folder`, a reason for leaving it out, or nothing when it is of no interest."""
    if entry.is_symlink():
        return "links"
    if not _speakable(entry.name):
        return "unnamable"
    if entry.name.startswith("."):
        return ""
    if not entry.is_dir(follow_symlinks=False):
        return "file" if _regular(entry) else ""
    return _folder_kind(entry.name, path, descend)


def _folder_kind(name: str, path: Path, descend: bool) -> str:
    if name in _SKIPPED or any(os.path.lexists(path / mark) for mark in _ENVIRONMENT):
        return ""
    if os.path.lexists(path / "redan.toml"):
        return "described"
    return "folder" if descend else "deep"


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
        "described": "{n:,} folders have a redan.toml of their own",
        "unnamable": "{n:,} names are not UTF-8 and cannot stand in redan.toml",
    }
    return [says[kind].format(n=n) for kind, n in left_out.items() if n]
