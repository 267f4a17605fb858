"""How paths are written in a record: relative to the project where inside, printable, one name per file."""

import os
from pathlib import Path

_PLAIN = frozenset(" !#$%&'()*+,-./:;<=>?@[]^_`{|}~\"")


def shown(path: bytes, root: Path, home: Path | None = None) -> str:
    r"""The name of a file in a record.

    Args:
        path: absolute, as the system knows it; any bytes.
        root: the project's folder, without links.
        home: the user's folder; paths below it are written with `~`, so that a record does not name the user.

    Returns:
        Relative to the project where inside, else absolute or with `~`. Backslashes, control characters and bytes
        that are no UTF-8 are written as `\\xhh`, so that two files never share a name.
    """
    base = os.fsencode(root)
    if path == base or path.startswith(base.rstrip(b"/") + b"/"):
        return _escaped(path[len(base.rstrip(b"/")) + 1 :] or b".")
    if home is not None and path.startswith(os.fsencode(home).rstrip(b"/") + b"/"):
        return "~" + _escaped(path[len(os.fsencode(home).rstrip(b"/")) :])
    return _escaped(path)


def _escaped(path: bytes) -> str:
    text = path.decode("utf-8", "surrogateescape")
    return "".join(_character(char) for char in text)


def _character(char: str) -> str:
    if char.isalnum() or char in _PLAIN or (char.isprintable() and char != "\\"):
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
