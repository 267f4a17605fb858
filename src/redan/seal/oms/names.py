"""Names of files inside a seal: which ones can be listed, and which are refused before anything is opened.

Source: OMS v1.0 section 6.1.2 (path canonicalisation) and 6.2.1 (ignored paths).
"""

import re
from collections.abc import Iterable

from redan.errors import InvalidError, UsageError
from redan.seal.oms.records import DEFAULT_IGNORED

NAME_LIMIT_BYTES = 4096  # PATH_MAX of Linux
_PART_LIMIT_BYTES = 255  # NAME_MAX of every file system in use
_DRIVE = re.compile(r"[A-Za-z]:")
_GLOB = frozenset("*?[")
_LINE_ENDS = frozenset("\u2028\u2029")
_FIRST_PRINTABLE, _DELETE, _LAST_C1 = 0x20, 0x7F, 0x9F


def fault(name: str) -> str | None:
    """Why a name cannot stand in a seal; None when it can.

    Args:
        name: a relative path with `/`, as a bundle lists it or a folder holds it.

    Returns:
        A sentence without the name, such as "climbs out with '..'".
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "is not UTF-8"
    if not 0 < size <= NAME_LIMIT_BYTES:
        return f"is empty or longer than {NAME_LIMIT_BYTES:,} bytes"
    if any(_steers(character) for character in name):
        return "holds a control character or a line break"
    if "\\" in name:
        return "holds a backslash, which separates folders on other systems"
    if name.startswith("/") or _DRIVE.match(name):
        return "is absolute or begins with a drive letter"
    return _part_fault(name.split("/"))


def checked_ignore(paths: Iterable[str]) -> tuple[str, ...]:
    """The relative paths that a user wants left out, sorted, each once.

    Raises:
        UsageError: one is no exact relative path: absolute, climbing, not normalised, or with a glob.
    """
    given = sorted({path.removesuffix("/") for path in paths})
    for path in given:
        why = fault(path) or ("holds a glob character" if _GLOB & set(path) else None)
        if why is not None:
            raise UsageError(
                f"cannot ignore {path!r}: it {why}", remedy="give an exact path relative to the sealed folder"
            )
    return tuple(given)


def listed(names: Iterable[str]) -> None:
    """Accepts the file names that a signed list may hold.

    Raises:
        InvalidError: one is refused, or stands twice; named.
    """
    seen: set[str] = set()
    for name in names:
        why = fault(name)
        if why is not None:
            raise InvalidError(
                f"the seal lists a name that {why}: {name[:200]!r}", remedy="ask the signer for a seal without it"
            )
        if name in seen:
            raise InvalidError(f"the seal lists {name!r} twice", remedy="ask the signer for another seal")
        seen.add(name)


def under(name: str, paths: Iterable[str]) -> str | None:
    """The first of `paths` that is `name` or a folder above it; None when there is none."""
    return next((path for path in paths if name == path or name.startswith(f"{path}/")), None)


def by_default(path: str) -> bool:
    """Whether a path is one of those that every OMS tool leaves out unless told otherwise."""
    return path in DEFAULT_IGNORED


def _part_fault(parts: list[str]) -> str | None:
    if ".." in parts:
        return "climbs out with '..'"
    if "" in parts or "." in parts:
        return "is not normalised"
    if any(len(part.encode()) > _PART_LIMIT_BYTES for part in parts):
        return f"has a part longer than {_PART_LIMIT_BYTES} bytes"
    return None


def _steers(character: str) -> bool:
    """Whether a character ends a line or steers a terminal: C0, DEL, C1 and the two Unicode line ends."""
    code = ord(character)
    return code < _FIRST_PRINTABLE or _DELETE <= code <= _LAST_C1 or character in _LINE_ENDS
